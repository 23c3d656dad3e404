"""Kubernetes nodes that are objects only; kwok lets their pods become Ready without a container.

They are for trying how many nodes and pods something can take: schedulers, controllers and the
operator see them as they see real ones. No pod lands there that does not say it may.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from consortium_sandbox import zones
from consortium_sandbox.errors import SandboxError

PROGRAM = "kwok"
MAX_FAKE_NODES = 1000
# kwok's own conventions: pods that are to run on fake nodes say so in the words of its documents.
LABEL = {"type": "kwok"}
ANNOTATION = {"kwok.x-k8s.io/node": "fake"}
TAINT = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
# As many places as the largest network that we know of has cities.
_ZONES = 25
# Beside those of real pods and of Services, on every back end.
_POD_NETWORK = "10.245.0.0/16"
_LEASE_SECONDS = 40

Kubectl = Callable[..., str]


def name_of(index: int) -> str:
    """The fake node `index`, which counts from 1."""
    return f"fake-{index}"


def names(count: int) -> set[str]:
    """The names of the first `count` fake nodes."""
    return {name_of(index) for index in range(1, count + 1)}


def node(index: int) -> dict[str, Any]:
    """The object of one fake node; kwok fills in its status."""
    name = name_of(index)
    place = zones.labels(1 + (index - 1) % _ZONES)
    hostname = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**LABEL, **place, **hostname},
            "annotations": ANNOTATION,
        },
        "spec": {"taints": [TAINT]},
    }


def wanted(known: int, asked: int | None) -> int:
    """How many there should be. Raises SandboxError for what cannot be done."""
    if asked is None:
        return known
    if not 0 <= asked <= MAX_FAKE_NODES:
        raise SandboxError(f"a sandbox has 0 to {MAX_FAKE_NODES} fake nodes, not {asked}")
    return asked


def ensure(kubectl: Kubectl, count: int) -> None:
    """Makes the fake nodes that are missing and deletes those that are too many."""
    there = existing(kubectl)
    if surplus := sorted(there - names(count)):
        kubectl("delete", "node", "--ignore-not-found", *surplus)
    missing = [node(index) for index in range(1, count + 1) if name_of(index) not in there]
    if missing:
        items = {"apiVersion": "v1", "kind": "List", "items": missing}
        kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(items))


def existing(kubectl: Kubectl) -> set[str]:
    """Names of the fake nodes that there are."""
    (selector,) = (f"{key}={value}" for key, value in LABEL.items())
    said = kubectl("get", "nodes", f"--selector={selector}", "--output=name")
    return {line.removeprefix("node/") for line in said.split()}


def command(program: str, kubeconfig: str, stages: str) -> tuple[str, ...]:
    """How kwok is run. Without a port of its own: nothing asks it for logs."""
    ((key, value),) = ANNOTATION.items()
    return (
        program,
        f"--kubeconfig={kubeconfig}",
        f"--config={stages}",
        f"--manage-nodes-with-annotation-selector={key}={value}",
        f"--cidr={_POD_NETWORK}",
        f"--node-lease-duration-seconds={_LEASE_SECONDS}",
    )


def stages() -> str:
    """What happens to fake nodes and their pods, in kwok's language."""
    return Path(__file__).with_name("fake_stages.yaml").read_text()
