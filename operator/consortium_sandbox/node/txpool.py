"""Transactions that wait for a block."""

from __future__ import annotations

from consortium_sandbox.node.ledger import Ledger
from consortium_sandbox.node.settings import PoolSettings
from consortium_sandbox.node.transaction import Transaction

# TransactionStatus.h: the error's code and its text.
NONCE_CHECK_FAIL = (10000, "NonceCheckFail")
BLOCK_LIMIT_CHECK_FAIL = (10001, "BlockLimitCheckFail")
POOL_IS_FULL = (10002, "TxPoolIsFull")
ALREADY_IN_POOL = (10004, "AlreadyInTxPool")
INVALID_CHAIN_ID = (10006, "InvalidChainId")
INVALID_GROUP_ID = (10007, "InvalidGroupId")
INVALID_SIGNATURE = (10008, "InvalidSignature")


class Refused(Exception):
    """The pool does not take a transaction."""

    def __init__(self, status: tuple[int, str]) -> None:
        self.code, self.text = status
        super().__init__(self.text)


class TransactionPool:
    """In order of arrival. Each nonce once, here and in the recent chain."""

    def __init__(self, ledger: Ledger, settings: PoolSettings) -> None:
        self._ledger = ledger
        self._settings = settings
        self._waiting: dict[bytes, Transaction] = {}
        self._nonces: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, transaction_hash: bytes) -> bool:
        return transaction_hash in self._waiting

    def add(self, transaction: Transaction) -> None:
        """Raises Refused, in the node's order of checks."""
        data, chain = transaction.data, self._ledger.genesis.chain
        if transaction.hash in self._waiting:
            raise Refused(ALREADY_IN_POOL)
        if len(self._waiting) >= self._settings.limit:
            raise Refused(POOL_IS_FULL)
        if data.group_id != chain.group_id:
            raise Refused(INVALID_GROUP_ID)
        if data.chain_id != chain.chain_id:
            raise Refused(INVALID_CHAIN_ID)
        if transaction.sender is None:
            raise Refused(INVALID_SIGNATURE)
        if data.nonce in self._nonces or self._ledger.has_nonce(data.nonce):
            raise Refused(NONCE_CHECK_FAIL)
        if self._settings.check_block_limit and not self._is_within_limit(transaction):
            raise Refused(BLOCK_LIMIT_CHECK_FAIL)
        self._waiting[transaction.hash] = transaction
        self._nonces.add(data.nonce)

    def first(self, count: int) -> list[Transaction]:
        """The oldest that may still go into the next block."""
        fitting = (each for each in self._waiting.values() if self._is_within_limit(each))
        return [transaction for _, transaction in zip(range(count), fitting, strict=False)]

    def waiting(self) -> list[Transaction]:
        return list(self._waiting.values())

    def settle(self, included: list[bytes]) -> list[bytes]:
        """After a block: drop what it holds, and return (and drop) what can never be included."""
        for transaction_hash in included:
            self._drop(transaction_hash)
        expired = [
            transaction.hash
            for transaction in self._waiting.values()
            if transaction.data.block_limit <= self._ledger.height
            or self._ledger.has_nonce(transaction.data.nonce)
        ]
        for transaction_hash in expired:
            self._drop(transaction_hash)
        return expired

    def _drop(self, transaction_hash: bytes) -> None:
        transaction = self._waiting.pop(transaction_hash, None)
        if transaction is not None:
            self._nonces.discard(transaction.data.nonce)

    def _is_within_limit(self, transaction: Transaction) -> bool:
        height = self._ledger.height
        limit = self._ledger.genesis.chain.block_limit
        return height < transaction.data.block_limit <= height + limit
