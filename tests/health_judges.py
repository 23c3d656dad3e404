"""How GitOps tools judge a chain: by the libraries that they run, in a small program (tools/health)
that is built like those of the sandbox."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from consortium_sandbox.go_tools import GoModule, binary_directory, ensure_built
from consortium_sandbox.progress import Silent
from tests.resources import REPOSITORY

PROGRAM = GoModule(
    "health", "", ("consortium.dev/tests/health",), root=Path(__file__).parent / "tools"
)
ARGO_CHECK = REPOSITORY / "gitops" / "argocd" / "health.lua"
FLUX_CHAINS = REPOSITORY / "gitops" / "flux" / "chains.yaml"


@dataclass(frozen=True)
class Verdict:
    """What each tool calls it. `argo`, `message`: its health; `flux`: by our expressions."""

    argo: str
    message: str
    kstatus: str
    flux: str


def judged(objects: list[Mapping[str, Any]]) -> list[Verdict]:
    """By the files that we ship."""
    ensure_built(PROGRAM, PROGRAM.binaries, Silent())
    question = {"lua": ARGO_CHECK.read_text(), "cel": flux_expressions(), "objects": objects}
    done = subprocess.run(
        [binary_directory(PROGRAM) / "health"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [
        Verdict(one["argo"]["status"], one["argo"]["message"], one["kstatus"], one["flux"])
        for one in json.loads(done.stdout)
    ]


def flux_expressions() -> dict[str, str]:
    (kustomization,) = (
        one
        for one in yaml.safe_load_all(FLUX_CHAINS.read_text("utf-8"))
        if one["kind"] == "Kustomization"
    )
    (expressions,) = kustomization["spec"]["healthCheckExprs"]
    assert expressions.pop("apiVersion") == "consortium.dev/v1alpha1"
    assert expressions.pop("kind") == "ConsortiumChain"
    return dict(expressions)
