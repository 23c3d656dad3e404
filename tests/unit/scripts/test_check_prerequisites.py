"""What a stranger is told when the machine lacks something."""

import shutil
import subprocess
import sys
from types import ModuleType

import pytest

from tests.scripts import load_script


@pytest.fixture
def script() -> ModuleType:
    return load_script("check_prerequisites")


def has(monkeypatch: pytest.MonkeyPatch, go: str | None, git: bool = True) -> None:
    """A machine with this `go version`."""
    paths = {"go": "/usr/bin/go" if go else None, "git": "/usr/bin/git" if git else None}
    monkeypatch.setattr(shutil, "which", paths.get)
    done = subprocess.CompletedProcess([], 0, stdout=f"go version {go} linux/amd64")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)


@pytest.mark.parametrize("go", ["go1.26", "go1.26.8", "go1.27rc1", "go2.0", "devel"])
def test_a_good_machine_is_not_complained_about(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, go: str
) -> None:
    has(monkeypatch, go)
    assert script.problems() == []


def test_everything_is_named_at_once(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, None, git=False)
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    python, git, go = script.problems()
    assert python.startswith("Python >= 3.11 is needed, python3 is 3.9")
    assert git == "git is missing"
    assert "not found in PATH" in go
    assert "sudo env" in go


def test_an_old_go_is_named_with_its_version(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, "go1.9.4")
    assert script.problems() == ["Go >= 1.26 is needed, found go1.9"]


def test_python_without_venv_is_noticed(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, "go1.26")
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    (problem,) = script.problems()
    assert "python3-venv" in problem
