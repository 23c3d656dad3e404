"""What kube-score finds in an installation. It is built like the tools of the sandbox."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from consortium_sandbox.go_tools import GoModule, binary_directory, ensure_built
from consortium_sandbox.progress import Silent
from tests.charts import Chart, only
from tests.golden import to_yaml

# The first time it is built, which takes a minute.
pytestmark = pytest.mark.campaign

KUBE_SCORE = GoModule(
    "kube-score",
    "github.com/zegl/kube-score",
    ("github.com/zegl/kube-score/cmd/kube-score",),
    root=Path(__file__).parents[2] / "tools",
)
WAIVED = {
    "container-ephemeral-storage-request-and-limit": "nothing is written but to memory and the log",
    "container-image-pull-policy": "an image is named by its digest or version, and need not be "
    "asked for again",
}
WAIVED_FOR_ONE_REPLICA = {
    "deployment-replicas": "the default: chains run on without an operator",
    "deployment-strategy": "what has an end before its beginning cannot roll",
}


def findings(objects: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Checks that are not passed, and by which object."""
    ensure_built(KUBE_SCORE, KUBE_SCORE.binaries, Silent())
    done = subprocess.run(
        [
            str(binary_directory(KUBE_SCORE) / "kube-score"),
            "score",
            "--output-format=json",
            "--kubernetes-version=v1.31",
            # A limit would slow the operator down when it is needed most.
            "--ignore-container-cpu-limit",
            "-",
        ],
        input=to_yaml(objects),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout, done.stderr
    return {
        (check["check"]["id"], one["object_name"])
        for one in json.loads(done.stdout)
        for check in one["checks"]
        if not check["skipped"] and check["grade"] < 10
    }


@pytest.mark.parametrize(
    ("values", "waived"),
    [
        ({"replicas": 2}, WAIVED),
        ({"replicas": 2, "scope": "Namespaced", "chainNamespaces": ["chains"]}, WAIVED),
        ({}, WAIVED | WAIVED_FOR_ONE_REPLICA),
    ],
    ids=["two", "named", "one"],
)
def test_it_finds_what_was_waived_and_nothing_else(
    chart: Chart, values: dict[str, Any], waived: dict[str, str]
) -> None:
    """What is no longer found is no longer waived."""
    assert {check for check, _ in findings(chart.objects(**values))} == set(waived)


def test_it_sees_what_is_wrong(chart: Chart) -> None:
    """It would tell of a pod without probes or limits."""
    objects = chart.objects(replicas=2)
    deployment = only(objects, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    del container["resources"], container["livenessProbe"]
    found = {check for check, _ in findings(objects)}
    assert {"container-resources", "pod-probes"} <= found
