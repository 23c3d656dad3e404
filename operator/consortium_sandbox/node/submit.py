"""What becomes of a transaction that a client sends, which depends on the node's role.

- A sealer passes it on, keeps it, and answers when a block holds it; without a quorum, never.
- An observer passes it on and answers at once with a receipt it made up.
- A node in no list passes it on to nodes that refuse it, and never answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from consortium_sandbox.node.block import Receipt
from consortium_sandbox.node.executed import Executed
from consortium_sandbox.node.ledger import Ledger
from consortium_sandbox.node.settings import PoolSettings
from consortium_sandbox.node.transaction import BadTransaction, Transaction, decode
from consortium_sandbox.node.txpool import Refused, TransactionPool

MODULE = "txs"
_EXPIRED = (10010, "TransactionPoolTimeout")
SendTo = Callable[[str, str, Any], None]


class Submitter:
    """`send` and `pool_changed` are set before use."""

    def __init__(
        self, own_id: str, ledger: Ledger, pool: TransactionPool, settings: PoolSettings
    ) -> None:
        self._own_id = own_id
        self._ledger = ledger
        self._pool = pool
        self._settings = settings
        self._reachable: frozenset[str] = frozenset()
        self._waiting: dict[bytes, asyncio.Future[Receipt]] = {}
        self.send: SendTo = lambda to, module, body: None
        self.pool_changed: Callable[[], None] = lambda: None

    async def submit(self, transaction: Transaction) -> tuple[Receipt, bool]:
        """The receipt, and whether it is made up. Raises Refused."""
        if self._own_id not in self._ledger.committee:
            self._pass_on([transaction], self._reachable)
            if not self._ledger.is_member(self._own_id):
                await asyncio.Event().wait()
            return Receipt(block_number=0), True
        self._pool.add(transaction)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[transaction.hash] = answer
        self._pass_on([transaction], self._reachable)
        self.pool_changed()
        return await answer, False

    def receive(self, sender: str, body: Any) -> None:
        """Transactions that another node passes on; those that do not fit are dropped."""
        if not (self._settings.from_free_node or self._ledger.is_member(sender)):
            return
        if self._own_id not in self._ledger.committee or not isinstance(body, list):
            return
        for text in body:
            try:
                self._pool.add(decode(bytes.fromhex(str(text)), self._ledger.rules.suite))
            except (BadTransaction, Refused, ValueError):
                continue
        self.pool_changed()

    def reachable_changed(self, reachable: frozenset[str]) -> None:
        """Sealers that come (back) get everything that waits: one of them may be the leader."""
        new = reachable - self._reachable
        self._reachable = reachable
        self._pass_on(self._pool.waiting(), new)

    def block_committed(self, executed: Executed) -> None:
        """Answer those whose transaction is in the block, or can be in no block any more."""
        included = [transaction.hash for transaction in executed.transactions]
        for transaction_hash, receipt in zip(included, executed.receipts, strict=True):
            self._settle(transaction_hash, receipt)
        for transaction_hash in self._pool.settle(included):
            self._settle(transaction_hash, Refused(_EXPIRED))

    def _settle(self, transaction_hash: bytes, outcome: Receipt | Refused) -> None:
        answer = self._waiting.pop(transaction_hash, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, Refused):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def _pass_on(self, transactions: list[Transaction], to: frozenset[str]) -> None:
        if not transactions:
            return
        body = [transaction.raw.hex() for transaction in transactions]
        for node_id in sorted(to):
            if node_id in self._ledger.committee:
                self.send(node_id, MODULE, body)
