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
    output_code,
    prepare,
    running,
    wait_until,
)

SEALER = "addSealer(string,uint256)"
OBSERVER = "addObserver(string)"


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


shared = pytest.mark.xdist_group("four")


@shared
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


@shared
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


@shared
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


@shared
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


@shared
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


@shared
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


# --- the genesis hash ----------------------------------------------------------------------------


def genesis_hash(node: NodeProcess) -> str:
    return str(node.group("getBlockHashByNumber", 0))


def header_hash(node: NodeProcess) -> str:
    return str(node.group("getBlockByNumber", 0, False, False)["hash"])


def test_a_node_that_starts_again_at_height_0_is_refused_by_the_others(start: Start) -> None:
    """Section 12: block 0 is executed anew, its genesis hash changes; the cure is a new volume."""
    chain = start(ChainOptions(sealers=4))
    chain.wait_connected()
    first, *rest = chain.nodes
    before, header = genesis_hash(first), header_hash(first)
    first.restart()
    again = genesis_hash(first)
    assert again != before
    assert header_hash(first) == header
    first.restart()
    assert genesis_hash(first) == again  # The first start gives one hash, every later one another.
    chain.wait_connected()

    rest[0].send()
    chain.wait_height(1, rest)
    refusal = "Receive invalid status packet with different genesis hash"
    wait_until(lambda: refusal in rest[0].output, "the refusal is logged")
    assert first.height() == 0
    peers = [peer["nodeID"] for peer in rest[0].sync()["peers"]]
    assert first.files.node_id not in peers
    assert len(peers) == 2
    assert first.files.node_id in rest[0].rpc("getGroupPeers", "group0")

    first.stop()
    shutil.rmtree(first.files.directory / "data")
    first.start()
    first.wait_answering()
    chain.wait_height(1)


@pytest.mark.parametrize("executor", [0, 1])
def test_the_genesis_hash_is_no_fingerprint_of_the_genesis(executor: int, made: Start) -> None:
    """Section 12: with executor.version 1 another gas limit gives the same hash, and joins."""
    chain = made(ChainOptions(sealers=2, executor_version=executor))
    first, second = chain.nodes
    second.files.genesis["tx"]["gas_limit"] = "3000000001"
    second.files.write_config()
    chain.start()
    chain.wait_connected()
    assert header_hash(first) != header_hash(second)
    texts = {n.group("getBlockByNumber", 0, False, False)["extraData"] for n in chain.nodes}
    assert len(texts) == 2
    if executor == 0:
        assert [genesis_hash(node) for node in chain.nodes] == list(map(header_hash, chain.nodes))
        return
    assert genesis_hash(first) == genesis_hash(second) != header_hash(first)
    assert first.send()["status"] == 0  # Both votes are needed.
    chain.wait_height(1)


def test_with_executor_version_0_a_restart_at_height_0_changes_nothing(start: Start) -> None:
    (node,) = start(ChainOptions(executor_version=0)).nodes
    before = genesis_hash(node)
    node.restart()
    assert genesis_hash(node) == before == header_hash(node)


# --- membership ----------------------------------------------------------------------------------


def test_a_new_node_becomes_observer_then_sealer_and_is_removed(start: Start) -> None:
    """Section 12, Membership (auth off)."""
    chain = start(ChainOptions(sealers=4, others=1))
    chain.wait_connected()
    *sealers, new = chain.nodes
    node_id, member = new.files.node_id, sealers[0]
    member.send()
    chain.wait_height(1, sealers)
    time.sleep(0.5)
    assert (new.height(), new.sync()["peers"]) == (0, [])
    assert output_code(member.transact(0x1003, SEALER, node_id, 1)) == -51104

    assert output_code(member.transact(0x1003, OBSERVER, node_id)) == 0
    chain.wait_height(3)
    assert member.group("getObserverList") == [node_id]
    made_up = new.send()
    assert (made_up["blockNumber"], made_up["hash"], made_up["status"]) == (0, "0x", 0)

    wait_until(lambda: member.height() >= 4, "the observer's transaction is mined")
    assert output_code(member.transact(0x1003, SEALER, node_id, 1)) == 0
    chain.wait_height(5)
    wait_until(lambda: new.consensus()["isConsensusNode"], "it is a sealer")
    assert member.consensus()["consensusNodesNum"] == 5
    sealers[3].stop(signal.SIGKILL)
    new.send()  # Four of five are needed: its vote counts.

    assert output_code(member.transact(0x1003, "remove(string)", node_id)) == 0
    wait_until(lambda: member.consensus()["consensusNodesNum"] == 4, "it is removed")
    height = member.height()
    member.send()
    assert new.height() == height - 1  # It never sees the block that removes it …
    assert new.consensus()["isConsensusNode"]  # … and goes on claiming to be a sealer.


def test_a_demoted_sealer_observes(start: Start) -> None:
    """Section 12: addObserver on a sealer demotes it."""
    chain = start(ChainOptions(sealers=3))
    chain.wait_connected()
    first, *_, last = chain.nodes
    assert output_code(first.transact(0x1003, OBSERVER, last.files.node_id)) == 0
    wait_until(lambda: last.height() == 1, "it has the block")
    wait_until(lambda: not last.consensus()["isConsensusNode"], "it no longer votes")
    assert last.consensus()["index"] == 2**64 - 1
    assert first.consensus()["minRequiredQuorum"] == 2


def test_a_sealer_that_never_ran_stalls_the_chain(start: Start) -> None:
    """Section 12: added with weight 3 of 7, nothing checks."""
    (node,) = start(ChainOptions(weights=(4,))).nodes
    assert output_code(node.transact(0x1003, OBSERVER, "ab" * 64)) == 0
    assert output_code(node.transact(0x1003, SEALER, "ab" * 64, 3)) == 0
    with pytest.raises(TimeoutError):
        node.send(timeout=1.5)
    assert node.height() == 2


def test_a_transaction_sent_to_a_node_in_no_list_is_never_answered(start: Start) -> None:
    """Section 12."""
    chain = start(ChainOptions(others=1))
    chain.wait_connected()
    with pytest.raises(TimeoutError):
        chain.nodes[1].send(timeout=1.5)
    assert chain.nodes[0].height() == 0


def test_a_node_with_another_curves_key_is_another_node(made: Start) -> None:
    """Sections 1.5 and trap 14: a P-256 node.pem is read as secp256k1, silently."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.conformance.support.accounts import Account
    from tests.conformance.support.x509_authorities import pem

    (node,) = made(ChainOptions()).nodes
    key = ec.generate_private_key(ec.SECP256R1())
    (node.files.conf / "node.pem").write_bytes(pem(key))
    node.start().wait_answering()
    scalar = key.private_numbers().private_value
    assert node.sync()["nodeID"] == Account(scalar).public_key
    assert not node.consensus()["isConsensusNode"]
