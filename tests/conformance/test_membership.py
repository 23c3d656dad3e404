"""Who is a member, and in which role: section 12, Membership (auth off)."""

from __future__ import annotations

import signal
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conformance.conftest import Start
from tests.conformance.support.accounts import Account
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import output_code, wait_until
from tests.conformance.support.x509_authorities import pem

SEALER = "addSealer(string,uint256)"
OBSERVER = "addObserver(string)"


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


@pytest.mark.campaign
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
    (node,) = made(ChainOptions()).nodes
    key = ec.generate_private_key(ec.SECP256R1())
    (node.files.conf / "node.pem").write_bytes(pem(key))
    node.start().wait_answering()
    scalar = key.private_numbers().private_value
    assert node.sync()["nodeID"] == Account(scalar).public_key
    assert not node.consensus()["isConsensusNode"]
