"""Two embedded clusters at once, and one with fake nodes: the long tests of what they share.

They share a kernel: addresses, interfaces, namespaces, control groups and the lock on the state of
all sandboxes. Nothing of one may be found in the other, and removing one must not touch the other.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_sandbox import Sandbox
from consortium_sandbox.embedded import cgroups, network, processes
from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.record import Record, load
from tests.integration.sandbox.kubectl import Kubectl, eventually
from tests.integration.sandbox.manifests import SLEEP

pytestmark = [pytest.mark.integration, pytest.mark.campaign]

# One name begins with the other: what is found by name must not be found by half of it.
NAMES = ("test-pair", "test-pair2")


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Sandbox, Sandbox]]:
    """Started at the same moment."""
    one, other = (Sandbox(name, "embedded") for name in NAMES)
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda each: each.up(nodes=1), (one, other)))
        yield one, other
    finally:
        one.down()
        other.down()


@dataclass(frozen=True)
class Held:
    """What a sandbox holds of the machine."""

    pids: frozenset[int]
    namespaces: frozenset[int]
    cgroups: frozenset[str]
    addresses: frozenset[str]


def record_of(sandbox: Sandbox) -> Record:
    record = load(Layout(sandbox.name).record)
    assert record is not None
    return record


def held_by(sandbox: Sandbox) -> Held:
    topology = record_of(sandbox).topology
    nodes = topology.nodes
    pods = cgroups.members(topology.cgroup)
    parts = {part.pid for part in sandbox.status().components if part.pid is not None}
    return Held(
        pids=frozenset(pods | parts),
        namespaces=frozenset(network.namespace_inodes(sandbox.name)),
        cgroups=frozenset({topology.cgroup, *(node.cgroup for node in nodes)}),
        addresses=frozenset(
            {topology.address, topology.host_side, *(node.address for node in nodes)}
        ),
    )


def run_pod(kubectl: Kubectl, image: str) -> None:
    container = {"name": "main", "image": image, "args": [SLEEP]}
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "sleeper", "namespace": "default"},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
        }
    )
    kubectl("wait", "--for=condition=Ready", "pod/sleeper", "--timeout=60s")


def container_of_pod(kubectl: Kubectl) -> str:
    (status,) = kubectl.get("pod", "sleeper")["status"]["containerStatuses"]
    return str(status["containerID"])


def test_two_sandboxes_share_nothing_and_one_goes_without_the_other(
    pair: tuple[Sandbox, Sandbox], python_archive: Path
) -> None:
    one, other = pair
    kubectl, beside = Kubectl(one.kubeconfig), Kubectl(other.kubeconfig)
    for each, cluster in ((one, kubectl), (other, beside)):
        run_pod(cluster, each.load_image(python_archive))
    mine, theirs = held_by(one), held_by(other)
    for name in ("pids", "namespaces", "cgroups", "addresses"):
        assert not getattr(mine, name) & getattr(theirs, name), name
    kubectl("create", "namespace", "only-here")
    assert beside.attempt("get", "namespace", "only-here").returncode != 0
    kubeconfigs = [yaml.safe_load(each.kubeconfig.read_text()) for each in pair]
    assert [each["current-context"] for each in kubeconfigs] == list(NAMES)

    container = container_of_pod(beside)
    one.down()

    assert held_by(other) == theirs
    assert other.status().state == "Running"
    assert container_of_pod(beside) == container
    assert beside("exec", "sleeper", "--", "python3", "-c", "print('here')") == "here\n"
    alive = [pid for pid in mine.pids if processes.start_time(pid) is not None]
    assert not alive


def deployment(replicas: int) -> dict[str, Any]:
    """For fake nodes, in kwok's own words; its image does not exist."""
    toleration = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
    pod = {
        "nodeSelector": {"type": "kwok"},
        "tolerations": [toleration],
        "containers": [{"name": "main", "image": "nowhere.example/none:1"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "many", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "many"}},
            "template": {"metadata": {"labels": {"app": "many"}}, "spec": pod},
        },
    }


def test_pods_on_fake_nodes_become_ready_and_down_leaves_no_process() -> None:
    sandbox = Sandbox("test-fake", "embedded")
    try:
        sandbox.up(nodes=0, fake_nodes=60)
        status = sandbox.status()
        assert (status.state, status.nodes, status.fake_nodes) == ("Running", 0, 60)
        kubectl = Kubectl(sandbox.kubeconfig)
        kubectl.apply(deployment(replicas=30))

        def available() -> bool:
            status = kubectl.get("deployment", "many")["status"]
            return bool(status.get("availableReplicas") == 30)

        eventually(available, 240)
        pods = kubectl.get("pods", "--selector=app=many")["items"]
        assert len({pod["status"]["podIP"] for pod in pods}) == 30
        assert len({pod["spec"]["nodeName"] for pod in pods}) > 10
        kubectl("delete", "deployment", "many")
        eventually(lambda: not kubectl.get("pods", "--selector=app=many")["items"])

        sandbox.up(fake_nodes=0)
        assert sandbox.status().fake_nodes == 0
        assert not kubectl.get("nodes")["items"]
        assert "kwok" not in {part.name for part in sandbox.status().components}
        sandbox.up(fake_nodes=3)
        assert len(kubectl.get("nodes")["items"]) == 3
    finally:
        held = processes_of(sandbox)
        sandbox.down()
    assert held
    assert not processes_of(sandbox)


def processes_of(sandbox: Sandbox) -> set[int]:
    """By their words: every one of them names a file of the sandbox's."""
    inside = f"{Layout(sandbox.name).root}/"
    return {
        pid
        for pid in processes.every_pid()
        if any(inside in word for word in processes.command_line(pid))
    }
