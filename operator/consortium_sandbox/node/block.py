"""Blocks, headers, receipts and their hashes (TarsHashable.h), and how they are written down.

Header and receipt hashes are the real node's, byte for byte. The three roots inside a header are
not: the real ones are Merkle trees over state this stand-in does not have.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, replace
from typing import Any

from consortium_sandbox.node.suite import Suite


@dataclass(frozen=True)
class LogEntry:
    """An event of a contract; `address` is hex without 0x."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Receipt:
    """What a transaction did. `gas_used` is the decimal text that RPC shows as it is."""

    block_number: int
    status: int = 0
    output: bytes = b""
    gas_used: str = "0"
    contract_address: str = ""
    message: str = ""
    logs: tuple[LogEntry, ...] = ()
    version: int = 0

    def hash(self, suite: Suite) -> bytes:
        parts = [
            struct.pack(">i", self.version),
            self.gas_used.encode(),
            self.contract_address.encode(),
            struct.pack(">i", self.status),
            self.output,
        ]
        for log in self.logs:
            parts += [log.address.encode(), *log.topics, log.data]
        parts.append(struct.pack(">q", self.block_number))
        return suite.hash(b"".join(parts))


@dataclass(frozen=True)
class Header:
    """`parent` is None in block 0; roots are empty there and 32 bytes elsewhere."""

    number: int
    version: int
    parent: bytes | None = None
    txs_root: bytes = b""
    receipts_root: bytes = b""
    state_root: bytes = b""
    gas_used: str = ""
    timestamp: int = 0
    sealer: int = 0
    sealer_list: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()
    extra_data: bytes = b""

    def hash(self, suite: Suite) -> bytes:
        parts = [struct.pack(">i", self.version)]
        if self.parent is not None:
            parts += [struct.pack(">q", self.number - 1), self.parent]
        parts += [
            self.txs_root,
            self.receipts_root,
            self.state_root,
            struct.pack(">q", self.number),
            self.gas_used.encode(),
            struct.pack(">q", self.timestamp),
            struct.pack(">q", self.sealer),
            *(bytes.fromhex(node_id) for node_id in self.sealer_list),
            self.extra_data,
            *(struct.pack(">q", weight) for weight in self.weights),
        ]
        return suite.hash(b"".join(parts))


@dataclass(frozen=True)
class Seal:
    """Why a block counts: the commit votes of one view, as (node id, signature)."""

    view: int = 0
    signatures: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Block:
    """A header, the transactions as they came, and, once committed, the seal."""

    header: Header
    transactions: tuple[bytes, ...] = ()
    seal: Seal = Seal()

    def hash(self, suite: Suite) -> bytes:
        return self.header.hash(suite)

    def sealed(self, seal: Seal) -> Block:
        return replace(self, seal=seal)


def root(items: list[bytes], suite: Suite) -> bytes:
    """One hash over a list, in place of the real Merkle root."""
    return suite.hash(b"".join(items)) if items else bytes(32)


def block_to_bytes(block: Block) -> bytes:
    """Deterministic JSON; the inverse is block_from_bytes."""
    header = block.header
    document = {
        "number": header.number,
        "version": header.version,
        "parent": None if header.parent is None else header.parent.hex(),
        "roots": [r.hex() for r in (header.txs_root, header.receipts_root, header.state_root)],
        "gas": header.gas_used,
        "time": header.timestamp,
        "sealer": header.sealer,
        "sealers": list(header.sealer_list),
        "weights": list(header.weights),
        "extra": header.extra_data.hex(),
        "transactions": [raw.hex() for raw in block.transactions],
        "view": block.seal.view,
        "signatures": [[node, signature.hex()] for node, signature in block.seal.signatures],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def block_from_bytes(data: bytes) -> Block:
    """Raises ValueError for anything that block_to_bytes did not write."""
    try:
        return _block(json.loads(data))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a block") from error


def _block(document: dict[str, Any]) -> Block:
    parent = document["parent"]
    roots = [bytes.fromhex(text) for text in document["roots"]]
    header = Header(
        number=int(document["number"]),
        version=int(document["version"]),
        parent=None if parent is None else bytes.fromhex(parent),
        txs_root=roots[0],
        receipts_root=roots[1],
        state_root=roots[2],
        gas_used=str(document["gas"]),
        timestamp=int(document["time"]),
        sealer=int(document["sealer"]),
        sealer_list=tuple(str(node) for node in document["sealers"]),
        weights=tuple(int(weight) for weight in document["weights"]),
        extra_data=bytes.fromhex(document["extra"]),
    )
    seal = Seal(
        view=int(document["view"]),
        signatures=tuple((str(n), bytes.fromhex(s)) for n, s in document["signatures"]),
    )
    return Block(header, tuple(bytes.fromhex(raw) for raw in document["transactions"]), seal)
