"""What the owners of the cluster do, and what its machines do by themselves: drains, evictions,
containers that end. Blocks go on, and nobody has to help."""

import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from consortium_sandbox import tool_path
from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Chain
from tests.e2e.support.host import tell
from tests.e2e.support.waiting import wait_until

# Ten evictions one after the other, each until the chain is whole again.
DRAIN_SECONDS = 240


def drain(chain: Chain, node: str) -> None:
    """As `kubectl drain` does it, of everything that runs there, the operator included."""
    words = ("drain", node, "--ignore-daemonsets", "--delete-emptydir-data")
    subprocess.run(
        [
            *(str(tool_path("kubectl")), f"--kubeconfig={chain.kubectl.kubeconfig}", *words),
            f"--timeout={DRAIN_SECONDS}s",
        ],
        check=True,
        capture_output=True,
        timeout=DRAIN_SECONDS + 10,
    )


@contextmanager
def drained(chain: Chain, node: str) -> Iterator[None]:
    try:
        drain(chain, node)
        yield
    finally:
        chain.kubectl("uncordon", node)


def places(chain: Chain) -> Counter[str]:
    """Kubernetes node → how many of the chain's pods it has."""
    return Counter(pod["spec"].get("nodeName", "") for pod in chain.pods())


def test_a_drain_of_the_node_with_two_sealers_ends_and_blocks_go_on(own_chain: Chain) -> None:
    node, count = places(own_chain).most_common(1)[0]
    assert count >= 2, "four sealers on three nodes"
    with blocks_go_on(own_chain) as watch:
        with drained(own_chain, node):
            assert places(own_chain)[node] == 0
            own_chain.wait_ready(120)
        moved = [name for name, uids in watch.pods_by_name().items() if len(uids) > 1]
        assert len(moved) == count


@pytest.mark.campaign
def test_all_nodes_of_the_cluster_are_drained_in_turn(own_chain: Chain) -> None:
    with blocks_go_on(own_chain):
        for node in sorted(places(own_chain)):
            with drained(own_chain, node):
                assert places(own_chain)[node] == 0
            own_chain.wait_ready(120)


def test_a_container_that_kubelet_restarts_goes_on_where_it_was(own_chain: Chain) -> None:
    before = own_chain.get("pod", "quickstart-webank-shenzhen-0-0")
    restarts = before["status"]["containerStatuses"][0]["restartCount"]
    claims = {one["metadata"]["name"] for one in own_chain.children("pvc")}
    with blocks_go_on(own_chain):
        tell(before, signal.SIGKILL)

        def restarted() -> bool:
            pod = own_chain.get("pod", "quickstart-webank-shenzhen-0-0")
            assert pod["metadata"]["uid"] == before["metadata"]["uid"]
            (status,) = pod["status"]["containerStatuses"]
            return bool(status["restartCount"] == restarts + 1 and status["ready"])

        wait_until(restarted, "kubelet to restart the container", own_chain.report)
        own_chain.wait_ready()
    after = {one["metadata"]["name"] for one in own_chain.children("pvc")}
    assert after == claims, "a node that holds blocks needs no new volume"
