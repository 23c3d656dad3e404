"""Block 0 and its two hashes, and what a start at height 0 does (section 12)."""

from __future__ import annotations

import shutil
import time

import pytest

from tests.conformance.conftest import Start
from tests.conformance.support.binaries import Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import Chain, NodeProcess, output_code, wait_until

SEALER = "addSealer(string,uint256)"
OBSERVER = "addObserver(string)"


two_hashes = pytest.mark.usefixtures("executor_version_counts")


@pytest.fixture
def executor_version_counts(binary: Binary) -> None:
    if binary.number < (3, 15, 0):
        pytest.skip("before 3.15 there is one hash, the header's")


def genesis_hash(node: NodeProcess) -> str:
    return str(node.group("getBlockHashByNumber", 0))


def header_hash(node: NodeProcess) -> str:
    return str(node.group("getBlockByNumber", 0, False, False)["hash"])


@two_hashes
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


@two_hashes
@pytest.mark.parametrize("executor", [pytest.param(0, marks=pytest.mark.campaign), 1])
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


def test_a_node_of_another_block_0_observes_in_vain(made: Start) -> None:
    """Section 12: after addObserver it knows of blocks and is syncing for ever."""
    chain = made(ChainOptions(others=1, executor_version=0))
    member, other = chain.nodes
    other.files.genesis["tx"]["gas_limit"] = "3000000001"
    other.files.write_config()
    chain.start()
    chain.wait_connected()
    assert other.files.node_id in member.rpc("getGroupPeers", "group0")
    assert output_code(member.transact(0x1003, OBSERVER, other.files.node_id)) == 0
    # It lists the founder in its own block 0, and hears of the founder's block.
    wait_until(lambda: other.sync()["isSyncing"], "it is syncing")
    status = other.sync()
    assert (status["blockNumber"], status["knownHighestNumber"]) == (0, 1)
    time.sleep(2)
    assert other.height() == 0


@two_hashes
@pytest.mark.campaign
def test_two_restarted_of_four_at_height_0_stall_the_chain(start: Start) -> None:
    """Section 12: the chain stalls although connectedNodeList is 4."""
    chain = start(ChainOptions(sealers=4))
    chain.wait_connected()
    for node in chain.nodes[:2]:
        node.restart()
    chain.wait_connected()
    with pytest.raises(TimeoutError):
        chain.nodes[3].send(timeout=8)
    assert [node.height() for node in chain.nodes] == [0, 0, 0, 0]
    assert chain.nodes[3].connected() == 4


@two_hashes
@pytest.mark.campaign
def test_all_restarted_at_height_0_agree_but_who_comes_later_does_not(made: Start) -> None:
    """Section 12."""
    chain = made(ChainOptions(sealers=3, others=1))
    *sealers, late = chain.nodes
    Chain(sealers).start()
    for node in sealers:
        node.restart()
    chain.wait_connected(sealers)
    assert sealers[0].send()["status"] == 0
    late.start().wait_answering()
    chain.wait_connected()
    assert output_code(sealers[0].transact(0x1003, OBSERVER, late.files.node_id)) == 0
    time.sleep(6)
    assert late.height() == 0


@two_hashes
@pytest.mark.campaign
def test_a_free_node_restarted_before_it_has_synced_never_does(start: Start) -> None:
    """Section 12: addObserver and addSealer succeed all the same."""
    chain = start(ChainOptions(sealers=4, others=1))
    chain.wait_connected()
    *sealers, free = chain.nodes
    free.restart()
    chain.wait_connected()
    assert output_code(sealers[0].transact(0x1003, OBSERVER, free.files.node_id)) == 0
    assert output_code(sealers[0].transact(0x1003, SEALER, free.files.node_id, 1)) == 0
    time.sleep(6)
    assert free.height() == 0
