"""Native transactions: what a node's sendTransaction takes.

The bytes are the Tars struct Transaction (bcos-tars-protocol, Transaction.tars). The hash is not
over those bytes but over the fields themselves, and the node compares nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos import tars
from consortium_operator.engines.fisco_bcos.identity import ACCOUNT_KEY
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite

# The struct TransactionData: tag → the field that holds its value, and what an empty one is.
_DATA_FIELDS: Mapping[int, tuple[str, Any]] = {
    1: ("version", 0),
    2: ("chain_id", ""),
    3: ("group_id", ""),
    4: ("block_limit", 0),
    5: ("nonce", ""),
    6: ("to", ""),
    7: ("input", b""),
    8: ("abi", ""),
    9: ("value", ""),
    10: ("gas_price", ""),
    11: ("gas_limit", 0),
    12: ("max_fee_per_gas", ""),
    13: ("max_priority_fee_per_gas", ""),
    14: ("extension", b""),
}
# The others are left out where they are empty, as the SDKs do.
_ALWAYS_WRITTEN = frozenset((1, 2, 3, 4, 5, 7))

# The struct Transaction. A node adds more for itself: importTime, sender, extraData.
_DATA, _DATA_HASH, _SIGNATURE, _ATTRIBUTE = 1, 2, 3, 5

_T = TypeVar("_T", int, str, bytes)

_NEWEST_VERSION = 2
_ADDRESS = re.compile(r"[0-9a-f]{40}")


class InvalidTransaction(ValueError):
    """Bytes that are no transaction, or one whose hash or signature does not fit its content."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is signed.

    `block_limit`: the last block that may hold it; above the height, and at most
    config.genesis chain.block_limit above it. `nonce`: a decimal string that no other transaction
    has. `to`: 40 hex digits *without* 0x (with it a node does not see that a system contract is
    called: PrecompiledTypeDef.h), or empty for a deployment. The fields from `value` on exist from
    version 1 on, `extension` from version 2 on.
    """

    chain_id: str
    group_id: str
    block_limit: int
    nonce: str
    to: str
    input: bytes
    abi: str = ""
    version: int = 0
    value: str = ""
    gas_price: str = ""
    gas_limit: int = 0
    max_fee_per_gas: str = ""
    max_priority_fee_per_gas: str = ""
    extension: bytes = b""

    def hash(self, suite: CryptoSuite) -> bytes:
        """32 bytes, the transaction's id. Raises InvalidTransaction for an unknown version."""
        if not 0 <= self.version <= _NEWEST_VERSION:
            raise InvalidTransaction(f"the transaction version {self.version} is not known")
        hashed = (
            self.version.to_bytes(4, "big")
            + f"{self.chain_id}{self.group_id}".encode()
            + self.block_limit.to_bytes(8, "big", signed=True)
            + f"{self.nonce}{self.to}".encode()
            + self.input
            + self.abi.encode()
        )
        if self.version >= 1:
            hashed += (
                f"{self.value}{self.gas_price}".encode()
                + self.gas_limit.to_bytes(8, "big", signed=True)
                + f"{self.max_fee_per_gas}{self.max_priority_fee_per_gas}".encode()
            )
        if self.version >= 2:
            hashed += self.extension
        return suite.hash(hashed)


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction with its hash and signature, whose form is the suite's.

    `attribute`: bits for the node's scheduler; not signed.
    """

    transaction: Transaction
    data_hash: bytes
    signature: bytes
    attribute: int = 0

    def encode(self) -> bytes:
        """The bytes that sendTransaction takes as 0x and hex."""
        data = {tag: getattr(self.transaction, name) for tag, (name, _) in _DATA_FIELDS.items()}
        found: dict[int, tars.Value] = {
            _DATA: {tag: value for tag, value in data.items() if value or tag in _ALWAYS_WRITTEN},
            _DATA_HASH: self.data_hash,
            _SIGNATURE: self.signature,
        }
        if self.attribute:
            found[_ATTRIBUTE] = self.attribute
        return tars.encode(found)

    @classmethod
    def decode(cls, content: bytes) -> "SignedTransaction":
        """Raises InvalidTransaction where the bytes are no transaction. Checks no signature."""
        try:
            found = tars.decode(content)
        except tars.TarsError as error:
            raise InvalidTransaction(f"no transaction: {error}") from error
        data = found.get(_DATA)
        if not isinstance(data, Mapping):
            raise InvalidTransaction("no transaction: data is missing")
        values: dict[str, Any] = {
            name: _read(data, tag, empty, name) for tag, (name, empty) in _DATA_FIELDS.items()
        }
        return cls(
            transaction=Transaction(**values),
            data_hash=_read(found, _DATA_HASH, b"", "dataHash"),
            signature=_read(found, _SIGNATURE, b"", "signature"),
            attribute=_read(found, _ATTRIBUTE, 0, "attribute"),
        )

    def sender(self, suite: CryptoSuite) -> str:
        """The address of the account that signed: 0x and 40 hex digits.

        Raises InvalidTransaction where hash or signature do not belong to the content.
        """
        hashed = self.transaction.hash(suite)
        if hashed != self.data_hash:
            raise InvalidTransaction("the transaction's hash is not that of its content")
        try:
            return suite.address_of(suite.ledger.signer(hashed, self.signature))
        except ValueError as error:
            raise InvalidTransaction(str(error)) from None


def sign(transaction: Transaction, account: PrivateFiles, suite: CryptoSuite) -> SignedTransaction:
    """Signed with account.pem. Raises InvalidMaterial, and InvalidTransaction for a `to` that a
    node would not take for the contract that is meant."""
    if transaction.to and _ADDRESS.fullmatch(transaction.to) is None:
        raise InvalidTransaction("to must be 40 lower-case hexadecimal digits without 0x")
    hashed = transaction.hash(suite)
    signature = suite.ledger.sign(account, ACCOUNT_KEY, hashed)
    return SignedTransaction(transaction, hashed, signature)


def _read(fields: Mapping[int, tars.Value], tag: int, empty: _T, name: str) -> _T:
    """The field's value, or `empty`, whose type says what it must be."""
    value = fields.get(tag, empty)
    if not isinstance(value, type(empty)):
        raise InvalidTransaction(f"no transaction: {name} is of another type")
    return value
