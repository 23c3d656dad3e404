"""The committee that governs a chain with auth on, and what the operator remembers of its own
proposals. Addresses are 0x and 40 lower-case hex digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Committee:
    """`governors`: address → weight. Rates in percent."""

    governors: Mapping[str, int]
    participation: int
    win: int


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal that the operator made, or was about to make: it is noted before it is sent.

    `what`: the call, without the time that it has. `after`: the number of the last proposal of its
    kind before; `number`: its own, once known. `generation`: of the resource that asked for it.
    `change`: what it is to bring about, as `chain.changes.text_of` has it.
    """

    what: str
    proposer: str
    after: int
    generation: int
    number: int | None = None
    change: str = ""

    def is_it(self, number: int, proposer: str) -> bool:
        """Whether a proposal of this kind is this one. After a crash the number is not known: then
        it is the first that the same account has made since."""
        if self.number is not None:
            return number == self.number
        return number > self.after and proposer == self.proposer


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """One that governors have not decided yet. `is_ours`: made by the operator for this change;
    another one takes its place. `vote`: the call by which another governor agrees. `was_ours`: made
    by the operator for something else, and it cannot revoke it any more."""

    number: int
    proposer: str
    is_ours: bool
    vote: str = ""
    was_ours: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What became of a proposal that is not wanted any more. `number`: of the one that was revoked,
    None where none was open. `refusal`: why it could not be, in words."""

    number: int | None = None
    refusal: str | None = None


class Minutes(Protocol):
    """What the operator remembers of its own proposals, by kind, whatever happens to it.
    `generation`: of the resource that asks now."""

    @property
    def generation(self) -> int: ...
    def of(self, kind: str) -> Proposed | None: ...
    async def note(self, kind: str, proposed: Proposed) -> None:
        """Raises ChainCallFailed where it cannot be kept."""
        ...
