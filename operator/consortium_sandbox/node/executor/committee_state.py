"""What the governance contracts store: governors, rates, proposals and their slots."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from consortium_sandbox.node.state import State

OPEN, PASSED, DENIED, REVOKED, OUTDATED = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Proposal:
    """`signature` and `input` are the call that made it; `ends` is the last block it is open in."""

    kind: int
    resource: str
    proposer: str
    ends: int
    signature: str
    input: str
    status: int = OPEN
    agree: tuple[str, ...] = ()
    against: tuple[str, ...] = ()

    def has_voted(self, account: str) -> bool:
        return account in self.agree or account in self.against

    def with_vote(self, account: str, *, agree: bool) -> Proposal:
        if agree:
            return replace(self, agree=(*self.agree, account))
        return replace(self, against=(*self.against, account))

    def with_status(self, status: int) -> Proposal:
        return replace(self, status=status)


class Council:
    """Typed access to a state. Accounts and resources are 40 hex digits."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def governors(self) -> dict[str, int]:
        """Weights by account, in the order they came."""
        found: dict[str, int] = json.loads(self._state.get("governors") or "{}")
        return found

    def set_governor(self, account: str, weight: int) -> None:
        """Weight 0 removes it."""
        governors = self.governors | {account: weight}
        kept = {account: weight for account, weight in governors.items() if weight}
        self._state.put("governors", json.dumps(kept))

    def weight(self, accounts: Iterable[str]) -> int:
        governors = self.governors
        return sum(governors.get(account, 0) for account in accounts)

    @property
    def rates(self) -> tuple[int, int]:
        """Participation and approval, in per cent."""
        participation, win = json.loads(self._state.get("governance-rates") or "[0, 0]")
        return participation, win

    def set_rates(self, participation: int, win: int) -> None:
        self._state.put("governance-rates", json.dumps([participation, win]))

    @property
    def count(self) -> int:
        return int(self._state.get("proposal-count") or 0)

    def add(self, proposal: Proposal) -> int:
        """The number of the new proposal, which takes its slot."""
        number = self.count + 1
        self._state.put("proposal-count", str(number))
        self._state.put(_slot(proposal.kind, proposal.resource), str(number))
        self.put(number, proposal)
        return number

    def put(self, number: int, proposal: Proposal) -> None:
        self._state.put(f"proposal/{number}", json.dumps(asdict(proposal), sort_keys=True))

    def proposal(self, number: int) -> Proposal | None:
        found = self._state.get(f"proposal/{number}")
        if found is None:
            return None
        fields = json.loads(found)
        lists = {name: tuple(fields[name]) for name in ("agree", "against")}
        return Proposal(**(fields | lists))

    def refreshed(self, number: int, block_number: int) -> Proposal:
        """A proposal that exists, marked outdated if its blocks are over.

        Expiry is counted in blocks: an idle chain never ends a proposal.
        """
        proposal = self.proposal(number)
        assert proposal is not None
        if proposal.status == OPEN and block_number > proposal.ends:
            proposal = proposal.with_status(OUTDATED)
            self.put(number, proposal)
        return proposal

    def slot(self, kind: int, resource: str) -> int:
        """The newest proposal of a type for a resource; 0 where there was none."""
        return int(self._state.get(_slot(kind, resource)) or 0)


def _slot(kind: int, resource: str) -> str:
    return f"proposal-slot/{kind}/{resource}"
