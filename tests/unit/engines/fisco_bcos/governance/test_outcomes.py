"""What receipts say of a call: codes, revert texts, proposals and their execution."""

import pytest

from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall, UnknownAnswer
from consortium_operator.engines.fisco_bcos.governance.outcomes import (
    REVERTS,
    Log,
    Outcome,
    Receipt,
    ReturnCode,
    outcome_of,
    words_of,
)
from consortium_operator.engines.fisco_bcos.node import answers
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
from tests import observed
from tests.unit.engines.fisco_bcos.both_suites import in_both_suites

NODE = "ab" * 64


def code(value: int) -> bytes:
    return abi.encode(["int256"], [value])


def executed(suite: CryptoSuite, value: int) -> Log:
    """What the committee logs when a proposal has passed."""
    return Log((suite.hash(b"execResult(int256)"),), code(value))


def reverted(suite: CryptoSuite, text: str) -> bytes:
    return suite.selector("Error(string)") + abi.encode(["string"], [text])


@pytest.mark.parametrize("name", ["receipt_addSealer", "receipt_addObserver"])
def test_a_real_receipt_of_a_change_is_carried_out(name: str) -> None:
    answer = observed.result(name)
    receipt = answers.RECEIPT.validate_python(answer, strict=True).read()
    outcome = outcome_of(calls.add_observer(NODE), receipt, STANDARD)
    assert outcome == Outcome(answer["blockNumber"], is_carried_out=True)


@in_both_suites
@pytest.mark.parametrize("negative", [c for c in ReturnCode if c is not ReturnCode.OK])
def test_a_negative_code_is_a_refusal_though_the_status_is_0(
    suite: CryptoSuite, negative: ReturnCode
) -> None:
    """The node reference, trap 22."""
    receipt = Receipt(9, 0, code(negative))
    outcome = outcome_of(calls.add_sealer(NODE, 1), receipt, suite)
    assert outcome == Outcome(9, refusal=words_of(negative))


def test_an_account_that_cannot_pay_is_told_what_for() -> None:
    outcome = outcome_of(calls.add_observer(NODE), Receipt(9, 7, b""), STANDARD)
    assert outcome.refusal is not None
    assert "gas price" in outcome.refusal


def test_every_code_has_words_of_its_own() -> None:
    assert len({words_of(one) for one in ReturnCode}) == len(ReturnCode)
    assert words_of(-1) == "the chain answers with the code -1"


def test_the_topic_of_an_execution_is_the_one_that_was_seen() -> None:
    """The node reference, section 12: topic 7251e13f…"""
    assert STANDARD.hash(b"execResult(int256)").hex().startswith("7251e13f")


PROPOSALS = [calls.propose_sealer(NODE, 1, 9), calls.propose_rates(51, 51, 9)]


@in_both_suites
@pytest.mark.parametrize("call", PROPOSALS)
def test_a_proposal_that_passed_at_once_is_carried_out(
    suite: CryptoSuite, call: ContractCall
) -> None:
    receipt = Receipt(9, 0, abi.encode(["uint256"], [7]), logs=(executed(suite, 0),))
    assert outcome_of(call, receipt, suite) == Outcome(9, proposal=7, is_carried_out=True)


@in_both_suites
def test_a_proposal_without_a_log_waits_for_votes(suite: CryptoSuite) -> None:
    """The node reference, section 12: status 0, a number and no log; nothing has changed."""
    receipt = Receipt(9, 0, abi.encode(["uint256"], [7]))
    assert outcome_of(PROPOSALS[0], receipt, suite) == Outcome(9, proposal=7)


@in_both_suites
def test_a_proposal_that_passed_and_failed_is_refused(suite: CryptoSuite) -> None:
    """The node reference, section 4.2: it is "passed" even if the execution failed."""
    receipt = Receipt(9, 0, abi.encode(["uint256"], [7]), logs=(executed(suite, -51104),))
    outcome = outcome_of(PROPOSALS[0], receipt, suite)
    assert outcome == Outcome(9, words_of(ReturnCode.NOT_AN_OBSERVER), proposal=7)


@in_both_suites
def test_the_last_vote_carries_a_proposal_out(suite: CryptoSuite) -> None:
    call = calls.vote(7, agree=True)
    assert outcome_of(call, Receipt(9, 0, b""), suite) == Outcome(9)
    passed = Receipt(9, 0, b"", logs=(executed(suite, 0),))
    assert outcome_of(call, passed, suite) == Outcome(9, is_carried_out=True)


def test_logs_of_others_are_passed_over() -> None:
    logs = (Log((), b""), Log((b"\1" * 32,), code(-1)))
    assert outcome_of(
        calls.vote(7, agree=True), Receipt(9, 0, b"", logs=logs), STANDARD
    ) == Outcome(9)


@in_both_suites
@pytest.mark.parametrize("text", REVERTS)
def test_a_revert_of_the_committee_is_told_in_words(suite: CryptoSuite, text: str) -> None:
    receipt = Receipt(9, 16, reverted(suite, text))
    outcome = outcome_of(calls.vote(7, agree=True), receipt, suite)
    assert outcome == Outcome(9, refusal=REVERTS[text])


@pytest.mark.parametrize(
    ("receipt", "words"),
    [
        (Receipt(9, 15, b"", "unsupported key nope"), "unsupported key nope"),
        (Receipt(9, 16, b"", "you must be governor"), REVERTS["you must be governor"]),
        (Receipt(9, 16, reverted(STANDARD, "unsupported key nope")), "unsupported key nope"),
        (Receipt(9, 16, reverted(STANDARD, "x")[:40], "the message"), "the message"),
        (Receipt(9, 12, b""), "the transaction failed with status 12"),
    ],
)
def test_any_failure_is_told_in_the_words_that_there_are(receipt: Receipt, words: str) -> None:
    outcome = outcome_of(calls.propose_value("nope", "1", 9), receipt, STANDARD)
    assert outcome == Outcome(9, refusal=words)


@pytest.mark.parametrize("call", [calls.add_observer(NODE), *PROPOSALS])
@pytest.mark.parametrize("output", [b"", b"\0" * 31])
def test_a_result_that_is_none_is_an_unknown_answer(call: ContractCall, output: bytes) -> None:
    with pytest.raises(UnknownAnswer, match="gives back something else"):
        outcome_of(call, Receipt(9, 0, output), STANDARD)


def test_a_broken_log_of_an_execution_is_an_unknown_answer() -> None:
    log = Log((STANDARD.hash(b"execResult(int256)"),), b"\0")
    with pytest.raises(UnknownAnswer):
        outcome_of(calls.vote(7, agree=True), Receipt(9, 0, b"", logs=(log,)), STANDARD)
