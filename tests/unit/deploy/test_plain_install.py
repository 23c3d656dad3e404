"""The installation without Helm: the same objects as the chart's, and nothing of Helm in them."""

import subprocess
from typing import Any

import yaml

from consortium_sandbox import tool_path
from scripts.plain_manifests import plain
from tests.charts import NAMESPACE, Chart, Objects, only, parse
from tests.resources import CRD_FILE, REPOSITORY

BASE = REPOSITORY / "deploy" / "kustomize"


def built() -> Objects:
    """What `kubectl apply -k`, and dist/install.yaml, consist of."""
    done = subprocess.run(
        [str(tool_path("kubectl")), "kustomize", str(BASE)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return parse(done.stdout)


def identity(found: dict[str, Any]) -> tuple[str, str, str]:
    metadata = found["metadata"]
    return found["kind"], metadata.get("namespace", ""), metadata["name"]


def is_for_helm_test(found: dict[str, Any]) -> bool:
    annotations: dict[str, str] = found["metadata"].get("annotations", {})
    return annotations.get("helm.sh/hook") == "test"


def keys(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(keys, value)) if value else set()
    if isinstance(value, dict):
        return value.keys() | keys(list(value.values()))
    return set()


def test_the_base_is_made_from_the_chart_as_it_is_now() -> None:
    chart = Chart(tool_path("helm"))
    rendered = chart.text({"installCRD": False}, "--skip-tests")
    written = (BASE / "operator.yaml").read_text(encoding="utf-8")
    assert written == plain(rendered), "make install-yaml"


def test_nothing_in_it_is_helms() -> None:
    text = (BASE / "operator.yaml").read_text(encoding="utf-8")
    found = keys(parse(text))
    assert not [key for key in found if key.startswith("helm.sh/")]
    assert "app.kubernetes.io/managed-by" not in found


def test_it_is_all_that_the_chart_installs_and_its_namespace() -> None:
    objects = Chart(tool_path("helm")).objects()
    wanted = {identity(found) for found in objects if not is_for_helm_test(found)}
    assert {identity(found) for found in built()} == wanted | {("Namespace", "", NAMESPACE)}


def test_namespace_and_resource_definition_come_before_what_needs_them() -> None:
    kinds = [found["kind"] for found in built()]
    assert kinds[:2] == ["Namespace", "CustomResourceDefinition"]


def test_the_resource_definition_is_the_generated_one() -> None:
    assert only(built(), "CustomResourceDefinition") == yaml.safe_load(
        CRD_FILE.read_text(encoding="utf-8")
    )


def test_its_namespace_admits_restricted_pods_only() -> None:
    labels = only(built(), "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_only_labels_and_annotations_are_left_out() -> None:
    rendered = (
        "kind: A\nmetadata: {labels: {helm.sh/chart: x, b: c}}\nspec: {helm.sh/chart: kept}\n"
    )
    assert parse(plain(rendered)) == [
        {"kind": "A", "metadata": {"labels": {"b": "c"}}, "spec": {"helm.sh/chart": "kept"}}
    ]
