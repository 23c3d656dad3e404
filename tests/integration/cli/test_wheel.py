"""The one wheel, in an empty environment, as `pipx install` has it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.resources import REPOSITORY

pytestmark = pytest.mark.campaign
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")


def run(*words: object) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_brings_the_commands_and_all_that_they_need(tmp_path: Path) -> None:
    build = ("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={tmp_path}", ".")
    run(sys.executable, *PIP, *build)
    (wheel,) = tmp_path.glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "home")
    bin_ = tmp_path / "home" / "bin"
    pinned = ("install", "--require-hashes", "-r", REPOSITORY / "requirements" / "operator.txt")
    run(bin_ / "python", *PIP, *pinned)
    run(bin_ / "python", *PIP, "install", "--no-deps", wheel)
    # Whether the wheel names all that it needs, and no more than is pinned.
    run(bin_ / "python", *PIP, "check")
    for command in ("consortium", "kubectl-consortium"):
        assert run(bin_ / command, "version", "--client").startswith("client: ")
    assert run(bin_ / "kubectl_complete-consortium", "doct").split() == ["doctor", ":4"]
    example = REPOSITORY / "examples" / "quickstart.yaml"
    assert "is valid" in run(bin_ / "consortium", "validate", "--file", example)
