"""RPBFT (section 4): a part of the sealers works, and one of them changes with each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.support.binaries import Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import Chain, NodeProcess, output_code, prepare, running


@pytest.fixture(scope="module")
def five(binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Five sealers, four of which work; every third block begins an epoch."""
    options = ChainOptions(sealers=5, epoch=(4, 3))
    made = prepare(binary, tmp_path_factory.mktemp("rpbft"), options)
    for node in made.nodes:
        node.files.config["consensus"]["min_seal_time"] = "1"
        node.files.write_config()
    with running(made) as chain:
        chain.wait_connected()
        yield chain


def working(node: NodeProcess) -> set[str]:
    return {sealer["nodeID"] for sealer in node.group("getSealerList")}


def candidates(node: NodeProcess) -> set[str]:
    found: list[dict[str, Any]] = node.group("getNodeListByType", "consensus_candidate_sealer")
    return {sealer["nodeID"] for sealer in found}


def a_worker(chain: Chain) -> NodeProcess:
    """Transactions are sent to those who work."""
    ids = working(chain.nodes[0])
    return next(node for node in chain.nodes if node.files.node_id in ids)


def test_some_work_and_the_others_are_candidates(five: Chain) -> None:
    everyone = {node.files.node_id for node in five.nodes}
    for node in five.nodes:
        assert len(working(node)) == 4
        assert working(node) | candidates(node) == everyone
        status = node.consensus()
        assert (status["consensusNodesNum"], status["minRequiredQuorum"]) == (4, 3)
        assert status["isConsensusNode"] == (node.files.node_id in working(node))
    assert five.nodes[0].group("getSystemConfigByKey", "feature_rpbft")["value"] == "1"


def test_with_each_epoch_one_sealer_goes_and_one_comes(five: Chain) -> None:
    changes = 0
    for _ in range(7):
        before = working(five.nodes[0])
        receipt = a_worker(five).send()
        number = receipt["blockNumber"]
        five.wait_height(number)
        after = working(five.nodes[0])
        assert {frozenset(working(node)) for node in five.nodes} == {frozenset(after)}
        block = five.nodes[0].group("getBlockByNumber", number, False, False)
        first = block["transactions"][0]
        if number % 3 == 0:
            # The leader's own transaction comes first.
            assert (len(after - before), len(before - after)) == (1, 1)
            assert (len(block["transactions"]), first["to"]) == (2, f"{0x1003:040x}")
            changes += 1
        else:
            assert after == before
            assert len(block["transactions"]) == 1
    assert changes >= 2


def test_a_new_sealer_is_a_candidate_first(five: Chain) -> None:
    """4.1: addSealer under feature_rpbft."""
    worker = a_worker(five)
    assert output_code(worker.transact(0x1003, "addObserver(string)", "ab" * 64)) == 0
    worker = a_worker(five)
    assert output_code(worker.transact(0x1003, "addSealer(string,uint256)", "ab" * 64, 1)) == 0
    assert "ab" * 64 in candidates(worker)
