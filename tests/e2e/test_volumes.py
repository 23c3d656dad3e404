"""Volumes that are lost, that grow, and nodes that move: on real pods, while blocks go on."""

from functools import partial

import pytest

from tests.e2e.support.block_flow import blocks_go_on
from tests.e2e.support.chain import Body, Chain
from tests.e2e.support.members import member_clients
from tests.e2e.support.sdk import Sdk
from tests.e2e.support.waiting import wait_until

NINGBO, DALIAN = "quickstart-east-port-ningbo-0", "quickstart-northern-cold-chain-dalian-0"
WORD = "consortium.dev/move-node"


def generation(chain: Chain, node: str) -> int:
    """Of the volume that its pod uses."""
    volumes = chain.get("pod", f"{node}-0")["spec"]["volumes"]
    claims = [one["persistentVolumeClaim"] for one in volumes if "persistentVolumeClaim" in one]
    return int(claims[0]["claimName"].rpartition("-data-g")[2])


def claims(chain: Chain, node: str) -> set[str]:
    names = {claim["metadata"]["name"] for claim in chain.children("pvc")}
    return {name.rpartition("-data-")[2] for name in names if name.startswith(f"{node}-data-")}


def lose(chain: Chain, node: str) -> int:
    """The claim, what is on it, and the pod that kept it. Returns the next generation."""
    current = generation(chain, node)
    chain.kubectl("delete", "pvc", f"{node}-data-g{current}", chain.here, "--wait=false")
    chain.kubectl("delete", "pod", f"{node}-0", chain.here)
    return current + 1


def move(chain: Chain, *words: str) -> None:
    target = ("cchain", chain.name, chain.here, "--overwrite")
    chain.kubectl("annotate", *target, f"{WORD}={','.join(words)}")


def wait_rebuilt(chain: Chain, node: str, number: int) -> None:
    wait_until(lambda: f"g{number}" in claims(chain, node), f"volume g{number}", chain.report, 120)
    chain.wait_ready(180)
    assert generation(chain, node) == number
    happened = chain.kubectl.get("events", chain.here)["items"]
    reasons = {event["reason"] for event in happened}
    # An operator that is killed between what it does and the Event of it tells one of them less.
    assert {"NodeDemoted", "NodePromoted"} & reasons
    with member_clients(chain) as clients:
        top = max(client.height() for client in clients.values())
        for client in clients.values():
            wait_until(partial(_has, client, top), "all its blocks", chain.report)
        assert len({tuple(client.hashes(top)) for client in clients.values()}) == 1


def _has(client: Sdk, height: int) -> bool:
    return client.height() >= height


@pytest.mark.timeout(420)
def test_a_sealer_that_lost_its_volume_is_rebuilt_while_blocks_go_on(own_chain: Chain) -> None:
    with blocks_go_on(own_chain, not_by="east-port"):
        number = lose(own_chain, NINGBO)
        wait_rebuilt(own_chain, NINGBO, number)
    assert f"g{number - 1}" not in claims(own_chain, NINGBO)


@pytest.mark.campaign
@pytest.mark.timeout(420)
def test_a_node_moves_while_blocks_go_on_and_its_old_volume_stays(own_chain: Chain) -> None:
    number = generation(own_chain, NINGBO) + 1
    with blocks_go_on(own_chain, not_by="east-port"):
        move(own_chain, f"{NINGBO}@{number}")
        wait_rebuilt(own_chain, NINGBO, number)
    assert {f"g{number - 1}", f"g{number}"} <= claims(own_chain, NINGBO)


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_two_lost_volumes_wait_for_a_person(own_chain: Chain) -> None:
    numbers = {node: lose(own_chain, node) for node in (NINGBO, DALIAN)}
    told = own_chain.wait("NodesReady", "False", "VolumeLost")
    for node, number in numbers.items():
        assert f"{WORD}={node}@{number}" in told["message"]
        assert f"g{number}" not in claims(own_chain, node)
    move(own_chain, *(f"{node}@{number}" for node, number in numbers.items()))
    for node, number in numbers.items():
        wait_rebuilt(own_chain, node, number)


@pytest.mark.campaign
def test_a_volume_grows_under_its_pod(own_chain: Chain) -> None:
    before = {pod["metadata"]["uid"] for pod in own_chain.pods()}
    own_chain.apply(own_chain.with_spec(nodeDefaults=_larger(own_chain)))

    def grown() -> bool:
        sizes = [claim["status"]["capacity"]["storage"] for claim in own_chain.children("pvc")]
        return sizes.count("3Gi") >= len(before)

    wait_until(grown, "3Gi for each volume in use", own_chain.report)
    own_chain.wait_ready()
    assert {pod["metadata"]["uid"] for pod in own_chain.pods()} == before
    own_chain.apply()
    refused = own_chain.wait("SpecValid", "False", "Invalid")
    assert "has 3Gi and cannot shrink to 2Gi" in refused["message"]


def _larger(chain: Chain) -> Body:
    defaults: Body = chain.manifest["spec"]["nodeDefaults"]
    return defaults | {"storage": {"size": "3Gi"}}
