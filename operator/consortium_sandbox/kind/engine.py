"""The Docker engine: whether it answers, what it runs for a cluster, and what its refusals mean."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.errors import SandboxError, SandboxUnsupportedError

# Older ones save images in a form that has no digest, or one without layers.
MINIMUM_DOCKER = 27
# An engine in a virtual machine that sleeps accepts the connection and says nothing.
_PATIENCE = 20.0
# What kind writes on the containers that are its nodes.
_CLUSTER_LABEL = "io.x-k8s.kind.cluster"
_ROLE_LABEL = "io.x-k8s.kind.role"
CONTROL_PLANE = "control-plane"

_NO_RIGHTS = (
    "Docker lets this user do nothing: add it to the group `docker` and log in again"
    " (sudo usermod --append --groups docker USER), or use sudo"
)
_NO_ENGINE = "no Docker engine answers: start it (systemctl start docker, or Docker Desktop)"
_NO_ROOM = (
    "the Docker engine's disk is full: `docker system df` shows what takes the room, `docker system"
    " prune` frees it"
)
# What the engine or its client says, and what is to be done about it. The first that fits.
_OBSTACLES = (
    ("permission denied while trying to connect to the docker", _NO_RIGHTS),
    ("cannot connect to the docker daemon", _NO_ENGINE),
    ("failed to connect to the docker api", _NO_ENGINE),
    ("no space left on device", _NO_ROOM),
)


@dataclass(frozen=True)
class NodeContainer:
    """A container that is a Kubernetes node; `pid` is None where it does not run."""

    name: str
    role: str
    pid: int | None

    @property
    def is_control_plane(self) -> bool:
        return self.role == CONTROL_PLANE


def problem() -> str | None:
    """Why no Docker engine can be used here, with what to do about it; None where one can."""
    environment = shell.network_environment()
    if shutil.which("docker", path=environment["PATH"]) is None:
        return "there is no program `docker`: install Docker Engine or Docker Desktop"
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        return f"`{' '.join(command)}` does not answer within {_PATIENCE:.0f} s: restart Docker"
    if done.returncode != 0:
        said = done.stderr.strip()
        return _advice(said) or f"{_NO_ENGINE}. It said: {said}"
    return _too_old(done.stdout.strip())


def docker(*words: str, stdin: str | None = None) -> str:
    """Runs `docker` and returns what it printed. A refusal says what to do about it."""
    return run(["docker", *words], stdin=stdin)


def run(argv: Sequence[str | Path], stdin: str | None = None, **environment: str) -> str:
    """Runs a program that talks to the engine. Raises SandboxUnsupportedError for what is the
    matter with the engine and the user's to mend, SandboxError for all else."""
    try:
        return shell.run(argv, env=shell.network_environment(**environment), stdin=stdin)
    except SandboxError as error:
        advice = _advice(str(error))
        if advice is None:
            raise
        raise SandboxUnsupportedError(f"{advice}.\n{error}") from error


def inside(container: str, *words: str, stdin: str | None = None) -> str:
    """Runs a program in a container."""
    interactive = ["--interactive"] if stdin is not None else []
    return docker("exec", *interactive, container, *words, stdin=stdin)


def node_containers(cluster: str) -> list[NodeContainer]:
    """The containers of a cluster: its control plane, then its workers in their order."""
    label = f"label={_CLUSTER_LABEL}={cluster}"
    ids = docker("ps", "--all", "--quiet", "--filter", label).split()
    if not ids:
        return []
    found = [_node_container(item) for item in json.loads(docker("inspect", *ids))]
    # kind calls them worker, worker2, …, worker10: by length before letters.
    return sorted(found, key=lambda each: (not each.is_control_plane, len(each.name), each.name))


def _node_container(item: dict[str, object]) -> NodeContainer:
    match item:
        case {
            "Name": str(name),
            "State": {"Running": bool(running), "Pid": int(pid)},
            "Config": {"Labels": dict(labels)},
        }:
            return NodeContainer(
                name.removeprefix("/"), labels.get(_ROLE_LABEL, ""), pid if running else None
            )
        case _:
            raise SandboxError(f"`docker inspect` answered what is no container: {item}")


def _advice(said: str) -> str | None:
    lowered = said.lower()
    return next((advice for words, advice in _OBSTACLES if words in lowered), None)


def _too_old(version: str) -> str | None:
    found = re.match(r"(\d+)\.", version)
    if found and int(found[1]) >= MINIMUM_DOCKER:
        return None
    return f"this Docker engine is version {version or 'unknown'}: {MINIMUM_DOCKER} is needed"
