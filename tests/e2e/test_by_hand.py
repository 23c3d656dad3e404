"""What a person does to nodes by name: stops one, sends a chain to sleep, approves a rollout. By
the commands of docs/day-2.md."""

import re
import shlex
from functools import partial

import pytest

from tests.documents import Document
from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import Sdk
from tests.e2e.support.waiting import wait_until
from tests.resources import REPOSITORY

DAY_TWO = Document(REPOSITORY / "docs/day-2.md")


def do_as_written(chain: Chain, about: str, *, instead: tuple[str, str] = ("", "")) -> None:
    """The command of the page that holds `about`, for this chain."""
    (block,) = (block for block in DAY_TWO.blocks("sh") if about in block)
    program, *words = shlex.split(block.replace(*instead))
    assert program == "kubectl"
    names = {"trade": chain.name, "chains": chain.namespace}
    chain.kubectl(*(names.get(word, word) for word in words))


def nodes(chain: Chain) -> list[Body]:
    return [node for member in chain.status()["members"] for node in member["nodes"]]


def ids(chain: Chain) -> list[str]:
    return [node["nodeId"] for node in nodes(chain)]


def claims(chain: Chain) -> set[str]:
    return {claim["metadata"]["uid"] for claim in chain.children("pvc")}


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


def test_a_node_stops_and_starts_again_while_blocks_go_on(own_chain: Chain) -> None:
    known, volumes = ids(own_chain), claims(own_chain)
    with blocks_go_on(own_chain) as watch:
        do_as_written(own_chain, '"/spec/members/0/nodes/0/state"')
        wait_until(lambda: len(own_chain.pods()) == 3, "the pod to go", own_chain.report)
        message = own_chain.wait_ready()["message"]
        assert "stopped, as the spec says: webank/shenzhen-0" in message
        assert own_chain.status()["quorum"]["margin"] == 0
        instead = ("Stopped", "Running")
        do_as_written(own_chain, '"/spec/members/0/nodes/0/state"', instead=instead)
        own_chain.wait_ready()
        again = {name for name, uids in watch.pods_by_name().items() if len(uids) > 1}
        assert again == {"quickstart-webank-shenzhen-0-0"}
    assert (ids(own_chain), claims(own_chain)) == (known, volumes)


@pytest.mark.campaign
def test_a_chain_that_hibernated_wakes_up_as_it_was(own_chain: Chain) -> None:
    known, volumes, before = ids(own_chain), claims(own_chain), blocks(own_chain)
    do_as_written(own_chain, '"hibernated":true')
    own_chain.wait("NodesReady", "False", "Hibernated")
    assert own_chain.pods() == []
    assert own_chain.condition("Stalled")["status"] == "False"
    do_as_written(own_chain, '"hibernated":true', instead=("true", "false"))
    own_chain.wait_ready()
    assert (ids(own_chain), claims(own_chain)) == (known, volumes)
    assert blocks(own_chain)[: len(before)] == before


@pytest.mark.campaign
@pytest.mark.timeout(400, func_only=True)
def test_a_roll_out_waits_for_its_approval(own_chain: Chain) -> None:
    setting = {"config": {"txpool": {"limit": "21000"}}}
    before = {pod["metadata"]["uid"] for pod in own_chain.pods()}
    own_chain.apply(own_chain.with_spec(rollout={"strategy": "Manual"}, fiscoBcos=setting))
    waits = own_chain.wait("UpToDate", "False", "AwaitingApproval")
    assert {pod["metadata"]["uid"] for pod in own_chain.pods()} == before
    command = re.search(r"kubectl (annotate [^`'\"]*?approve-rollout=\d+)", waits["message"])
    assert command is not None, waits["message"]
    with blocks_go_on(own_chain):
        own_chain.kubectl(*command[1].split())
        own_chain.wait("UpToDate", "True", seconds=200)
        own_chain.wait_ready()
    assert before.isdisjoint({pod["metadata"]["uid"] for pod in own_chain.pods()})
