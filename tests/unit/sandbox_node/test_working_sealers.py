"""RPBFT: who works at the founding, when a rotation is due, and what it changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import Receipt
from consortium_sandbox.node.executor import working_sealers
from consortium_sandbox.node.executor.calls import CONSENSUS_ADDRESS, Place, Rules
from consortium_sandbox.node.executor.run import call
from consortium_sandbox.node.genesis import FoundingSealer, Genesis
from consortium_sandbox.node.keys import STANDARD
from consortium_sandbox.node.ledger import Ledger, open_ledger
from consortium_sandbox.node.releases import release
from consortium_sandbox.node.state import CANDIDATE, SEALER, State, genesis_changes
from consortium_sandbox.node.suite import KeyPair
from consortium_sandbox.node.transaction import TransactionData, decode, sign
from tests.unit.sandbox_node.test_genesis import genesis, text_of

RULES = Rules(STANDARD, release("3.16.4"))
KEYS = {key.node_id: key for key in (STANDARD.key_pair(bytes([n]) * 32) for n in range(1, 8))}
SET = "setValueByKey(string,string)"


def text_of_rpbft(working: int, blocks: int, *chain: str) -> str:
    rpbft = f"consensus_type=rpbft\nepoch_sealer_num={working}\nepoch_block_num={blocks}"
    lines = "\n".join(("chain_id=chain0", *chain))
    return text_of().replace("consensus_type=pbft", rpbft).replace("chain_id=chain0", lines)


def founded(working: int = 4, blocks: int = 10, sealers: int = 7) -> State:
    return State(
        genesis_changes(genesis_of(text_of_rpbft(working, blocks), sealers), RULES.release)
    )


def genesis_of(text: str, sealers: int = 7) -> Genesis:
    chosen = sorted(KEYS)[:sealers]
    return replace(genesis(text), sealers=tuple(FoundingSealer(each, 1) for each in chosen))


def of_kind(state: State, kind: str) -> set[str]:
    return {member.node_id for member in state.members() if member.kind == kind}


def rotate(state: State, number: int, key: KeyPair, claimed: int | None = None) -> Receipt:
    data = working_sealers.rotation(key, STANDARD, claimed or number)
    sender = STANDARD.address(key.node_id).hex()
    return call(state, Place(RULES, number), sender, CONSENSUS_ADDRESS, data)


def a_worker(state: State) -> KeyPair:
    return KEYS[sorted(of_kind(state, SEALER))[0]]


def test_the_first_epochs_sealers_are_the_same_for_everybody() -> None:
    assert founded().members() == founded().members()
    assert len(of_kind(founded(), SEALER)) == 4
    assert len(of_kind(founded(), CANDIDATE)) == 3
    assert of_kind(founded(working=9), CANDIDATE) == set()


def test_the_committee_is_those_who_work() -> None:
    state = founded()
    assert {sealer.node_id for sealer in state.committee().sealers} == of_kind(state, SEALER)


@pytest.mark.parametrize(("number", "due"), [(1, False), (9, False), (10, True), (20, True)])
def test_a_rotation_is_due_with_every_epoch(number: int, due: bool) -> None:
    assert working_sealers.is_due(founded(), number) is due


def test_a_chain_of_pbft_never_rotates() -> None:
    state = State(genesis_changes(genesis(text_of()), RULES.release))
    assert not working_sealers.is_due(state, 1000)


def test_one_goes_and_one_comes() -> None:
    state = founded()
    before = of_kind(state, SEALER)
    assert rotate(state, 10, a_worker(state)).status == 0
    after = of_kind(state, SEALER)
    assert (len(before - after), len(after - before)) == (1, 1)


def test_where_all_work_nothing_changes() -> None:
    state = founded(working=7)
    before = state.members()
    assert rotate(state, 10, a_worker(state)).status == 0
    assert state.members() == before


def test_a_smaller_epoch_is_reached_at_once_and_a_larger_one_too() -> None:
    state = founded()
    for wanted, number in ((2, 5), (6, 7)):
        data = abi.selector(SET, STANDARD)
        data += abi.encode(["string", "string"], ["feature_rpbft_epoch_sealer_num", str(wanted)])
        call(state, Place(RULES, number), "11" * 20, f"{0x1000:040x}", data)
        assert working_sealers.is_due(state, number + 1)
        rotate(state, number + 1, a_worker(state))
        assert len(of_kind(state, SEALER)) == wanted


def test_only_a_working_sealer_rotates_and_only_with_its_own_proof() -> None:
    state = founded()
    candidate = KEYS[sorted(of_kind(state, CANDIDATE))[0]]
    assert rotate(state, 10, candidate).status == 15
    refused = rotate(state, 10, a_worker(state), claimed=9)
    assert refused.message == "Invalid VRFInput, must be the parentHash!"
    assert of_kind(state, SEALER) == of_kind(founded(), SEALER)


def test_a_rotation_that_is_not_due_does_nothing() -> None:
    state = founded()
    before = state.members()
    assert rotate(state, 11, a_worker(state)).status == 0
    assert state.members() == before


def test_without_the_feature_the_function_is_unknown() -> None:
    state = State(genesis_changes(genesis(text_of()), RULES.release))
    receipt = rotate(state, 10, KEYS[sorted(KEYS)[0]])
    assert receipt.message == "ConsensusPrecompiled call undefined function!"


def test_where_the_last_worker_became_a_candidate_the_first_candidate_votes() -> None:
    """RPBFTConfigTools.cpp: the list of those who vote is never empty."""
    state = founded(working=1, sealers=2)
    (worker,) = of_kind(state, SEALER)
    data = abi.selector("addSealer(string,uint256)", STANDARD)
    data += abi.encode(["string", "uint256"], [worker, 1])
    assert call(state, Place(RULES, 3), "11" * 20, CONSENSUS_ADDRESS, data).status == 0
    assert of_kind(state, SEALER) == set()
    assert len(state.committee().sealers) == 1


@pytest.mark.parametrize(("limit", "left"), [(2, 1), (1, 0)])
def test_a_rotation_takes_a_place_in_the_block(limit: int, left: int, tmp_path: Path) -> None:
    founding = replace(genesis_of(text_of_rpbft(4, 1)), tx_count_limit=limit)
    leader = open_ledger(founding, str(tmp_path), str(tmp_path), RULES.release, print)
    key = KEYS[leader.committee.sealers[0].node_id]
    sent = decode(sign(TransactionData(nonce="1"), key, STANDARD), STANDARD)
    rotation, *others = leader.propose([sent], 1, key).transactions
    assert working_sealers.is_rotation(rotation.data, STANDARD)
    assert len(others) == left


@pytest.mark.parametrize(("limit", "agreed"), [(600, True), (599, False)])
def test_a_chain_with_a_small_block_limit_stops_where_a_rotation_is_due(
    limit: int, agreed: bool, tmp_path: Path
) -> None:
    """VRFBasedSealer.cpp makes a rotation for 600 blocks, and the pools refuse it."""
    founding = genesis_of(text_of_rpbft(4, 1, f"block_limit={limit}"))

    def node(name: str) -> Ledger:
        directory = tmp_path / name
        directory.mkdir()
        return open_ledger(founding, str(directory), str(directory), RULES.release, print)

    leader, other = node("leader"), node("other")
    proposal = leader.propose([], 1, KEYS[leader.committee.sealers[0].node_id])
    assert (other.execute(proposal.block) is not None) is agreed
