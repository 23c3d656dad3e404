"""Nodes whose process lives and does nothing: there is no liveness probe, the operator sees it."""

import pytest

from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.host import HANG, tell
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account
from tests.e2e.support.waiting import wait_until

# Until it is believed, and the grace period that it does not use.
SECONDS = 300


@pytest.mark.timeout(600, func_only=True)
def test_a_node_whose_process_is_stopped_is_noticed_and_evicted(
    hung_early: tuple[Chain, Body],
) -> None:
    chain, before = hung_early
    comes_back(chain, before, "east-port/ningbo-0")


@pytest.mark.campaign
@pytest.mark.timeout(600, func_only=True)
def test_a_node_whose_gateway_has_a_deadlock_is_noticed_and_evicted(own_chain: Chain) -> None:
    before = own_chain.get("pod", "quickstart-sichuan-trade-chengdu-0-0")
    tell(before, HANG)
    told = own_chain.wait("NodesReady", "False", "NodeHung", seconds=SECONDS)
    assert "sichuan-trade/chengdu-0" in told["message"]
    comes_back(own_chain, before, "sichuan-trade/chengdu-0")


def comes_back(chain: Chain, before: Body, node: str) -> None:
    """Another pod takes the place of the one that hangs, and has the blocks that were missed."""
    with member_clients(chain) as clients:
        missed = [clients["webank"].send(an_account()) for _ in range(3)][-1]
    name, uid = before["metadata"]["name"], before["metadata"]["uid"]

    def replaced() -> bool:
        return any(
            pod["metadata"]["name"] == name and pod["metadata"]["uid"] != uid
            for pod in chain.pods()
        )

    wait_until(replaced, "another pod in its place", chain.report, SECONDS)
    chain.wait_ready(120)
    events = chain.kubectl.get("events", chain.here, "--field-selector=reason=NodeEvicted")
    assert any(f"node {node} hangs" in event["message"] for event in events["items"])
    with member_clients(chain) as clients:
        client = clients[node.partition("/")[0]]
        wait_until(lambda: client.height() >= missed, "the missed blocks", chain.report)
