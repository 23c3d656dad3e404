"""What the Docker engine says, and what a user is told to do about it."""

import pytest

from consortium_sandbox import SandboxError, SandboxUnsupportedError
from consortium_sandbox.kind import engine as docker_engine
from tests.unit.sandbox.kind.conftest import Engine

SOCKET = "unix:///var/run/docker.sock"


def test_an_engine_that_answers_is_no_problem(engine: Engine) -> None:
    assert docker_engine.problem() is None


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            f"Cannot connect to the Docker daemon at {SOCKET}. Is the docker daemon running?",
            "no Docker engine answers: start it",
        ),
        (
            f"failed to connect to the docker API at {SOCKET}; check if the path is correct and if"
            " the daemon is running: dial unix /var/run/docker.sock: connect: no such file",
            "no Docker engine answers: start it",
        ),
        (
            f"permission denied while trying to connect to the Docker daemon socket at {SOCKET}:"
            ' Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.47/version": permission denied',
            "add it to the group `docker`",
        ),
        (
            f"permission denied while trying to connect to the docker API at {SOCKET}",
            "add it to the group `docker`",
        ),
        ("something new", "It said: something new"),
    ],
)
def test_an_engine_that_does_not_answer_is_told_with_the_next_step(
    engine: Engine, said: str, advice: str
) -> None:
    engine.refuses("docker version", said)
    problem = docker_engine.problem()
    assert problem is not None
    assert advice in problem


@pytest.mark.parametrize("version", ["26.1.4", "4.9.3", ""])
def test_an_engine_that_is_too_old_is_told(engine: Engine, version: str) -> None:
    engine.answers(version)
    problem = docker_engine.problem()
    assert problem is not None
    assert problem.endswith(": 27 is needed")


def test_an_engine_that_is_silent_is_not_waited_for_long(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (engine.directory / "docker").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(docker_engine, "_PATIENCE", 0.2)
    problem = docker_engine.problem()
    assert problem is not None
    assert "does not answer within" in problem


@pytest.mark.usefixtures("without_docker")
def test_a_machine_without_docker_is_told() -> None:
    assert docker_engine.problem() == (
        "there is no program `docker`: install Docker Engine or Docker Desktop"
    )


def test_a_full_disk_is_the_users_to_mend(engine: Engine) -> None:
    engine.refuses("docker start", "Error response from daemon: write: no space left on device")
    with pytest.raises(SandboxUnsupportedError, match="`docker system prune` frees it"):
        docker_engine.docker("start", "some")


def test_any_other_failure_is_told_as_it_is(engine: Engine) -> None:
    engine.refuses("docker start", "Error response from daemon: No such container: some")
    with pytest.raises(SandboxError, match="No such container: some") as caught:
        docker_engine.docker("start", "some")
    assert not isinstance(caught.value, SandboxUnsupportedError)


def test_nodes_are_named_in_their_order(engine: Engine) -> None:
    """kind's order: the second worker is worker2, and the tenth comes after the ninth."""
    one = {"cluster": "c", "pid": 1, "whole": True}
    names = ["c-worker10", "c-worker2", "c-control-plane", "c-worker"]
    engine.has(**{name: one for name in names}, other={**one, "cluster": "d"})
    found = [node.name for node in docker_engine.node_containers("c")]
    assert found == ["c-control-plane", "c-worker", "c-worker2", "c-worker10"]


def test_a_container_that_stopped_has_no_process(engine: Engine) -> None:
    engine.has(one={"cluster": "c", "pid": 0, "whole": True})
    (node,) = docker_engine.node_containers("c")
    assert node.pid is None
