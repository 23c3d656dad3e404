"""Native transactions: decode, hash, signer (Transaction.tars, TarsHashable.h).

The bytes a client sent are kept as they came: they are what is passed on and stored.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from consortium_sandbox.node import tars
from consortium_sandbox.node.suite import KeyPair, Suite
from consortium_sandbox.node.tars import Fields, TarsError

# PrecompiledTypeDef.h, c_systemTxsAddress: compared with the raw `to`, so 0x… is no match.
SYSTEM_ADDRESSES = frozenset(
    f"{number:040x}" for number in (0x1000, 0x1003, 0x1005, 0x10001, 0x10002, 0x10003)
)


class BadTransaction(ValueError):
    """The bytes are no transaction, or not one whose hash fits."""


@dataclass(frozen=True)
class TransactionData:
    """What is hashed and signed. `to` is text: 40 hex digits without 0x, or empty to deploy."""

    version: int = 0
    chain_id: str = ""
    group_id: str = ""
    block_limit: int = 0
    nonce: str = ""
    to: str = ""
    input: bytes = b""
    abi: str = ""
    value: str = ""
    gas_price: str = ""
    gas_limit: int = 0
    max_fee_per_gas: str = ""
    max_priority_fee_per_gas: str = ""
    extension: bytes = b""

    def hash(self, suite: Suite) -> bytes:
        parts = [
            struct.pack(">i", self.version),
            self.chain_id.encode(),
            self.group_id.encode(),
            struct.pack(">q", self.block_limit),
            self.nonce.encode(),
            self.to.encode(),
            self.input,
            self.abi.encode(),
        ]
        if self.version >= 1:
            parts += [
                self.value.encode(),
                self.gas_price.encode(),
                struct.pack(">q", self.gas_limit),
                self.max_fee_per_gas.encode(),
                self.max_priority_fee_per_gas.encode(),
            ]
        if self.version >= 2:
            parts.append(self.extension)
        return suite.hash(b"".join(parts))

    def encode(self) -> bytes:
        """As the SDKs write it: the version always, everything else only where it is not empty."""
        texts = {2: self.chain_id, 3: self.group_id, 5: self.nonce, 6: self.to, 8: self.abi}
        texts |= {9: self.value, 10: self.gas_price, 12: self.max_fee_per_gas}
        texts |= {13: self.max_priority_fee_per_gas}
        pieces = {tag: tars.string(tag, text) for tag, text in texts.items() if text}
        pieces[1] = tars.integer(1, self.version)
        for tag, number in ((4, self.block_limit), (11, self.gas_limit)):
            if number:
                pieces[tag] = tars.integer(tag, number)
        for tag, data in ((7, self.input), (14, self.extension)):
            if data:
                pieces[tag] = tars.byte_list(tag, data)
        return b"".join(pieces[tag] for tag in sorted(pieces))


@dataclass(frozen=True)
class Transaction:
    """A transaction as it came; `sender` is None where the signature names nobody."""

    raw: bytes = field(repr=False)
    data: TransactionData
    hash: bytes
    signature: bytes
    attribute: int
    extra_data: str
    sender: bytes | None

    @property
    def is_system(self) -> bool:
        """Only such a transaction makes the nodes reload the membership they vote by."""
        return self.data.to in SYSTEM_ADDRESSES

    @property
    def sender_text(self) -> str:
        return "0x" + (self.sender or b"").hex()


def decode(raw: bytes, suite: Suite) -> Transaction:
    """Raises BadTransaction. A signature that names nobody is left to the pool to refuse.

    One of the other world has the wrong size, which the node throws at already here.
    """
    try:
        outer = tars.decode(raw)
        data = _data(outer)
        stated, signature = _bytes(outer, 2), _bytes(outer, 3)
        extra_data = _text(outer, 8)
    except (TarsError, UnicodeDecodeError, struct.error) as error:
        raise BadTransaction(f"malformed transaction: {error}") from error
    digest = data.hash(suite)
    if stated and stated != digest:
        raise BadTransaction("transaction hash mismatching")
    if suite.is_sm and len(signature) != suite.signature_size:
        raise BadTransaction("invalid signature")
    signer = suite.signer(digest, signature)
    return Transaction(
        raw=raw,
        data=data,
        hash=digest,
        signature=signature,
        attribute=_number(outer, 5),
        extra_data=extra_data,
        sender=None if signer is None else suite.address(signer),
    )


def sign(data: TransactionData, key: KeyPair, suite: Suite) -> bytes:
    """The bytes a client sends."""
    digest = data.hash(suite)
    return (
        tars.structure(1, data.encode())
        + tars.byte_list(2, digest)
        + tars.byte_list(3, key.sign(digest))
    )


def _data(outer: Fields) -> TransactionData:
    inner = outer.get(1)
    if not isinstance(inner, dict):
        raise TarsError("no data")
    return TransactionData(
        version=_number(inner, 1),
        chain_id=_text(inner, 2),
        group_id=_text(inner, 3),
        block_limit=_number(inner, 4),
        nonce=_text(inner, 5),
        to=_text(inner, 6),
        input=_bytes(inner, 7),
        abi=_text(inner, 8),
        value=_text(inner, 9),
        gas_price=_text(inner, 10),
        gas_limit=_number(inner, 11),
        max_fee_per_gas=_text(inner, 12),
        max_priority_fee_per_gas=_text(inner, 13),
        extension=_bytes(inner, 14),
    )


def _number(fields: Fields, tag: int) -> int:
    value = fields.get(tag, 0)
    if not isinstance(value, int):
        raise TarsError(f"field {tag} is no number")
    return value


def _bytes(fields: Fields, tag: int) -> bytes:
    value = fields.get(tag, b"")
    if not isinstance(value, bytes):
        raise TarsError(f"field {tag} is no text")
    return value


def _text(fields: Fields, tag: int) -> str:
    return _bytes(fields, tag).decode()
