"""The committee: who governs, by which rates, and which proposals there are."""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from consortium_operator.chain.committee import Committee
from consortium_operator.engines.fisco_bcos import abi
from consortium_operator.engines.fisco_bcos.governance.calls import (
    COMMITTEE,
    CONSENSUS,
    PROPOSE_GOVERNOR,
    PROPOSE_NODE,
    PROPOSE_RATES,
    PROPOSE_REMOVAL,
    PROPOSE_VALUE,
    SYSTEM_CONFIG,
    ContractCall,
    UnknownAnswer,
    typed,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ProposalKind:
    """`number`: as the contract has it. One proposal is open for each number and resource."""

    number: int
    resource: str

    @classmethod
    def named(cls, name: str) -> "ProposalKind":
        """The kind whose name that is."""
        number, _, resource = name.partition("-")
        return cls(int(number), resource)

    @property
    def name(self) -> str:
        return f"{self.number}-{self.resource}"


NODE_WEIGHT = ProposalKind(51, CONSENSUS)
NODE_REMOVAL = ProposalKind(52, CONSENSUS)
SYSTEM_VALUE = ProposalKind(41, SYSTEM_CONFIG)
RATES = ProposalKind(12, COMMITTEE)


def governor_weight(address: str) -> ProposalKind:
    return ProposalKind(11, address.removeprefix("0x").lower())


def kind_of(call: ContractCall) -> ProposalKind:
    """Of the proposal that the call makes."""
    if call.function == PROPOSE_GOVERNOR:
        return governor_weight(typed(call.arguments[0], str))
    return _KINDS[call.function]


_KINDS = {
    PROPOSE_NODE: NODE_WEIGHT,
    PROPOSE_REMOVAL: NODE_REMOVAL,
    PROPOSE_VALUE: SYSTEM_VALUE,
    PROPOSE_RATES: RATES,
}


# The committee and its proposals are in contracts of their own, which the first one names.
COMMITTEE_ADDRESS = ContractCall(COMMITTEE, "_committee()", (), ("address",))
PROPOSALS_ADDRESS = ContractCall(COMMITTEE, "_proposalMgr()", (), ("address",))

_INFO_TYPES = ("uint8", "uint8", "address[]", "uint32[]")
_PROPOSAL_TYPES = ("address", "address", "uint8", "uint256", "uint8", "address[]", "address[]")


class ProposalStatus(IntEnum):
    """ProposalManager.sol. One whose blocks are over stays OPEN until somebody looks."""

    NOT_THERE = 0
    OPEN = 1
    PASSED = 2
    DENIED = 3
    REVOKED = 4
    OUTDATED = 5


@dataclass(frozen=True, slots=True)
class Proposal:
    """`resource` and voters are addresses. `ends`: the last block in which it can be voted on."""

    number: int
    kind: ProposalKind
    proposer: str
    ends: int
    status: ProposalStatus
    agreed: frozenset[str] = frozenset()
    against: frozenset[str] = frozenset()

    def is_open(self, height: int) -> bool:
        return self.status is ProposalStatus.OPEN and height <= self.ends


@dataclass(frozen=True, slots=True)
class Ballot:
    """A proposal, and what its votes weigh in the committee of now. `call`: what made it, where
    that is known."""

    proposal: Proposal
    committee: Committee
    height: int
    call: ContractCall | None = None

    @property
    def is_open(self) -> bool:
        return self.proposal.is_open(self.height)

    @property
    def blocks_left(self) -> int:
        return max(0, self.proposal.ends - self.height) if self.is_open else 0

    @property
    def state(self) -> str:
        """In a word. The chain calls one whose blocks are over open until somebody looks."""
        if self.proposal.status is ProposalStatus.OPEN and not self.is_open:
            return "outdated"
        return self.proposal.status.name.lower().replace("_", " ")

    def weight(self, voters: frozenset[str]) -> int:
        return sum(self.committee.governors.get(one, 0) for one in voters)


def in_words(kind: ProposalKind) -> str:
    """What a proposal would do. The contract tells of what kind it is, not with which arguments;
    those are in the transaction that made it (`origin.py`)."""
    if kind.number == governor_weight("").number:
        return f"set the weight of governor 0x{kind.resource}, or remove it"
    return _WORDS.get(kind, f"a proposal of type {kind.number} about 0x{kind.resource}")


_WORDS = {
    NODE_WEIGHT: "add a node, or change its role or weight",
    NODE_REMOVAL: "remove a node",
    SYSTEM_VALUE: "change a setting of the chain",
    RATES: "change the committee's rates",
}


def committee_info(at: str) -> ContractCall:
    """`at`: what COMMITTEE_ADDRESS gave back."""
    return ContractCall(_plain(at), "getCommitteeInfo()", (), _INFO_TYPES)


def proposal_info(at: str, number: int) -> ContractCall:
    """`at`: what PROPOSALS_ADDRESS gave back, here and below."""
    return ContractCall(_plain(at), "getProposalInfo(uint256)", (number,), _PROPOSAL_TYPES)


def proposal_count(at: str) -> ContractCall:
    return ContractCall(_plain(at), "_proposalCount()", (), ("uint256",))


def last_proposal(at: str, kind: ProposalKind) -> ContractCall:
    """The number of the last proposal of this kind, open or not; 0 where there was none."""
    function = "getIdByTypeAndResourceId(uint8,address)"
    return ContractCall(_plain(at), function, (kind.number, "0x" + kind.resource), ("uint256",))


def read_committee(output: bytes) -> Committee:
    """The result of `committee_info`. Raises UnknownAnswer."""
    participation, win, accounts, weights = committee_info("0x").decode(output)
    addresses, numbers = _list_of(accounts, str), _list_of(weights, int)
    if len(addresses) != len(numbers):
        raise UnknownAnswer("the committee has another number of governors than of weights")
    return Committee(
        dict(zip(addresses, numbers, strict=True)), typed(participation, int), typed(win, int)
    )


def read_address(output: bytes) -> str:
    """The result of COMMITTEE_ADDRESS and PROPOSALS_ADDRESS. Raises UnknownAnswer."""
    return typed(COMMITTEE_ADDRESS.decode(output)[0], str)


def read_number(output: bytes) -> int:
    """The result of `last_proposal` and `proposal_count`. Raises UnknownAnswer."""
    return typed(proposal_count("0x").decode(output)[0], int)


def read_proposal(number: int, output: bytes) -> Proposal:
    """The result of `proposal_info`. Raises UnknownAnswer."""
    resource, proposer, kind, ends, status, agreed, against = proposal_info("0x", number).decode(
        output
    )
    try:
        known = ProposalStatus(typed(status, int))
    except ValueError:
        raise UnknownAnswer(f"the proposal {number} has the unknown status {status!r}") from None
    return Proposal(
        number=number,
        kind=ProposalKind(typed(kind, int), _plain(typed(resource, str))),
        proposer=typed(proposer, str),
        ends=typed(ends, int),
        status=known,
        agreed=frozenset(_list_of(agreed, str)),
        against=frozenset(_list_of(against, str)),
    )


def _plain(address: str) -> str:
    return address.removeprefix("0x")


def _list_of(values: abi.Value, kind: type[_T]) -> list[_T]:
    return [typed(value, kind) for value in typed(values, tuple)]
