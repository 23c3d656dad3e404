"""Deleting the resource stops a chain and loses nothing; writing it again takes it up."""

from typing import Any

from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import an_account
from tests.e2e.support.waiting import wait_until

KINDS = "secrets,configmaps,pvc"
DISPOSABLE = "pods,statefulsets,services,pdb,networkpolicies"


def kept(chain: Chain) -> dict[str, Any]:
    """What has no owner: path → uid and content."""
    return {
        f"{one['kind']}/{one['metadata']['name']}": (
            one["metadata"]["uid"],
            one.get("data"),
        )
        for one in chain.children(KINDS)
        if "ownerReferences" not in one["metadata"]
    }


def node_ids(status: Body) -> dict[str, str]:
    return {
        f"{member['name']}/{node['name']}": node["nodeId"]
        for member in status["members"]
        for node in member["nodes"]
    }


def addresses(chain: Chain) -> dict[str, str]:
    return {
        one["metadata"]["name"]: one["spec"]["clusterIP"]
        for one in chain.children("services")
        if not one["metadata"]["name"].endswith("-rpc")
    }


def test_a_chain_that_is_deleted_and_written_again_goes_on(own_chain: Chain) -> None:
    with member_clients(own_chain) as clients:
        height = [clients["webank"].send(an_account()) for _ in range(3)][-1]
        hashes = clients["webank"].hashes(height)
    status, before, dialled = own_chain.status(), kept(own_chain), addresses(own_chain)

    own_chain.delete()
    wait_until(lambda: own_chain.children(DISPOSABLE) == [], "the pods to go", own_chain.report)
    assert kept(own_chain) == before
    wait_until(lambda: len(own_chain.children(KINDS)) == len(before), "the rest", own_chain.report)

    own_chain.apply()
    own_chain.wait_ready()
    again = own_chain.status()
    assert node_ids(again) == node_ids(status)
    assert again["genesis"] == status["genesis"]
    assert addresses(own_chain) == dialled
    assert kept(own_chain) == before
    with member_clients(own_chain) as clients:
        assert clients["webank"].hashes(height) == hashes
        assert clients["webank"].send(an_account()) == height + 1
