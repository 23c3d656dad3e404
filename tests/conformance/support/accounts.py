"""A client's side of both worlds: accounts, native transactions and ABI calls, section 4.3.

Written from the reference alone, apart from the operator's and from the stand-in's own code, so
that whatever they might have in common is no help here.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import coincurve
from Crypto.Hash import keccak

from tests.conformance.support.sm_authorities import SmKey, sm3

Argument = str | int | bool | bytes
DEPLOY = bytes.fromhex("6001600c60003960016000f300")


def keccak256(data: bytes) -> bytes:
    return bytes(keccak.new(digest_bits=256, data=data).digest())


@dataclass(frozen=True)
class Account:
    """An account that signs transactions."""

    scalar: int
    sm: bool = False

    def hash(self, data: bytes) -> bytes:
        return sm3(data) if self.sm else keccak256(data)

    @cached_property
    def _key(self) -> coincurve.PrivateKey:
        return coincurve.PrivateKey(self.scalar.to_bytes(32, "big"))

    @cached_property
    def public_key(self) -> str:
        """128 hex digits."""
        if self.sm:
            return SmKey(self.scalar).node_id
        return bytes(self._key.public_key.format(compressed=False))[1:].hex()

    @property
    def address(self) -> str:
        """40 hex digits."""
        return self.hash(bytes.fromhex(self.public_key))[-20:].hex()

    def sign(self, digest: bytes) -> bytes:
        """r | s | v, or on an SM chain r | s | public key."""
        if not self.sm:
            return bytes(self._key.sign_recoverable(digest, hasher=None))
        der = SmKey(self.scalar).sign(digest)
        r_end = 4 + der[3]
        r, s = der[4:r_end], der[r_end + 2 :]
        numbers = (int.from_bytes(part, "big").to_bytes(32, "big") for part in (r, s))
        return b"".join(numbers) + bytes.fromhex(self.public_key)

    def call_data(self, signature: str, *arguments: Argument) -> bytes:
        return self.hash(signature.encode())[:4] + encode_arguments(signature, arguments)


@dataclass(frozen=True)
class Transaction:
    """Version 0. `to` is 40 hex digits, or empty to deploy."""

    chain_id: str
    group_id: str
    block_limit: int
    to: str = ""
    input: bytes = DEPLOY
    nonce: str = ""

    def signed_by(self, account: Account) -> bytes:
        nonce = self.nonce or str(random.getrandbits(100))
        texts = (self.chain_id, self.group_id)
        digest = account.hash(
            struct.pack(">i", 0)
            + "".join(texts).encode()
            + struct.pack(">q", self.block_limit)
            + nonce.encode()
            + self.to.encode()
            + self.input
        )
        fields = [_integer(1, 0), _string(2, self.chain_id), _string(3, self.group_id)]
        fields += [_integer(4, self.block_limit), _string(5, nonce)]
        fields += [_string(6, self.to)] if self.to else []
        fields += [_bytes(7, self.input)] if self.input else []
        data = b"\x1a" + b"".join(fields) + b"\x0b"
        return data + _bytes(2, digest) + _bytes(3, account.sign(digest))


def encode_arguments(signature: str, arguments: Sequence[Argument]) -> bytes:
    """Solidity's ABI for strings, numbers, booleans and addresses (20 bytes)."""
    head, tail = b"", b""
    for argument in arguments:
        if isinstance(argument, str):
            data = argument.encode()
            head += (32 * len(arguments) + len(tail)).to_bytes(32, "big")
            tail += len(data).to_bytes(32, "big") + data + b"\0" * (-len(data) % 32)
        elif isinstance(argument, bytes):
            head += argument.rjust(32, b"\0")
        else:
            head += int(argument).to_bytes(32, "big")
    assert signature.count(",") + 1 == len(arguments) or signature.endswith("()")
    return head + tail


# --- Tars ----------------------------------------------------------------------------------------


def _integer(tag: int, value: int) -> bytes:
    if value == 0:
        return bytes([tag << 4 | 12])
    for kind, code, limit in (
        (0, ">b", 2**7),
        (1, ">h", 2**15),
        (2, ">i", 2**31),
        (3, ">q", 2**63),
    ):
        if -limit <= value < limit:
            return bytes([tag << 4 | kind]) + struct.pack(code, value)
    raise ValueError(value)


def _string(tag: int, text: str) -> bytes:
    data = text.encode()
    return bytes([tag << 4 | 6, len(data)]) + data


def _bytes(tag: int, data: bytes) -> bytes:
    return bytes([tag << 4 | 13, 0]) + _integer(0, len(data)) + data
