"""Pods die: one is nothing, two of four stop the chain until they are back."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

from tests.e2e.support.chain import Chain, is_ready, label_of
from tests.e2e.support.members import member_clients
from tests.e2e.support.nodes import no_place_for_pods
from tests.e2e.support.sdk import an_account
from tests.e2e.support.waiting import wait_until

KILLED = "quickstart-webank-shenzhen-0-0"


def node_id(chain: Chain, member: str) -> str:
    (nodes,) = (one["nodes"] for one in chain.status()["members"] if one["name"] == member)
    return str(nodes[0]["nodeId"])


def test_a_killed_pod_comes_back_as_the_same_node_and_catches_up(own_chain: Chain) -> None:
    before = own_chain.get("pod", KILLED)
    claims = own_chain.children("pvc")
    known_as = node_id(own_chain, "webank")
    with member_clients(own_chain) as clients:
        own_chain.kubectl("delete", "pod", KILLED, own_chain.here, "--wait=false")
        missed = [clients["east-port"].send(an_account()) for _ in range(3)]
        wait_until(
            lambda: (
                (pod := own_chain.get("pod", KILLED))["metadata"]["uid"]
                != before["metadata"]["uid"]
                and is_ready(pod)
            ),
            "the pod that takes its place",
            own_chain.report,
        )
        own_chain.wait_ready()
        back = clients["webank"]
        wait_until(lambda: back.height() >= missed[-1], "the missed blocks", own_chain.report)
        assert back.hashes(missed[-1]) == clients["east-port"].hashes(missed[-1])
        assert known_as in back.sealers()
        assert back.send(an_account()) > missed[-1]
    assert node_id(own_chain, "webank") == known_as
    volumes = before["spec"]["volumes"]
    assert own_chain.get("pod", KILLED)["spec"]["volumes"] == volumes
    uids = [one["metadata"]["uid"] for one in claims]
    assert [one["metadata"]["uid"] for one in own_chain.children("pvc")] == uids


def test_without_a_quorum_no_block_is_made_until_it_is_back(own_chain: Chain) -> None:
    down = ("webank", "east-port")
    lost = [pod["metadata"]["name"] for pod in own_chain.pods() if label_of(pod, "member") in down]
    with member_clients(own_chain) as clients, ThreadPoolExecutor() as waiting:
        alive = clients["sichuan-trade"]
        with no_place_for_pods(own_chain.kubectl):
            own_chain.kubectl("delete", "pod", *lost, own_chain.here)
            told = own_chain.wait("QuorumHealthy", "False", "QuorumLost")
            height = alive.height()
            pending = waiting.submit(alive.send, an_account(), within=90)
            assert "2 of 4 weight live, 3 needed, margin -1" in told["message"]
            ready = own_chain.wait("Ready", "False", "QuorumLost")
            assert ready["message"] == told["message"]
            assert own_chain.status()["quorum"]["live"] == 2
            sleep(5)  # more than the 3 s after which nodes would change their leader
            assert (alive.height(), pending.done()) == (height, False)
        own_chain.wait_ready()
        assert pending.result(timeout=60) == height + 1
        assert clients["webank"].send(an_account()) == height + 2
