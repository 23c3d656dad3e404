"""Chains of real processes: they agree, survive, recover, and do as real nodes were seen to do."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tests.conformance.conftest import Start
from tests.conformance.support.binaries import Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import (
    Chain,
    NodeProcess,
    prepare,
    running,
    wait_until,
)


class Waiting:
    """A transaction that may have to wait for its block."""

    def __init__(self, node: NodeProcess) -> None:
        self._thread = threading.Thread(target=lambda: node.send(timeout=120), daemon=True)
        self._thread.start()
        wait_until(lambda: node.group("getPendingTxSize") > 0, "the transaction waits")

    @property
    def is_mined(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> None:
        self._thread.join(90)
        assert self.is_mined


@pytest.fixture(scope="module")
def four_nodes(binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """One chain for the tests that leave it as they found it."""
    options = ChainOptions(sealers=4)
    with running(prepare(binary, tmp_path_factory.mktemp("four"), options)) as chain:
        chain.wait_connected()
        chain.nodes[0].send()
        yield chain


@pytest.fixture
def four(four_nodes: Chain) -> Chain:
    """Four sealers, all up, level and above height 0."""
    for node in four_nodes.nodes:
        if not node.runs():
            node.start()
    for node in four_nodes.nodes:
        node.wait_answering()
    four_nodes.wait_connected()
    four_nodes.wait_height(max(node.height() for node in four_nodes.nodes))
    return four_nodes


def test_four_nodes_agree_and_go_on_without_one_of_them(four: Chain) -> None:
    """Section 12: one of four killed: blocks go on, connectedNodeList falls at once."""
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
        node.send()

    killed.start()
    killed.wait_answering()
    four.wait_height(height + 8)
    four.wait_connected()


def test_without_a_quorum_nothing_is_mined_and_everything_once_it_is_back(four: Chain) -> None:
    """Section 12: two of four killed: timeout, growing changeCycle, pending mined on return."""
    height = four.nodes[0].height()
    first, second, third, fourth = four.nodes
    third.stop(signal.SIGKILL)
    fourth.stop(signal.SIGKILL)
    waiting = Waiting(first)
    wait_until(lambda: first.consensus()["timeout"], "the timeout shows")
    wait_until(lambda: first.consensus()["changeCycle"] >= 1, "timeouts add up")
    assert first.height() == second.height() == height
    wait_until(lambda: first.connected() == 2, "the others are gone")

    third.start()
    waiting.wait()
    four.wait_height(height + 1, [first, second, third])
    fourth.start()
    fourth.wait_answering()
    four.wait_height(height + 1)


def test_the_view_goes_on_from_block_to_block(four: Chain) -> None:
    """getConsensusStatus: leaderIndex is (height + 1 + view) mod n, on every node the same."""
    four.nodes[0].stop(signal.SIGKILL)
    rest = four.nodes[1:]
    for node in rest:
        node.send()
    before = max(node.consensus()["view"] for node in rest)
    assert before > 0  # Its turns were passed over.
    rest[0].send()
    four.wait_height(rest[0].height(), rest)
    for node in rest:
        status = node.consensus()
        assert status["view"] >= before
        assert status["leaderIndex"] == (status["blockNumber"] + 1 + status["view"]) % 4


def test_a_hung_node_stays_connected_and_costs_one_view_change(four: Chain) -> None:
    """Section 12: a node under SIGSTOP stays "connected"; blocks go on."""
    height = four.nodes[0].height()
    hung, *rest = four.nodes
    hung.send_signal(signal.SIGSTOP)
    try:
        for node in [*rest, rest[0]]:
            node.send()
        assert rest[0].connected() == 4
    finally:
        hung.send_signal(signal.SIGCONT)
    four.wait_height(height + 4)


def test_a_node_that_lost_its_data_fetches_it_and_votes_again(four: Chain) -> None:
    """Section 12: data directory lost, same keys."""
    height = four.nodes[0].height()
    lost, *rest = four.nodes
    lost.stop()
    shutil.rmtree(lost.files.directory / "data")
    lost.start()
    lost.wait_answering()
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


@pytest.mark.campaign
def test_two_halves_of_a_chain_never_commit_apart(start: Start) -> None:
    """Both halves run and have work, but neither can reach the other (stopped by SIGSTOP)."""
    chain = start(ChainOptions(sealers=4))
    chain.wait_connected()
    left, right = chain.nodes[:2], chain.nodes[2:]
    waiting = []
    for half, other in ((left, right), (right, left)):
        for node in other:
            node.send_signal(signal.SIGSTOP)
        waiting.append(Waiting(half[0]))
        time.sleep(3.3)  # More than a timeout: the view has changed.
        assert [node.height() for node in half] == [0, 0]
        assert not waiting[-1].is_mined
        for node in half:
            node.send_signal(signal.SIGSTOP)
        for node in other:
            node.send_signal(signal.SIGCONT)
    for node in chain.nodes:
        node.send_signal(signal.SIGCONT)
    for transaction in waiting:
        transaction.wait()
    chain.wait_height(1)
    assert len({node.group("getBlockHashByNumber", 1) for node in chain.nodes}) == 1
