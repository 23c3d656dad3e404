"""Certificates and CAs are replaced under a running chain: the same nodes, and blocks all the
time."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from tests.e2e.conftest import namespace_for, quickstart_in
from tests.e2e.support.aftermath import Aftermath
from tests.e2e.support.block_flow import LONGEST_PAUSE, blocks_go_on
from tests.e2e.support.chain import OPERATOR, OPERATOR_NAMESPACE, Body, Chain
from tests.e2e.support.members import lasting_clients, member_clients
from tests.e2e.support.sdk import an_account
from tests.e2e.support.traffic import Traffic
from tests.e2e.support.waiting import wait_until
from tests.kubectl import Kubectl

ROLLOUT_SECONDS = 200
BACK_WITHIN = 60


def nodes(chain: Chain) -> dict[str, Body]:
    return {
        f"{member['name']}/{node['name']}": node
        for member in chain.status()["members"]
        for node in member["nodes"]
    }


def ends(chain: Chain) -> dict[str, str]:
    """When the certificate ends that each node runs with."""
    return {path: node["certificateExpires"] for path, node in nodes(chain).items()}


def ids(chain: Chain) -> dict[str, str]:
    return {path: node["nodeId"] for path, node in nodes(chain).items()}


@pytest.fixture
def short_lived(kubectl: Kubectl, aftermath: Aftermath) -> Iterator[Callable[..., Chain]]:
    """Founds a chain with these lifetimes."""
    with ExitStack() as stack:

        def found(**certificates: str) -> Chain:
            namespace = stack.enter_context(namespace_for(kubectl, aftermath, "short"))
            manifest = quickstart_in(namespace)
            manifest["spec"]["certificates"] = certificates
            chain = Chain(kubectl, manifest)
            chain.apply()
            chain.wait_ready()
            return chain

        yield found


@pytest.mark.campaign
@pytest.mark.timeout(600, func_only=True)
def test_certificates_are_renewed_node_by_node_while_blocks_are_made(
    short_lived: Callable[..., Chain],
) -> None:
    """They live for ten minutes, and are renewed two minutes old."""
    chain = short_lived(duration="10m", clientDuration="10m", renewBefore="8m")
    before, known = ends(chain), ids(chain)
    with blocks_go_on(chain) as watch:
        wait_until(
            lambda: all(ends(chain)[path] > end for path, end in before.items()),
            "every node to run with a new certificate",
            chain.report,
            120 + ROLLOUT_SECONDS,
        )
        assert all(len(uids) >= 2 for uids in watch.pods_by_name().values())
    assert ids(chain) == known
    with member_clients(chain) as clients:
        assert clients["webank"].send(an_account()) > 0


@contextmanager
def operator_away(kubectl: Kubectl) -> Iterator[None]:
    deployment = (f"deployment/{OPERATOR}", f"--namespace={OPERATOR_NAMESPACE}")
    kubectl("scale", *deployment, "--replicas=0")
    try:
        yield
    finally:
        kubectl("scale", *deployment, "--replicas=1")
        kubectl("rollout", "status", *deployment, "--timeout=50s")


@pytest.mark.campaign
@pytest.mark.timeout(600, func_only=True)
def test_all_certificates_ended_while_the_operator_was_away(
    short_lived: Callable[..., Chain],
) -> None:
    """Nodes and applications still hold their connections, and blocks go on. The nodes restart
    together once a person says so: that is the last act that is needed, and from it on it is
    counted until blocks come again."""
    chain = short_lived(duration="3m", clientDuration="3m", renewBefore="30s")
    known, before = ids(chain), {pod["metadata"]["uid"] for pod in chain.pods()}
    with lasting_clients(chain) as clients, Traffic(clients) as traffic:
        with operator_away(chain.kubectl):
            last = max(datetime.fromisoformat(end) for end in ends(chain).values())
            time.sleep(max(0.0, (last - datetime.now(UTC)).total_seconds()) + 5)
        waits = chain.wait("UpToDate", "False", "AwaitingAcceptance")
        assert chain.condition("CertificatesValid")["status"] == "False"
        command = re.search(r"kubectl (annotate [^`'\"]*?accept-change=\w+)", waits["message"])
        assert command is not None, waits["message"]
        assert traffic.longest_pause() < LONGEST_PAUSE
        act, stopped_at = time.monotonic(), traffic.mined[-1].block
        chain.kubectl(*command[1].split())
        chain.wait("UpToDate", "True", seconds=120)
        chain.wait_ready(BACK_WITHIN)
        ready = time.monotonic()
        wait_until(lambda: traffic.mined[-1].at > ready, "a block", chain.report)
        took = traffic.back_after(act)
    assert took < BACK_WITHIN, chain.report()
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in chain.pods())
    assert ids(chain) == known
    blocks = [one.block for one in traffic.mined]
    assert blocks == sorted(set(blocks)), "a block was made twice, or went away"
    with member_clients(chain) as now:
        for block in (stopped_at, stopped_at + 1, blocks[-1]):
            assert len({sdk.hash_of(block) for sdk in now.values()}) == 1


@pytest.mark.campaign
@pytest.mark.timeout(600, func_only=True)
def test_the_cas_of_a_member_are_replaced_while_blocks_are_made(own_chain: Chain) -> None:
    known, trust = ids(own_chain), own_chain.get("configmap", "quickstart-trust")["data"]
    kept = {one["metadata"]["uid"] for one in own_chain.children("secrets,pvc")}
    with blocks_go_on(own_chain):
        annotation = "consortium.dev/rotate-ca=webank@2"
        own_chain.kubectl("annotate", "cchain", own_chain.name, own_chain.here, annotation)
        wait_until(
            lambda: len(own_chain.get("configmap", "quickstart-trust")["data"]) == 5,
            "trust in both generations",
            own_chain.report,
        )
        wait_until(
            lambda: len(own_chain.get("configmap", "quickstart-trust")["data"]) == 4,
            "trust in the new generation alone",
            own_chain.report,
            ROLLOUT_SECONDS,
        )
        own_chain.wait("UpToDate", "True", seconds=ROLLOUT_SECONDS)
        own_chain.wait_ready()
    assert own_chain.get("configmap", "quickstart-trust")["data"] != trust
    assert ids(own_chain) == known
    assert kept < {one["metadata"]["uid"] for one in own_chain.children("secrets,pvc")}
    with member_clients(own_chain) as clients:
        assert clients["webank"].send(an_account()) > 0
        assert clients["east-port"].send(an_account()) > 0
