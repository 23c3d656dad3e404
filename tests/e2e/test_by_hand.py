"""What people stop on purpose, as docs/day-2.md has it: one node while applications go on, then the
whole chain. Both come back as what they were."""

import json
from functools import partial

from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import Sdk
from tests.e2e.support.waiting import wait_until

# The first node of the first member.
NODE, ITS_POD = "webank/shenzhen-0", "quickstart-webank-shenzhen-0-0"


def patch(chain: Chain, kind: str, content: object) -> None:
    words = ("patch", "consortiumchain", chain.name, chain.here, "--type", kind)
    chain.kubectl(*words, "--patch", json.dumps(content))


def set_state(chain: Chain, state: str) -> None:
    path = "/spec/members/0/nodes/0/state"
    patch(chain, "json", [{"op": "add", "path": path, "value": state}])


def hibernate(chain: Chain, whether: bool) -> None:
    patch(chain, "merge", {"spec": {"hibernated": whether}})


def pods(chain: Chain) -> set[str]:
    return {pod["metadata"]["name"] for pod in chain.pods()}


def claims(chain: Chain) -> set[str]:
    return {claim["metadata"]["uid"] for claim in chain.children("pvc")}


def node_ids(chain: Chain) -> list[str]:
    return [node["nodeId"] for member in chain.status()["members"] for node in member["nodes"]]


def blocks(chain: Chain) -> list[str]:
    """The hash of each, on which all nodes agree."""
    with member_clients(chain) as clients:
        top = max(client.height() for client in clients.values())
        for client in clients.values():
            wait_until(partial(_has, client, top), f"block {top}", chain.report)
        (hashes,) = {tuple(client.hashes(top)) for client in clients.values()}
    return list(hashes)


def _has(client: Sdk, height: int) -> bool:
    return client.height() >= height


def test_a_node_and_then_all_of_them_stop_and_go_on_where_they_were(own_chain: Chain) -> None:
    ids, volumes = node_ids(own_chain), claims(own_chain)
    with blocks_go_on(own_chain) as watch:
        set_state(own_chain, "Stopped")
        wait_until(lambda: ITS_POD not in pods(own_chain), "the pod to go", own_chain.report)
        assert f"stopped, as the spec says: {NODE}" in own_chain.wait_ready()["message"]
        set_state(own_chain, "Running")
        own_chain.wait_ready()
        assert {name for name, uids in watch.pods_by_name().items() if len(uids) > 1} == {ITS_POD}
    before = blocks(own_chain)
    hibernate(own_chain, True)
    own_chain.wait("NodesReady", "False", "Hibernated")
    assert pods(own_chain) == set()
    assert own_chain.condition("Stalled")["status"] == "False"
    hibernate(own_chain, False)
    own_chain.wait_ready()
    assert blocks(own_chain)[: len(before)] == before
    assert (node_ids(own_chain), claims(own_chain)) == (ids, volumes)
