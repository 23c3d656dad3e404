"""Nodes whose process lives and does nothing: there is no liveness probe, the operator sees it."""

import json

import pytest

from tests.e2e.support.chain import Chain
from tests.e2e.support.host import HANG, tell
from tests.e2e.support.hung import Hung, left_behind
from tests.e2e.support.members import member_clients
from tests.e2e.support.waiting import wait_until

# Until it is believed, and the grace period that it does not use.
SECONDS = 300


@pytest.mark.timeout(600, func_only=True)
def test_a_node_whose_process_is_stopped_is_noticed_and_evicted(hung_early: Hung) -> None:
    """Though the operator is killed again and again meanwhile, by other tests."""
    comes_back(hung_early)


@pytest.mark.campaign
@pytest.mark.timeout(600, func_only=True)
def test_a_node_whose_gateway_has_a_deadlock_is_noticed_and_evicted(own_chain: Chain) -> None:
    pod = own_chain.get("pod", "quickstart-sichuan-trade-chengdu-0-0")
    tell(pod, HANG)
    told = own_chain.wait("NodesReady", "False", "NodeHung", seconds=SECONDS)
    assert "sichuan-trade/chengdu-0" in told["message"]
    comes_back(left_behind(own_chain, "sichuan-trade/chengdu-0", pod))


def comes_back(hung: Hung) -> None:
    """Another pod takes the place of the one that hangs, and has the blocks that were missed."""
    chain, before = hung.chain, hung.pod["metadata"]

    def replaced() -> bool:
        return any(
            pod["metadata"]["name"] == before["name"] and pod["metadata"]["uid"] != before["uid"]
            for pod in chain.pods()
        )

    wait_until(replaced, "another pod in its place", chain.report, SECONDS)
    chain.wait_ready(120)
    # Not the Event: an operator that is killed between what it does and that tells nothing.
    journal = chain.get("configmap", f"{chain.name}-journal")["data"]
    assert json.loads(journal[before["name"].removesuffix("-0")])["hung_pod"] == before["uid"]
    with member_clients(chain) as clients:
        client = clients[hung.member]
        wait_until(lambda: client.height() >= hung.missed, "the missed blocks", chain.report)
