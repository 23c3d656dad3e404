"""The operator's view of running nodes, and the transaction that proves their consensus."""

import asyncio
import secrets
from collections.abc import Callable
from typing import TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError

from consortium_operator.api.fisco_bcos import ConsensusType
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.view import NodeView, Silence
from consortium_operator.engines.fisco_bcos.node import answers
from consortium_operator.engines.fisco_bcos.node.answers import Answers
from consortium_operator.engines.fisco_bcos.node.rpc import (
    CallFailed,
    Connection,
    Limits,
    open_connection,
    takes_connections,
)
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD, SUITES
from consortium_operator.engines.fisco_bcos.transaction import Transaction, sign
from consortium_operator.engines.protocol import (
    ChainCallFailed,
    ChainClient,
    ClientIdentity,
    InvalidMaterial,
    NodeEndpoint,
)

# Deploys a contract of one byte, STOP: a block of its own, and nothing that anybody could call.
PROBE_CODE = bytes.fromhex("6001600c60003960016000f300")

# As far ahead as the SDKs reach; a chain may allow less (config.genesis chain.block_limit).
_BLOCKS_AHEAD = 500
_POLL_SECONDS = 0.2

_T = TypeVar("_T")


def connect(plan: Plan) -> ChainClient:
    """The client for the nodes of a planned chain. Opens nothing yet."""
    part = plan.spec.fisco_bcos
    suite = SUITES[part.cryptography]
    return FiscoBcosClient(
        plan.spec.chain_id, part.group_id, suite=suite, consensus=part.consensus.type
    )


def random_nonce() -> str:
    """A decimal string that no other transaction has."""
    return str(secrets.randbits(128))


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
        self._chain_id = chain_id
        self._group_id = group_id
        self._suite = suite
        self._consensus = consensus
        self._limits = limits or Limits()
        self._nonce = nonce
        self._slots = asyncio.Semaphore(self._limits.connections)

    async def view(self, endpoint: NodeEndpoint, identity: ClientIdentity) -> NodeView:
        """What the node says of itself; `problem` where it does not answer everything."""
        try:
            async with (
                self._slots,
                asyncio.timeout(self._limits.view),
                open_connection(endpoint, identity, self._limits) as node,
            ):
                return (await self._ask_everything(node)).view(endpoint.node)
        except CallFailed as error:
            return await self._silent(endpoint, error)
        except TimeoutError:
            problem = f"does not answer everything within {self._limits.view:g} s"
            return NodeView(endpoint.node, problem=problem, silence=Silence.HANGS)

    async def _silent(self, endpoint: NodeEndpoint, error: CallFailed) -> NodeView:
        """Tells a process that was stopped, or hangs, from one that cannot be reached."""
        seconds = self._limits.connect
        gave_no_handshake = isinstance(error.__cause__, aiohttp.ConnectionTimeoutError)
        if gave_no_handshake and await takes_connections(endpoint, seconds):
            problem = f"takes connections, but answers no handshake within {seconds:g} s"
            return NodeView(endpoint.node, problem=problem, silence=Silence.HANGS)
        return NodeView(endpoint.node, problem=error.problem, silence=error.silence)

    async def probe(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, account: PrivateFiles, plan: Plan
    ) -> None:
        """Sends a deployment of one byte to a sealer and returns when the chain holds its block.

        The receipt's status does not matter: a transaction that fails is in a block as well.
        Raises ChainCallFailed.
        """
        ahead = min(_BLOCKS_AHEAD, plan.spec.fisco_bcos.genesis.block_limit)
        async with self._slots, open_connection(endpoint, identity, self._limits) as node:
            height = await self._height(node)
            try:
                raw = self._probe_transaction(height + ahead, account)
            except InvalidMaterial as error:
                raise ChainCallFailed(f"{endpoint.node} cannot be probed: {error}") from error
            await self._wait_for_block(node, raw)

    def _probe_transaction(self, block_limit: int, account: PrivateFiles) -> str:
        transaction = Transaction(
            chain_id=self._chain_id,
            group_id=self._group_id,
            block_limit=block_limit,
            nonce=self._nonce(),
            to="",
            input=PROBE_CODE,
        )
        return "0x" + sign(transaction, account, self._suite).encode().hex()

    async def _wait_for_block(self, node: Connection, raw: str) -> None:
        receipt = await _ask(
            node,
            answers.RECEIPT,
            "sendTransaction",
            *(self._group_id, "", raw, False),
            within=self._limits.receipt,
        )
        block = receipt.block_number
        if block <= 0:
            raise node.failed("answers the probe transaction without a block: no sealer?")
        try:
            async with asyncio.timeout(self._limits.call):
                while True:
                    if await self._height(node) >= block:
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            raise node.failed(f"has no block {block}, which its receipt names") from error

    async def _ask_everything(self, node: Connection) -> Answers:
        here = (self._group_id, "")
        found = Answers(
            consensus=await _ask(node, answers.CONSENSUS_STATUS, "getConsensusStatus", *here),
            sync=await _ask(node, answers.SYNC_STATUS, "getSyncStatus", *here),
            sealers=await _ask(node, answers.SEALERS, "getSealerList", *here),
            candidates=await self._candidates(node),
            # Neither the header only nor the transactions in full.
            block_0=await _ask(node, answers.BLOCK_0, "getBlockByNumber", *here, 0, False, True),
            group=await _ask(node, answers.GROUP_INFO, "getGroupInfo", self._group_id),
        )
        await _ask_for_peers(node)
        return found

    async def _candidates(self, node: Connection) -> list[answers.Sealer]:
        """RPBFT: the sealers that have no work in this epoch."""
        if self._consensus is not ConsensusType.RPBFT:
            return []
        here = (self._group_id, "", "consensus_candidate_sealer")
        return await _ask(node, answers.SEALERS, "getNodeListByType", *here)

    async def _height(self, node: Connection) -> int:
        return await _ask(node, answers.HEIGHT, "getBlockNumber", self._group_id, "")


async def _ask_for_peers(node: Connection) -> None:
    """A node whose gateway hangs answers all the rest, with old values: so this one counts."""
    try:
        await _ask(node, answers.PEERS, "getPeers")
    except CallFailed as error:
        if isinstance(error.__cause__, TimeoutError):
            raise node.failed(f"{error.problem}: its gateway hangs", error.silence) from error
        raise


async def _ask(
    node: Connection,
    shape: TypeAdapter[_T],
    method: str,
    *params: object,
    within: float | None = None,
) -> _T:
    result = await node.call(method, *params, within=within)
    try:
        return shape.validate_python(result, strict=True)
    except ValidationError:
        raise node.failed(f"answers {method} in an unknown shape") from None
