"""What a receipt says of a call, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.governance.calls import (
    COMMITTEE,
    ContractCall,
    UnknownAnswer,
    typed,
)
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite

_EXEC_RESULT = "execResult(int256)"
_ERROR = "Error(string)"
_NOT_ENOUGH_CASH = 7  # TransactionStatus.h


class ReturnCode(IntEnum):
    """What the built-in contracts give back, in a receipt whose status is 0 all the same."""

    OK = 0
    NO_AUTHORITY = -50000
    INVALID_NODE_ID = -51100
    LAST_SEALER = -51101
    INVALID_WEIGHT = -51102
    NODE_NOT_FOUND = -51103
    NOT_AN_OBSERVER = -51104
    INVALID_VALUE = -51300


_WORDS = {
    ReturnCode.OK: "done",
    ReturnCode.NO_AUTHORITY: (
        "the sender may not do this: with auth on only the committee changes the chain"
    ),
    ReturnCode.INVALID_NODE_ID: "the node id is not 128 hex digits",
    ReturnCode.LAST_SEALER: "it is the last sealer at work, which a chain cannot do without",
    ReturnCode.INVALID_WEIGHT: "a sealer's weight is at least 1",
    ReturnCode.NODE_NOT_FOUND: "the node is neither a sealer nor an observer",
    ReturnCode.NOT_AN_OBSERVER: (
        "only an observer becomes a sealer: add the node as an observer first"
    ),
    ReturnCode.INVALID_VALUE: "the setting cannot have this value",
}


def words_of(code: int) -> str:
    """For any code, also one that is not known."""
    known = {one.value: words for one, words in _WORDS.items()}
    return known.get(code, f"the chain answers with the code {code}")


REVERTS: Mapping[str, str] = {
    "you must be governor": "the account is no governor of the chain",
    "Current proposal not end": (
        "another proposal of this type is open: vote on it, revoke it, or wait until it is outdated"
    ),
    "Already voted": "the account has voted on this proposal before",
    "Proposal not exist": "there is no such proposal",
    "Proposal is not votable": "the proposal is closed: it has passed, failed or is outdated",
    "Only newly created proposal can be revoked": "the proposal is closed and cannot be revoked",
    "Only proposer can revoke": "only the governor that made the proposal revokes it",
    "You can not remove yourself!": "a governor cannot remove itself: let another one propose it",
    "invalid range of participatesRate": "the participation rate is 0 to 100",
    "invalid range of winRate": "the win rate is 0 to 100",
    "invalid node.": "the node id is empty",
    "invalid key length.": "the setting's name is empty",
}
"""The committee's own texts (CommitteeManager.sol, ProposalManager.sol) → what they mean."""


@dataclass(frozen=True, slots=True)
class Log:
    """`topics` and `data`: bytes."""

    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """`status`: 0 where the transaction was carried out. `message`: the node's own text."""

    block_number: int
    status: int
    output: bytes
    message: str = ""
    logs: tuple[Log, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call, as its receipt says.

    `refusal`: why it changed nothing, in words, or None. `proposal`: the number of the proposal
    that it made. `is_carried_out`: whether the change was made, for which a proposal may have to
    wait for votes.
    """

    block_number: int
    refusal: str | None = None
    proposal: int | None = None
    is_carried_out: bool = False


def outcome_of(call: ContractCall, receipt: Receipt, suite: CryptoSuite) -> Outcome:
    """Raises UnknownAnswer."""
    block = receipt.block_number
    if receipt.status != 0:
        return Outcome(block, refusal=_refusal(receipt, suite))
    if call.to != COMMITTEE:
        code = typed(call.decode(receipt.output)[0], int)
        refusal = None if code == ReturnCode.OK else words_of(code)
        return Outcome(block, refusal, is_carried_out=refusal is None)
    number = typed(call.decode(receipt.output)[0], int) if call.returns else None
    executed = _exec_result(receipt, suite)
    refusal = None if executed in (None, ReturnCode.OK) else words_of(executed or 0)
    return Outcome(block, refusal, number, is_carried_out=executed == ReturnCode.OK)


def _exec_result(receipt: Receipt, suite: CryptoSuite) -> int | None:
    """What the proposed call gave back, where the proposal has just passed."""
    topic = suite.hash(_EXEC_RESULT.encode())
    for log in receipt.logs:
        if log.topics[:1] == (topic,):
            return typed(_decoded(("int256",), log.data)[0], int)
    return None


def _refusal(receipt: Receipt, suite: CryptoSuite) -> str:
    if receipt.status == _NOT_ENOUGH_CASH:
        return "the account has no balance to pay the chain's gas price with (tx_gas_price)"
    text = _revert_text(receipt, suite)
    return REVERTS.get(text) or text or f"the transaction failed with status {receipt.status}"


def _revert_text(receipt: Receipt, suite: CryptoSuite) -> str:
    """A contract's in its output; that of a built-in contract is the message."""
    selector = suite.selector(_ERROR)
    if receipt.output.startswith(selector):
        try:
            return typed(_decoded(("string",), receipt.output[len(selector) :])[0], str)
        except UnknownAnswer:
            pass
    return receipt.message


def _decoded(types: Sequence[str], data: bytes) -> tuple[abi.Value, ...]:
    try:
        return abi.decode(types, data)
    except abi.AbiError as error:
        raise UnknownAnswer(f"a contract gives back something else: {error}") from error
