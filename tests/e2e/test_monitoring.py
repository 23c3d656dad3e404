"""A real Prometheus reads a real operator: the dashboards show a running chain, and nodes that
fall silent raise their alerts until they are back."""

from functools import partial
from pathlib import Path

import pytest

from tests.dashboard_queries import queries, unanswered
from tests.e2e.support.chain import OPERATOR, OPERATOR_NAMESPACE, Chain
from tests.e2e.support.forward import PortForward
from tests.e2e.support.nodes import no_place_for_pods
from tests.prometheus import Prometheus, prometheus_tool, running_prometheus

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(400, func_only=True)]

FIRST, SECOND = "quickstart-webank-shenzhen-0-0", "quickstart-east-port-ningbo-0-0"
# One of four sealers is down, and the chain can spare no other; then it has lost another.
AFTER_A_LOSS = {"ConsortiumNodeDown", "ConsortiumQuorumAtRisk", "ConsortiumChainNotReady"}
WITHOUT_QUORUM = {"ConsortiumNodeDown", "ConsortiumQuorumLost", "ConsortiumChainNotReady"}


@pytest.fixture(scope="module")
def tool() -> Path:
    """Before any time is measured: it is built the first time."""
    return prometheus_tool("prometheus")


def test_the_dashboards_show_a_chain_and_lost_nodes_raise_their_alerts(
    own_chain: Chain, tool: Path, tmp_path: Path
) -> None:
    kubectl, here = own_chain.kubectl, (own_chain.namespace, own_chain.name)
    with (
        PortForward(kubectl, OPERATOR_NAMESPACE, f"deployment/{OPERATOR}", 8080) as forward,
        running_prometheus(tmp_path, f"127.0.0.1:{forward.port()}") as prometheus,
    ):
        prometheus.wait_until(
            lambda: prometheus.values(of_chain("chain_margin_weight", *here)) != [1]
        )
        assert not alerts_of(prometheus, *here)
        with no_place_for_pods(kubectl):
            for pod, alerts in ((FIRST, AFTER_A_LOSS), (SECOND, WITHOUT_QUORUM)):
                kubectl("delete", "pod", pod, own_chain.here, "--wait=false")
                prometheus.wait_until(partial(not_yet_raised, prometheus, own_chain, alerts))
        prometheus.wait_until(lambda: alerts_of(prometheus, *here), seconds=120)
        own_chain.wait_ready()
        # Only now: an operator whose chains are well makes no call that could have a duration.
        prometheus.wait_until(lambda: unanswered(prometheus, queries(*here, "5m")))


def of_chain(metric: str, namespace: str, chain: str) -> str:
    return f'consortium_{metric}{{namespace="{namespace}", chain="{chain}"}}'


def not_yet_raised(prometheus: Prometheus, chain: Chain, alerts: set[str]) -> set[str]:
    return alerts - alerts_of(prometheus, chain.namespace, chain.name)


def alerts_of(prometheus: Prometheus, namespace: str, chain: str) -> set[str]:
    """Others may have theirs: tests share the operator."""
    return prometheus.alerts(namespace=namespace, chain=chain)
