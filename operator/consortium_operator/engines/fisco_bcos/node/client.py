"""The operator's view of running nodes, and the transaction that proves their consensus."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import aiohttp

from consortium_operator.api.fisco_bcos import ConsensusType
from consortium_operator.chain.changes import Change
from consortium_operator.chain.committee import Committee, Withdrawal
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.quiet import Glance
from consortium_operator.chain.view import CATCH_UP_BLOCKS, NodeView, Silence
from consortium_operator.engines.fisco_bcos.node import answers
from consortium_operator.engines.fisco_bcos.node.answers import Answers
from consortium_operator.engines.fisco_bcos.node.asking import ask
from consortium_operator.engines.fisco_bcos.node.governance import govern
from consortium_operator.engines.fisco_bcos.node.proposing import Proposing
from consortium_operator.engines.fisco_bcos.node.rpc import (
    CallFailed,
    Connection,
    Limits,
    open_connection,
    takes_connections,
)
from consortium_operator.engines.fisco_bcos.node.sending import Sender, random_nonce
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD, SUITES
from consortium_operator.engines.protocol import (
    ChainClient,
    ClientIdentity,
    Enacted,
    Mandate,
    NodeEndpoint,
)

# Deploys a contract of one byte, STOP: a block of its own, and nothing that anybody could call.
PROBE_CODE = bytes.fromhex("6001600c60003960016000f300")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why a node was not heard, as in NodeView."""

    problem: str
    silence: Silence | None


def connect(plan: Plan) -> ChainClient:
    """The client for the nodes of a planned chain. Opens nothing yet."""
    part = plan.spec.fisco_bcos
    suite = SUITES[part.cryptography]
    return FiscoBcosClient(
        plan.spec.chain_id, part.group_id, suite=suite, consensus=part.consensus.type
    )


class FiscoBcosClient:
    """Implements ChainClient. Asks at most `limits.connections` nodes at a time."""

    def __init__(
        self,
        chain_id: str,
        group_id: str,
        limits: Limits | None = None,
        nonce: Callable[[], str] = random_nonce,
        suite: CryptoSuite = STANDARD,
        consensus: ConsensusType = ConsensusType.PBFT,
    ) -> None:
        self._group_id = group_id
        self._consensus = consensus
        self._limits = limits or Limits()
        self._sender = Sender(chain_id, group_id, self._limits, nonce, suite)
        self._slots = asyncio.Semaphore(self._limits.connections)

    async def view(
        self,
        endpoint: NodeEndpoint,
        identity: ClientIdentity,
        heights: Collection[int] | None = None,
    ) -> NodeView:
        """What the node says of itself; `problem` where it does not answer everything."""
        said = await self._hear(endpoint, identity, lambda node: self._everything(node, heights))
        if isinstance(said, _Trouble):
            return NodeView(endpoint.node, problem=said.problem, silence=said.silence)
        return said.view(endpoint.node)

    async def glance(self, endpoint: NodeEndpoint, identity: ClientIdentity) -> Glance:
        """By two questions: one tells nearly all, the other needs a gateway that does not hang."""
        said = await self._hear(endpoint, identity, self._briefly)
        if isinstance(said, _Trouble):
            return Glance(endpoint.node, problem=said.problem, silence=said.silence)
        return Glance(
            endpoint.node,
            node_id=said.node_id,
            height=said.height,
            latest_hash=said.latest_hash,
            genesis_hash=said.genesis_hash,
            peers=said.peer_ids,
        )

    async def _hear(
        self,
        endpoint: NodeEndpoint,
        identity: ClientIdentity,
        ask_all: Callable[[Connection], Awaitable[_T]],
    ) -> _T | _Trouble:
        """The answers, or why they did not come."""
        try:
            async with (
                self._slots,
                asyncio.timeout(self._limits.view),
                open_connection(endpoint, identity, self._limits) as node,
            ):
                return await ask_all(node)
        except CallFailed as error:
            return await self._trouble(endpoint, error)
        except TimeoutError:
            problem = f"does not answer everything within {self._limits.view:g} s"
            return _Trouble(problem, Silence.HANGS)

    async def _trouble(self, endpoint: NodeEndpoint, error: CallFailed) -> _Trouble:
        """Tells a process that was stopped, or hangs, from one that cannot be reached."""
        seconds = self._limits.connect
        gave_no_handshake = isinstance(error.__cause__, aiohttp.ConnectionTimeoutError)
        if gave_no_handshake and await takes_connections(endpoint, seconds):
            problem = f"takes connections, but answers no handshake within {seconds:g} s"
            return _Trouble(problem, Silence.HANGS)
        return _Trouble(error.problem, error.silence)

    async def settings(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, names: Sequence[str], plan: Plan
    ) -> Mapping[str, str]:
        """Only those that were ever made."""
        async with self._slots:
            return await govern(plan, endpoint, identity).values(names)

    async def probe(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, account: PrivateFiles, plan: Plan
    ) -> None:
        """Sends a deployment of one byte to a sealer and returns when the chain holds its block.

        The receipt's status does not matter: a transaction that fails is in a block as well.
        Raises ChainCallFailed.
        """
        block_limit = plan.spec.fisco_bcos.genesis.block_limit
        async with self._slots, open_connection(endpoint, identity, self._limits) as node:
            await self._sender.send(node, account, PROBE_CODE, block_limit=block_limit)

    async def enact(self, mandate: Mandate, change: Change) -> Enacted:
        """By proposals where the committee governs (auth on), else by a call of its own."""
        async with self._slots:
            if mandate.plan.spec.fisco_bcos.executor.auth_check:
                return await _proposing(mandate).bring_about(change)
            through = govern(mandate.plan, mandate.endpoint, mandate.identity)
            changed = await through.change(mandate.accounts[0], change)
        refusal = None if changed.outcome is None else changed.outcome.refusal
        return Enacted(changed.holds, refusal)

    async def withdraw(self, mandate: Mandate, kind: str) -> Withdrawal:
        async with self._slots:
            return await _proposing(mandate).withdraw(kind)

    async def committee(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, plan: Plan
    ) -> Committee:
        async with self._slots:
            return await govern(plan, endpoint, identity).committee()

    async def _briefly(self, node: Connection) -> answers.SyncStatus:
        sync = await ask(node, answers.SYNC_STATUS, "getSyncStatus", self._group_id, "")
        await _ask_for_peers(node)
        return sync

    async def _everything(self, node: Connection, heights: Collection[int] | None) -> Answers:
        here = (self._group_id, "")
        sync = await ask(node, answers.SYNC_STATUS, "getSyncStatus", *here)
        marks = _round_heights(sync.height) if heights is None else sorted(heights)
        found = Answers(
            consensus=await ask(node, answers.CONSENSUS_STATUS, "getConsensusStatus", *here),
            sync=sync,
            marks=await self._hashes(node, [mark for mark in marks if mark < sync.height]),
            sealers=await ask(node, answers.SEALERS, "getSealerList", *here),
            candidates=await self._candidates(node),
            observers=await ask(node, answers.OBSERVERS, "getObserverList", *here),
            # Neither the header only nor the transactions in full.
            block_0=await ask(node, answers.BLOCK_0, "getBlockByNumber", *here, 0, False, True),
            group=await ask(node, answers.GROUP_INFO, "getGroupInfo", self._group_id),
            pending=await ask(node, answers.PENDING, "getPendingTxSize", *here),
        )
        await _ask_for_peers(node)
        return found

    async def _hashes(self, node: Connection, heights: Sequence[int]) -> dict[int, str]:
        found = {
            height: await ask(
                node, answers.HASH, "getBlockHashByNumber", self._group_id, "", height
            )
            for height in heights
        }
        return {height: known for height, known in found.items() if known.strip("0")}

    async def _candidates(self, node: Connection) -> list[answers.Sealer]:
        """RPBFT: the sealers that have no work in this epoch."""
        if self._consensus is not ConsensusType.RPBFT:
            return []
        here = (self._group_id, "", "consensus_candidate_sealer")
        return await ask(node, answers.SEALERS, "getNodeListByType", *here)


def _round_heights(height: int) -> list[int]:
    """The last two below. Nodes of a busy chain are hardly ever read at one height; but any two of
    which none has fallen behind have one of these in common."""
    last = height - height % CATCH_UP_BLOCKS
    return [mark for mark in (last, last - CATCH_UP_BLOCKS) if mark > 0]


async def _ask_for_peers(node: Connection) -> None:
    """A node whose gateway hangs answers all the rest, with old values: so this one counts."""
    try:
        await ask(node, answers.PEERS, "getPeers")
    except CallFailed as error:
        if isinstance(error.__cause__, TimeoutError):
            raise node.failed(f"{error.problem}: its gateway hangs", error.silence) from error
        raise


def _proposing(mandate: Mandate) -> Proposing:
    through = govern(mandate.plan, mandate.endpoint, mandate.identity)
    return Proposing(through, mandate.accounts, mandate.minutes)
