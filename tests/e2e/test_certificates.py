"""Certificates and CAs are replaced under a running chain: the same nodes, and blocks all the
time."""

import pytest

from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account
from tests.e2e.support.waiting import wait_until

ROLLOUT_SECONDS = 200


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


@pytest.mark.campaign
@pytest.mark.timeout(600, func_only=True)
def test_certificates_are_renewed_node_by_node_while_blocks_are_made(own_chain: Chain) -> None:
    before, known = ends(own_chain), ids(own_chain)
    with blocks_go_on(own_chain) as watch:
        # A year less a minute before the end: all are due, and the new ones soon again.
        due = own_chain.with_spec(certificates={"renewBefore": "8759h59m"})
        own_chain.apply(due)
        own_chain.wait("UpToDate", "False", "RollingOut")
        own_chain.apply()
        own_chain.wait_ready(ROLLOUT_SECONDS)
        assert [len(uids) for uids in watch.pods_by_name().values()] == [2, 2, 2, 2]
    after = ends(own_chain)
    assert all(after[path] > end for path, end in before.items())
    assert ids(own_chain) == known
    with member_clients(own_chain) as clients:
        assert clients["webank"].send(an_account()) > 0


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
