"""Changes of a chain that a committee governs: proposed, voted on by the keys that are here, and
never without a note of it.

One proposal of a kind is open at a time. Ours is found again by what was noted before it was sent;
nobody's else is ever voted on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from consortium_operator.chain.changes import Change, GovernorChange, text_of
from consortium_operator.chain.committee import Minutes, OpenProposal, Proposed, Withdrawal
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall
from consortium_operator.engines.fisco_bcos.governance.changes import holds, next_proposal
from consortium_operator.engines.fisco_bcos.governance.committee import (
    Proposal,
    ProposalKind,
    ProposalStatus,
    kind_of,
)
from consortium_operator.engines.fisco_bcos.identity import account_register
from consortium_operator.engines.fisco_bcos.node.governance import Governance
from consortium_operator.engines.protocol import ChainCallFailed, Enacted

_NO_GOVERNOR = (
    "no account whose key is here is a governor of the chain: name its Secret in "
    "spec.fiscoBcos.governors[].secretName"
)


@dataclass(frozen=True, slots=True)
class Signer:
    address: str
    key: PrivateFiles


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a proposal of this kind stands. `mine`: as noted; `last`: the chain's, open or not."""

    kind: ProposalKind
    what: str
    mine: Proposed | None
    last: Proposal | None

    @property
    def is_ours(self) -> bool:
        return (
            self.mine is not None
            and self.last is not None
            and self.mine.is_it(self.last.number, self.last.proposer)
        )

    @property
    def is_as_wanted(self) -> bool:
        return self.mine is not None and self.mine.what == self.what


@dataclass(frozen=True, slots=True)
class Proposing:
    """All methods raise ChainCallFailed."""

    through: Governance
    accounts: Sequence[PrivateFiles]
    minutes: Minutes

    async def bring_about(self, change: Change) -> Enacted:
        call = next_proposal(change, await self.through.state(change), calls.OPEN_FOR_BLOCKS)
        if call is None:
            return Enacted(holds=True)
        held = await self._held()
        if not held:
            return Enacted(holds=False, refusal=_NO_GOVERNOR)
        slot = await self._slot(call)
        last, mine = slot.last, slot.mine
        if last is not None and await self.through.is_open(last):
            if slot.is_ours and slot.is_as_wanted:
                return await self._vote(change, last, held)
            return await self._make_room(slot, last, held)
        if slot.is_ours and slot.is_as_wanted and last is not None and mine is not None:
            is_same_wish = mine.generation == self.minutes.generation
            if last.status is ProposalStatus.DENIED and is_same_wish:
                why = f"the committee has voted against proposal {last.number}"
                return Enacted(
                    holds=False, refusal=f"{why}; it is proposed anew once the resource changes"
                )
        return await self._propose(change, call, slot, held)

    async def withdraw(self, name: str) -> Withdrawal:
        """Of the kind that is noted under this name."""
        mine = self.minutes.of(name)
        last = await self.through.last_proposal(ProposalKind.named(name))
        if mine is None or last is None or not mine.is_it(last.number, last.proposer):
            return Withdrawal()
        if not await self.through.is_open(last):
            return Withdrawal()
        call = calls.revoke(last.number)
        proposer = next((one for one in await self._held() if one.address == last.proposer), None)
        if proposer is None:
            return Withdrawal(
                refusal=f"proposal {last.number} can only be revoked by {last.proposer}, which is "
                f"no governor with a key here: by {call.in_words()}"
            )
        outcome = await self.through.send(proposer.key, call)
        return Withdrawal(last.number, outcome.refusal)

    async def _held(self) -> list[Signer]:
        """The governors whose keys are here."""
        suite, committee = self.through.sender.suite, await self.through.committee()
        signers = [Signer(account_register(suite, one).address, one) for one in self.accounts]
        return [one for one in signers if one.address in committee.governors]

    async def _slot(self, call: ContractCall) -> _Slot:
        kind = kind_of(call)
        what = f"{call.function} {' '.join(str(one) for one in call.arguments[:-1])}"
        slot = _Slot(kind, what, None, await self.through.last_proposal(kind))
        return replace(slot, mine=self.minutes.of(slot.kind.name))

    async def _make_room(self, slot: _Slot, last: Proposal, held: Sequence[Signer]) -> Enacted:
        """Revokes a proposal of ours that the spec does not ask for any more. Only its proposer
        can, and only as a governor."""
        proposer = next((one for one in held if one.address == last.proposer), None)
        if not slot.is_ours or proposer is None:
            stays = OpenProposal(last.number, last.proposer, False, was_ours=slot.is_ours)
            return Enacted(holds=False, proposal=stays)
        outcome = await self.through.send(proposer.key, calls.revoke(last.number))
        return Enacted(holds=False, refusal=outcome.refusal)

    async def _propose(
        self, change: Change, call: ContractCall, slot: _Slot, held: Sequence[Signer]
    ) -> Enacted:
        proposer = next((one for one in held if not _removes(change, one.address)), None)
        if proposer is None:
            return Enacted(holds=False, refusal="only another governor can remove this one")
        after = slot.last.number if slot.last is not None else 0
        noted = Proposed(
            slot.what,
            proposer.address,
            after,
            self.minutes.generation,
            change=text_of(change),
        )
        await self.minutes.note(slot.kind.name, noted)
        outcome = await self.through.send(proposer.key, call)
        if outcome.refusal is not None:
            return Enacted(holds=False, refusal=outcome.refusal)
        if outcome.proposal is None:
            raise ChainCallFailed(f"{call.function} gave no number back")
        await self.minutes.note(slot.kind.name, replace(noted, number=outcome.proposal))
        return await self._vote(change, await self.through.proposal(outcome.proposal), held)

    async def _vote(self, change: Change, made: Proposal, held: Sequence[Signer]) -> Enacted:
        """With all keys that are here, until it has passed."""
        for signer in held:
            if not await self.through.is_open(made):
                break
            if signer.address in made.agreed | made.against:
                continue
            outcome = await self.through.send(signer.key, calls.vote(made.number, agree=True))
            if outcome.refusal is not None:
                return Enacted(holds=False, refusal=outcome.refusal)
            made = await self.through.proposal(made.number)
        if holds(change, await self.through.state(change)):
            return Enacted(holds=True)
        if await self.through.is_open(made):
            vote = calls.vote(made.number, agree=True).in_words()
            waits = OpenProposal(made.number, made.proposer, is_ours=True, vote=vote)
            return Enacted(holds=False, proposal=waits)
        return Enacted(holds=False)


def _removes(change: Change, address: str) -> bool:
    return isinstance(change, GovernorChange) and change == GovernorChange(address, 0)
