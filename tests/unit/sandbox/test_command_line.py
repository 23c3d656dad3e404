"""`consortium sandbox`: what is printed, and the exit code."""

import json
import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from consortium_operator.cli import sandbox
from consortium_operator.cli.main import app
from consortium_sandbox import (
    ComponentStatus,
    Sandbox,
    SandboxError,
    SandboxStatus,
    SandboxUnsupportedError,
)

RUNNING = SandboxStatus(
    name="demo",
    backend="embedded",
    state="Running",
    nodes=1,
    fake_nodes=200,
    kubeconfig=Path("/state/kubeconfig"),
    components=(ComponentStatus("etcd", None, 42, True),),
)


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["sandbox", *words])
    return result.exit_code, result.stdout, result.stderr


def with_status(monkeypatch: pytest.MonkeyPatch, status: SandboxStatus) -> None:
    monkeypatch.setattr(Sandbox, "status", lambda self: status)


def test_status_is_read_by_people(monkeypatch: pytest.MonkeyPatch) -> None:
    with_status(monkeypatch, RUNNING)
    code, out, _ = run("status")
    assert code == 0
    assert "sandbox demo (embedded): Running, 1 nodes and 200 fake ones" in out
    assert "kubeconfig: /state/kubeconfig" in out


@pytest.mark.parametrize(("output", "parse"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_status_is_read_by_programs(
    monkeypatch: pytest.MonkeyPatch, output: str, parse: type
) -> None:
    with_status(monkeypatch, RUNNING)
    code, out, _ = run("status", "-o", output)
    assert code == 0
    assert parse(out) == {
        "name": "demo",
        "backend": "embedded",
        "state": "Running",
        "nodes": 1,
        "fakeNodes": 200,
        "kubeconfig": "/state/kubeconfig",
        "components": [{"name": "etcd", "node": None, "pid": 42, "healthy": True}],
    }


@pytest.mark.parametrize("runs", [False, True])
def test_a_tool_without_a_sandbox_runs_with_a_note_that_names_the_next_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runs: bool
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    if runs:
        kubeconfig.touch()
    monkeypatch.setattr(Sandbox, "kubeconfig", kubeconfig)
    monkeypatch.setattr(sandbox, "tool_path", lambda *_: Path("/bin/kubectl"))
    executed: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(
        os, "execve", lambda _, words, environment: executed.append((words, environment))
    )
    _, _, err = run("tool", "kubectl", "--", "get", "pods")
    ((words, environment),) = executed
    assert words == ["kubectl", "get", "pods"]
    assert environment["KUBECONFIG"] == str(kubeconfig)
    assert ("consortium sandbox up --name demo" in err) is not runs


def test_status_fails_where_something_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    with_status(monkeypatch, SandboxStatus("demo", "embedded", "Stopped"))
    code, out, _ = run("status")
    assert code == 1
    assert "consortium sandbox up --name demo starts it" in out


@pytest.mark.parametrize(
    ("error", "code"), [(SandboxError("broken"), 1), (SandboxUnsupportedError("not here"), 2)]
)
def test_a_failure_is_one_message_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, error: SandboxError, code: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Sandbox, "up", fail)
    assert run("up") == (code, "", f"error: {error}\n")


def test_an_interruption_has_the_exit_code_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Sandbox, "up", interrupt)
    assert run("up")[0] == 130


def test_the_kubeconfig_of_a_sandbox_that_does_not_run_is_refused() -> None:
    code, out, said = run("kubeconfig", "--name", "never-made")
    assert (code, out) == (1, "")
    assert "does not run: consortium sandbox up --name never-made" in said


def test_programs_read_where_a_new_sandbox_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "up", lambda *_, **__: None)
    code, out, _ = run("up", "--name", "mine", "-o", "json")
    assert (code, json.loads(out)["name"]) == (0, "mine")
    assert json.loads(out)["kubeconfig"].endswith("/kubeconfig")


def test_a_wrong_name_is_refused_by_every_command() -> None:
    for command in ("up", "down", "status", "kubeconfig"):
        code, _, said = run(command, "--name", "Wrong_Name")
        assert code == 1
        assert "'Wrong_Name' is not allowed" in said
