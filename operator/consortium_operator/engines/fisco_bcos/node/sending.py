"""Sending a transaction to a sealer, and waiting until the chain holds its block."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.governance.outcomes import Receipt
from consortium_operator.engines.fisco_bcos.node import answers
from consortium_operator.engines.fisco_bcos.node.asking import ask
from consortium_operator.engines.fisco_bcos.node.rpc import Connection, Limits
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
from consortium_operator.engines.fisco_bcos.transaction import Transaction, sign
from consortium_operator.engines.protocol import InvalidMaterial

# As far ahead as the SDKs reach; a chain may allow less (config.genesis chain.block_limit).
_BLOCKS_AHEAD = 500
_POLL_SECONDS = 0.2


def random_nonce() -> str:
    """A decimal string that no other transaction has."""
    return str(secrets.randbits(128))


@dataclass(frozen=True, slots=True)
class Sender:
    """Makes transactions for one chain."""

    chain_id: str
    group_id: str
    limits: Limits = field(default_factory=Limits)
    nonce: Callable[[], str] = random_nonce
    suite: CryptoSuite = STANDARD

    async def send(
        self,
        node: Connection,
        account: PrivateFiles,
        content: bytes,
        *,
        to: str = "",
        block_limit: int = _BLOCKS_AHEAD,
    ) -> Receipt:
        """Returns when the node has the block. `to`: 40 hex digits without 0x, or empty for a
        deployment. `block_limit`: the chain's own (config.genesis).

        To a sealer only: an observer makes a receipt up, and any other node never answers. Raises
        CallFailed.
        """
        height = await self.height(node)
        transaction = Transaction(
            chain_id=self.chain_id,
            group_id=self.group_id,
            block_limit=height + min(_BLOCKS_AHEAD, block_limit),
            nonce=self.nonce(),
            to=to,
            input=content,
        )
        try:
            raw = "0x" + sign(transaction, account, self.suite).encode().hex()
        except InvalidMaterial as error:
            raise node.failed(f"cannot be sent a transaction: {error}") from error
        receipt = await ask(
            node,
            answers.RECEIPT,
            "sendTransaction",
            *(self.group_id, "", raw, False),
            within=self.limits.receipt,
        )
        if receipt.block_number <= 0:
            raise node.failed("answers a transaction without a block: no sealer?")
        await self._wait_for(node, receipt.block_number)
        return receipt.read()

    async def height(self, node: Connection) -> int:
        return await ask(node, answers.HEIGHT, "getBlockNumber", self.group_id, "")

    async def _wait_for(self, node: Connection, block: int) -> None:
        try:
            async with asyncio.timeout(self.limits.call):
                while True:
                    if await self.height(node) >= block:
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            raise node.failed(f"has no block {block}, which its receipt names") from error
