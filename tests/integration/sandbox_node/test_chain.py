"""Chains of real processes: they agree, survive, recover, and do as real nodes were seen to do."""

from __future__ import annotations

import contextlib
import http.client
import resource
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sandbox_node.processes import (
    STRANGER,
    Chain,
    NodeProcess,
    chain,
    output_code,
    prepare,
    wait_until,
)


class Waiting:
    """A transaction that may have to wait for its block."""

    def __init__(self, node: NodeProcess) -> None:
        self._thread = threading.Thread(target=lambda: node.send(timeout=60), daemon=True)
        self._thread.start()
        wait_until(lambda: node.group("getPendingTxSize") > 0, "the transaction waits")

    @property
    def is_mined(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> None:
        self._thread.join(40)
        assert self.is_mined


@pytest.fixture(scope="module")
def four_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """One chain for the tests that leave it as they found it."""
    with chain(tmp_path_factory.mktemp("four"), 4) as running:
        running.wait_connected()
        running.nodes[0].send()
        yield running


@pytest.fixture
def four(four_nodes: Chain) -> Chain:
    """Four sealers, all up, level and above height 0."""
    for node in four_nodes.nodes:
        if not node.runs():
            node.start()
    wait_until(lambda: all(node.answers() for node in four_nodes.nodes), "all answer")
    four_nodes.wait_connected()
    four_nodes.wait_height(max(node.height() for node in four_nodes.nodes))
    return four_nodes


def test_four_nodes_agree_and_go_on_without_one_of_them(four: Chain) -> None:
    height = four.nodes[0].height()
    receipts = [node.send() for node in four.nodes]
    assert [receipt["status"] for receipt in receipts] == [0, 0, 0, 0]
    four.wait_height(height + 4)
    hashes = {node.group("getBlockHashByNumber", height + 4) for node in four.nodes}
    assert len(hashes) == 1

    killed, *rest = four.nodes
    assert killed.stop(signal.SIGKILL) == -signal.SIGKILL
    four.wait_connected(rest)
    for node in rest + rest[:1]:
        started = time.monotonic()
        node.send()
        assert time.monotonic() - started < 2.5  # No timeout of three seconds is waited for.

    killed.start()
    wait_until(killed.answers, "the killed node answers")
    four.wait_height(height + 8)
    four.wait_connected()


def test_without_a_quorum_nothing_is_mined_and_everything_once_it_is_back(four: Chain) -> None:
    height = four.nodes[0].height()
    first, second, third, fourth = four.nodes
    third.stop(signal.SIGKILL)
    fourth.stop(signal.SIGKILL)
    waiting = Waiting(first)
    wait_until(lambda: first.consensus()["timeout"], "the timeout shows")
    wait_until(lambda: first.consensus()["changeCycle"] >= 1, "timeouts add up")
    assert first.height() == second.height() == height
    assert first.consensus()["connectedNodeList"] == 2

    third.start()
    waiting.wait()
    four.wait_height(height + 1, [first, second, third])
    fourth.start()
    wait_until(fourth.answers, "the fourth answers")
    four.wait_height(height + 1)


def test_two_halves_of_a_chain_never_commit_apart(four: Chain) -> None:
    """Both halves run and have work, but neither can reach the other (stopped by SIGSTOP)."""
    height = four.nodes[0].height()
    left, right = four.nodes[:2], four.nodes[2:]
    waiting = []
    for half, other in ((left, right), (right, left)):
        for node in other:
            node.send_signal(signal.SIGSTOP)
        waiting.append(Waiting(half[0]))
        time.sleep(3.3)  # More than a timeout: the view has changed.
        assert [node.height() for node in half] == [height, height]
        assert not waiting[-1].is_mined
        for node in half:
            node.send_signal(signal.SIGSTOP)
        for node in other:
            node.send_signal(signal.SIGCONT)
    for node in four.nodes:
        node.send_signal(signal.SIGCONT)
    for transaction in waiting:
        transaction.wait()
    four.wait_height(height + 1)
    assert len({node.group("getBlockHashByNumber", height + 1) for node in four.nodes}) == 1


def test_a_hung_node_stays_connected_and_costs_one_view_change(four: Chain) -> None:
    height = four.nodes[0].height()
    hung, *rest = four.nodes
    hung.send_signal(signal.SIGSTOP)
    try:
        for node in [*rest, rest[0]]:
            node.send()
        assert rest[0].consensus()["connectedNodeList"] == 4
    finally:
        hung.send_signal(signal.SIGCONT)
    four.wait_height(height + 4)


def test_a_node_that_lost_its_data_fetches_it_and_votes_again(four: Chain) -> None:
    height = four.nodes[0].height()
    lost, *rest = four.nodes
    lost.stop()
    shutil.rmtree(lost.files.directory / "data")
    lost.start()
    wait_until(lost.answers, "the node answers")
    four.wait_height(height)
    # With one more node gone its vote is needed.
    rest[2].stop(signal.SIGKILL)
    rest[0].send()
    four.wait_height(height + 1, [lost, rest[0], rest[1]])


def test_a_restarted_chain_keeps_its_blocks(four: Chain) -> None:
    height = four.nodes[0].height()
    genesis = four.nodes[0].group("getBlockHashByNumber", 0)
    for node in four.nodes:
        node.stop()
    four.start()
    four.wait_connected()
    assert {node.group("getBlockHashByNumber", 0) for node in four.nodes} == {genesis}
    assert {node.height() for node in four.nodes} == {height}
    four.nodes[3].send()
    four.wait_height(height + 1)


def test_a_node_that_starts_again_at_height_0_is_refused_by_the_others(tmp_path: Path) -> None:
    """Section 12: block 0 is executed anew, its genesis hash changes; the cure is a new volume."""
    with chain(tmp_path, 4) as running:
        running.wait_connected()
        first = running.nodes[0]
        before = first.group("getBlockHashByNumber", 0)
        header = first.group("getBlockByNumber", 0, False, False)["hash"]
        first.restart()
        wait_until(first.answers, "the node answers")
        assert first.group("getBlockHashByNumber", 0) != before
        assert first.group("getBlockByNumber", 0, False, False)["hash"] == header
        running.wait_connected()

        running.nodes[1].send()
        running.wait_height(1, running.nodes[1:])
        refusal = "Receive invalid status packet with different genesis hash"
        wait_until(lambda: refusal in running.nodes[1].output, "the refusal is logged")
        assert first.height() == 0
        peers = [peer["nodeID"] for peer in running.nodes[1].sync()["peers"]]
        assert first.files.node_id not in peers
        assert len(peers) == 2
        assert first.files.node_id in running.nodes[1].rpc("getGroupPeers", "group0")

        first.stop()
        shutil.rmtree(first.files.directory / "data")
        first.start()
        wait_until(first.answers, "the node answers")
        running.wait_height(1)


def test_with_executor_version_0_a_restart_at_height_0_changes_nothing(tmp_path: Path) -> None:
    with chain(tmp_path, 1, executor_version=0) as running:
        node = running.nodes[0]
        before = node.group("getBlockHashByNumber", 0)
        assert before == node.group("getBlockByNumber", 0, False, False)["hash"]
        node.restart()
        wait_until(node.answers, "the node answers")
        assert node.group("getBlockHashByNumber", 0) == before


def test_a_new_node_becomes_observer_then_sealer_and_is_removed(tmp_path: Path) -> None:
    with chain(tmp_path, 4, others=1) as running:
        running.wait_connected()
        *sealers, new = running.nodes
        node_id = new.files.node_id
        member = sealers[0]
        member.send()
        running.wait_height(1, sealers)
        time.sleep(0.5)
        assert (new.height(), new.sync()["peers"]) == (0, [])
        assert (
            output_code(member.call_contract(0x1003, "addSealer(string,uint256)", node_id, 1))
            == -51104
        )

        assert output_code(member.call_contract(0x1003, "addObserver(string)", node_id)) == 0
        running.wait_height(3)
        assert member.group("getObserverList") == [node_id]
        made_up = new.send()
        assert (made_up["blockNumber"], made_up["hash"], made_up["status"]) == (0, "0x", 0)

        wait_until(lambda: member.height() >= 4, "the observer's transaction is mined")
        assert (
            output_code(member.call_contract(0x1003, "addSealer(string,uint256)", node_id, 1)) == 0
        )
        running.wait_height(5)
        wait_until(lambda: new.consensus()["isConsensusNode"], "it is a sealer")
        assert member.consensus()["consensusNodesNum"] == 5
        sealers[3].stop(signal.SIGKILL)
        new.send()  # Four of five are needed: its vote counts.

        assert output_code(member.call_contract(0x1003, "remove(string)", node_id)) == 0
        wait_until(lambda: member.consensus()["consensusNodesNum"] == 4, "it is removed")
        height = member.height()
        member.send()
        assert new.height() == height - 1  # It never sees the block that removes it …
        assert new.consensus()["isConsensusNode"]  # … and goes on claiming to be a sealer.


def test_a_transaction_sent_to_a_node_in_no_list_is_never_answered(tmp_path: Path) -> None:
    with chain(tmp_path, 1, others=1) as running:
        running.wait_connected()
        with pytest.raises(TimeoutError):
            running.nodes[1].send(timeout=1.5)
        assert running.nodes[0].height() == 0


def test_with_auth_on_only_the_committee_changes_members(tmp_path: Path) -> None:
    with chain(tmp_path, 4, auth=True) as running:
        running.wait_connected()
        node = running.nodes[0]
        other = running.nodes[3].files.node_id
        direct = node.call_contract(0x1003, "setWeight(string,uint256)", other, 2)
        assert (direct["status"], output_code(direct)) == (0, -50000)
        create = "createSetConsensusWeightProposal(string,uint32,bool,uint256)"
        refused = node.call_contract(0x10001, create, other, 2, False, 100, key=STRANGER)
        assert (refused["status"], refused["message"]) == (16, "you must be governor")
        passed = node.call_contract(0x10001, create, other, 2, False, 100)
        assert (passed["status"], output_code(passed)) == (0, 1)
        assert passed["logEntries"][0]["data"] == "0x" + "0" * 64
        wait_until(lambda: node.consensus()["minRequiredQuorum"] == 4, "the weight counts")


def test_a_node_ends_on_sigterm_at_once_and_says_so(tmp_path: Path) -> None:
    with chain(tmp_path, 1) as running:
        node = running.nodes[0]
        started = time.monotonic()
        assert node.stop() == 0
        assert time.monotonic() - started < 1
        assert "exit because receive signal 15" in node.output
        assert node.output.endswith("fisco-bcos program exit normally.\n")
        node.start()
        wait_until(node.answers, "the node answers")
        assert node.stop(signal.SIGHUP) == -signal.SIGHUP


def test_a_disk_that_fails_ends_the_node_as_if_it_were_told_to(tmp_path: Path) -> None:
    """Section 2.5: exit 0. The limit stands in for a full volume."""
    with chain(tmp_path, 1) as running:
        node = running.nodes[0]
        node.send()
        assert node.process is not None
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        with contextlib.suppress(OSError, http.client.HTTPException):
            while node.runs():
                node.send()
        assert node.process.wait(5) == 0
        node.start()
        wait_until(node.answers, "the node answers")
        # What it had voted for before, it finishes first.
        assert node.send()["blockNumber"] > 1


def test_the_gateway_that_hangs_leaves_the_status_answering(tmp_path: Path) -> None:
    running = prepare(tmp_path, 4)
    hung = running.nodes[0]
    hung.environment["FISCO_BCOS_STAND_IN_HANG"] = "2"
    try:
        running.start()
        running.wait_connected()
        time.sleep(2)
        before = hung.consensus()
        for method, params in (("getPeers", []), ("getGroupPeers", ["group0"])):
            with pytest.raises(TimeoutError):
                hung.rpc(method, *params, timeout=0.5)
        running.nodes[1].send()
        running.wait_height(1, running.nodes[1:])
        assert hung.consensus() == before
        assert before["connectedNodeList"] == 4
        hung.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert hung.runs()
    finally:
        running.stop()


def test_the_vote_log_and_the_ledger_hold_no_private_key(tmp_path: Path) -> None:
    with chain(tmp_path, 1) as running:
        node = running.nodes[0]
        node.send()
        scalar = node.files.node_key.private_numbers().private_value.to_bytes(32, "big")
        for file in (node.files.directory / "data").rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                assert scalar not in content
                assert scalar.hex().encode() not in content
        assert scalar.hex() not in node.output
