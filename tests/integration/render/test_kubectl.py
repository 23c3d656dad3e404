"""kubectl, whose YAML is Go's, reads in rendered files what was rendered."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from consortium_operator.cli.main import app
from consortium_sandbox import tool_path
from tests.resources import QUICKSTART_FILE


def as_kubectl_reads(*directories: Path) -> list[dict[str, Any]]:
    """Without a server: the objects with one label more."""
    words = [str(tool_path("kubectl")), "label", "--local", "--output=json", "test=kubectl"]
    words += [f"--filename={directory}" for directory in directories]
    environment = os.environ | {"KUBECONFIG": os.devnull}
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    found: list[dict[str, Any]] = []
    text = done.stdout.strip()
    while text:
        obj, end = json.JSONDecoder().raw_decode(text)
        found += obj["items"] if obj["kind"] == "List" else [obj]
        text = text[end:].strip()
    return found


@pytest.mark.campaign
def test_every_object_is_the_same_to_kubectl(tmp_path: Path) -> None:
    words = ["render", "-f", str(QUICKSTART_FILE), "-o", str(tmp_path / "out")]
    assert CliRunner().invoke(app, words).exit_code == 0
    directories = [tmp_path / "out" / name for name in ("manifests", "secrets")]
    ours = [yaml.safe_load(path.read_text()) for d in directories for path in sorted(d.iterdir())]
    found = {(one["kind"], one["metadata"]["name"]): one for one in as_kubectl_reads(*directories)}
    assert len(found) == len(ours)
    for one in ours:
        one["metadata"]["labels"]["test"] = "kubectl"
        assert holds(found[one["kind"], one["metadata"]["name"]], one)


def holds(found: Any, wanted: Any) -> bool:
    """Typed clients add empty fields, and nothing else."""
    if isinstance(wanted, dict):
        extra = [value for name, value in found.items() if name not in wanted]
        return not any(extra) and all(holds(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(holds, found, wanted))
    return bool(found == wanted)
