"""Nodes whose process lives and does nothing: there is no liveness probe, the operator sees it."""

import signal

import pytest

from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.host import HANG, tell
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account
from tests.e2e.support.waiting import wait_until

# Until it is believed, and the grace period that it does not use.
SECONDS = 300


@pytest.mark.campaign
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("how", "member", "node"),
    [(signal.SIGSTOP, "east-port", "ningbo-0"), (HANG, "sichuan-trade", "chengdu-0")],
    ids=["the process is stopped", "its gateway has a deadlock"],
)
def test_a_hung_node_is_noticed_and_evicted(
    own_chain: Chain, how: signal.Signals, member: str, node: str
) -> None:
    """Two nodes, for one chain may serve both times: the same one would have to wait, since it was
    restarted for this minutes ago."""
    name = f"quickstart-{member}-{node}-0"
    before = own_chain.get("pod", name)
    tell(before, how)
    told = own_chain.wait("NodesReady", "False", "NodeHung", seconds=SECONDS)
    assert f"{member}/{node}" in told["message"]
    with member_clients(own_chain) as clients:
        missed = [clients["webank"].send(an_account()) for _ in range(3)][-1]

    def replaced() -> Body | None:
        found = own_chain.kubectl.get("pods", own_chain.here, own_chain.selector)["items"]
        pods = [pod for pod in found if pod["metadata"]["name"] == name]
        return next((p for p in pods if p["metadata"]["uid"] != before["metadata"]["uid"]), None)

    wait_until(replaced, "another pod in its place", own_chain.report, SECONDS)
    own_chain.wait_ready(120)
    with member_clients(own_chain) as clients:
        wait_until(
            lambda: clients[member].height() >= missed, "the missed blocks", own_chain.report
        )
