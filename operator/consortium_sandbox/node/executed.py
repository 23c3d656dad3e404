"""A block with what it does, and the record of both that a node keeps on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consortium_sandbox.node.block import (
    Block,
    LogEntry,
    Receipt,
    block_from_bytes,
    block_to_bytes,
)
from consortium_sandbox.node.state import Changes
from consortium_sandbox.node.suite import Suite
from consortium_sandbox.node.transaction import Transaction


@dataclass(frozen=True)
class Executed:
    """A block with what it does; nothing of it has happened yet."""

    block: Block
    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]
    changes: Changes

    @property
    def has_system_transaction(self) -> bool:
        return any(transaction.is_system for transaction in self.transactions)


def to_record(executed: Executed, suite: Suite) -> dict[str, Any]:
    return {
        "hash": executed.block.hash(suite).hex(),
        "block": block_to_bytes(executed.block).decode("latin-1"),
        "transactions": [transaction.hash.hex() for transaction in executed.transactions],
        "view": executed.block.seal.view,
        "nonces": [transaction.data.nonce for transaction in executed.transactions],
        "receipts": [_from_receipt(receipt) for receipt in executed.receipts],
        "changes": executed.changes,
    }


def _from_receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "block": receipt.block_number,
        "status": receipt.status,
        "output": receipt.output.hex(),
        "gas": receipt.gas_used,
        "contract": receipt.contract_address,
        "message": receipt.message,
        "logs": [
            [log.address, [t.hex() for t in log.topics], log.data.hex()] for log in receipt.logs
        ],
    }


def block_in(record: dict[str, Any]) -> Block:
    return block_from_bytes(record["block"].encode("latin-1"))


def receipt_in(record: dict[str, Any], index: int) -> Receipt:
    """Of the transaction that stands at this place in the block."""
    receipt = record["receipts"][index]
    return Receipt(
        block_number=receipt["block"],
        status=receipt["status"],
        output=bytes.fromhex(receipt["output"]),
        gas_used=receipt["gas"],
        contract_address=receipt["contract"],
        message=receipt["message"],
        logs=tuple(
            LogEntry(address, tuple(bytes.fromhex(t) for t in topics), bytes.fromhex(data))
            for address, topics, data in receipt["logs"]
        ),
    )
