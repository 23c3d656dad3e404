"""Changing a running chain and reading back what became of it.

Everything goes through one sealer of the caller's choice. Who may change what, and what should be
changed, is decided elsewhere: here a call is sent, and what the chain says afterwards is told.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from consortium_operator.api.fisco_bcos import ConsensusType
from consortium_operator.chain.changes import Change, MemberChange, Members, SettingChange
from consortium_operator.chain.committee import Committee
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.abi import AbiError
from consortium_operator.engines.fisco_bcos.governance import committee
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall, UnknownAnswer
from consortium_operator.engines.fisco_bcos.governance.changes import (
    State,
    holds,
    next_call,
)
from consortium_operator.engines.fisco_bcos.governance.committee import (
    Ballot,
    Proposal,
    ProposalKind,
)
from consortium_operator.engines.fisco_bcos.governance.outcomes import Outcome, outcome_of
from consortium_operator.engines.fisco_bcos.node import answers
from consortium_operator.engines.fisco_bcos.node.asking import ask
from consortium_operator.engines.fisco_bcos.node.origin import call_of
from consortium_operator.engines.fisco_bcos.node.rpc import (
    CallFailed,
    Connection,
    Limits,
    open_connection,
)
from consortium_operator.engines.fisco_bcos.node.sending import Sender
from consortium_operator.engines.fisco_bcos.suites.table import SUITES
from consortium_operator.engines.protocol import ClientIdentity, NodeEndpoint

_T = TypeVar("_T")

_NO_SUCH_ENTRY = 3008
"""What a node answers for a setting that was never made, seen on 3.16.4."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a wanted change. `outcome`: of the call that was sent, or None where nothing
    was left to do. `holds`: by what the chain says now."""

    outcome: Outcome | None
    holds: bool


def govern(plan: Plan, endpoint: NodeEndpoint, identity: ClientIdentity) -> "Governance":
    """By a sealer of a planned chain. Opens nothing yet."""
    part = plan.spec.fisco_bcos
    sender = Sender(plan.spec.chain_id, part.group_id, suite=SUITES[part.cryptography])
    return Governance(sender, endpoint, identity, part.consensus.type, part.genesis.block_limit)


@dataclass(frozen=True, slots=True)
class Governance:
    """All methods raise ChainCallFailed. `block_limit`: the chain's (config.genesis)."""

    sender: Sender
    endpoint: NodeEndpoint
    identity: ClientIdentity
    consensus: ConsensusType = ConsensusType.PBFT
    block_limit: int = 1000

    @property
    def limits(self) -> Limits:
        return self.sender.limits

    async def members(self) -> Members:
        async with self._connection() as node:
            return await self._members(node)

    async def values(self, keys: Sequence[str]) -> dict[str, str]:
        """Settings of the running chain, without those that were never made."""
        async with self._connection() as node:
            found = {key: await self._value(node, key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    async def committee(self) -> Committee:
        async with self._connection() as node:
            return await self._committee(node)

    async def proposal(self, number: int) -> Proposal:
        """Status NOT_THERE where there is none of this number."""
        async with self._connection() as node:
            at = await self._address(node, committee.PROPOSALS_ADDRESS)
            return await self._proposal(node, at, number)

    async def ballot(self, number: int) -> Ballot:
        """As `proposal`, with all that one must know to vote on it."""
        async with self._connection() as node:
            at = await self._address(node, committee.PROPOSALS_ADDRESS)
            found, governors = await self._proposal(node, at, number), await self._committee(node)
            return await self._ballot(node, found, governors, await self.sender.height(node))

    async def open_ballots(self) -> list[Ballot]:
        """The chain keeps all proposals that there ever were, and lists none."""
        async with self._connection() as node:
            at = await self._address(node, committee.PROPOSALS_ADDRESS)
            count = await self._read(node, committee.proposal_count(at), committee.read_number)
            governors, height = await self._committee(node), await self.sender.height(node)
            found = [await self._proposal(node, at, one) for one in range(1, count + 1)]
            return [
                await self._ballot(node, one, governors, height)
                for one in found
                if one.is_open(height)
            ]

    async def last_proposal(self, kind: ProposalKind) -> Proposal | None:
        """The last one of its kind, open or not: while it is, there is no place for another."""
        async with self._connection() as node:
            at = await self._address(node, committee.PROPOSALS_ADDRESS)
            number = await self._read(
                node, committee.last_proposal(at, kind), committee.read_number
            )
            return await self._proposal(node, at, number) if number else None

    async def is_open(self, proposal: Proposal) -> bool:
        async with self._connection() as node:
            return proposal.is_open(await self.sender.height(node))

    async def state(self, change: Change) -> State:
        """What the chain says of the thing that the change is about."""
        async with self._connection() as node:
            return await self._state(node, change)

    async def send(self, account: PrivateFiles, call: ContractCall) -> Outcome:
        """The call as its receipt tells it; the node has its block then."""
        async with self._connection() as node:
            return await self._send(node, account, call)

    async def change(self, account: PrivateFiles, change: Change) -> Changed:
        """One step of the change, on a chain with auth off."""
        async with self._connection() as node:
            call = next_call(change, await self._state(node, change))
            if call is None:
                return Changed(None, holds=True)
            outcome = await self._send(node, account, call)
            return Changed(outcome, holds(change, await self._state(node, change)))

    async def _state(self, node: Connection, change: Change) -> State:
        if isinstance(change, MemberChange):
            return await self._members(node)
        if isinstance(change, SettingChange):
            return await self._value(node, change.key)
        return await self._committee(node)

    async def _committee(self, node: Connection) -> Committee:
        at = await self._address(node, committee.COMMITTEE_ADDRESS)
        return await self._read(node, committee.committee_info(at), committee.read_committee)

    async def _value(self, node: Connection, key: str) -> str | None:
        try:
            found = await ask(
                node, answers.SETTING, "getSystemConfigByKey", self.sender.group_id, "", key
            )
        except CallFailed as error:
            if error.code == _NO_SUCH_ENTRY:
                return None
            raise
        return found.value

    async def _send(self, node: Connection, account: PrivateFiles, call: ContractCall) -> Outcome:
        await self._refuse_all_but_sealers(node)
        suite = self.sender.suite
        try:
            content = call.encode(suite)
            receipt = await self.sender.send(
                node, account, content, to=call.to, block_limit=self.block_limit
            )
            return outcome_of(call, receipt, suite)
        except AbiError as error:
            raise node.failed(f"cannot be sent {call.function}: {error}") from error
        except UnknownAnswer as error:
            raise node.failed(f"answers a transaction strangely: {error}") from error

    async def _refuse_all_but_sealers(self, node: Connection) -> None:
        """An observer makes a receipt up, and a node in no list never answers."""
        here = (self.sender.group_id, "")
        itself = await ask(node, answers.SYNC_STATUS, "getSyncStatus", *here)
        sealers = await ask(node, answers.SEALERS, "getSealerList", *here)
        if itself.node_id not in {sealer.node_id for sealer in sealers}:
            raise node.failed("is no sealer, and transactions are sent to sealers only")

    async def _members(self, node: Connection) -> Members:
        here = (self.sender.group_id, "")
        kind = (*here, "consensus_candidate_sealer")
        sealers = await ask(node, answers.SEALERS, "getSealerList", *here)
        elects = self.consensus is ConsensusType.RPBFT
        waiting = await ask(node, answers.SEALERS, "getNodeListByType", *kind) if elects else []
        observers = await ask(node, answers.OBSERVERS, "getObserverList", *here)
        return Members(
            {one.node_id: one.weight for one in (*sealers, *waiting)},
            frozenset(observers),
            frozenset(one.node_id for one in waiting),
        )

    async def _proposal(self, node: Connection, at: str, number: int) -> Proposal:
        call = committee.proposal_info(at, number)
        return await self._read(node, call, partial(committee.read_proposal, number))

    async def _ballot(
        self, node: Connection, proposal: Proposal, governors: Committee, height: int
    ) -> Ballot:
        call = await call_of(node, self.sender, proposal, height)
        return Ballot(proposal, governors, height, call)

    async def _address(self, node: Connection, call: ContractCall) -> str:
        return await self._read(node, call, committee.read_address)

    async def _read(self, node: Connection, call: ContractCall, read: Callable[[bytes], _T]) -> _T:
        """What a contract says, without a transaction."""
        data = "0x" + call.encode(self.sender.suite).hex()
        params = (self.sender.group_id, "", call.to, data)
        found = await ask(node, answers.CALLED, "call", *params)
        if found.status != 0:
            raise node.failed(f"answers call of {call.function} with status {found.status}")
        try:
            return read(found.output)
        except UnknownAnswer as error:
            raise node.failed(f"answers call strangely: {error}") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with open_connection(self.endpoint, self.identity, self.limits) as node:
            yield node
