"""What a cryptographic suite consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from consortium_operator.engines.fisco_bcos.keys import PublicKey


class KeyKind(Protocol):
    """Private keys of one kind, as PEM files: PKCS#8, not encrypted."""

    def new(self) -> bytes: ...

    def public(self, files: Mapping[str, bytes], name: str) -> PublicKey:
        """The public side of the file `name`. Raises InvalidMaterial for another kind of key."""
        ...


class LedgerKeyKind(KeyKind, Protocol):
    """Keys that sign blocks and transactions: those of nodes and accounts."""

    def sign(self, files: Mapping[str, bytes], name: str, digest: bytes) -> bytes:
        """A signature over 32 bytes, in the form that nodes take. Raises InvalidMaterial."""
        ...

    def signer(self, digest: bytes, signature: bytes) -> bytes:
        """Whose signature it is: the public point, 64 bytes. Raises ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class CryptoSuite:
    """`hash`: of the ledger, 32 bytes. `ledger`: what node.pem and accounts are."""

    hash: Callable[[bytes], bytes]
    ledger: LedgerKeyKind

    def address_of(self, point: bytes) -> str:
        """The account of a public key: 0x and 40 lower-case hex digits.

        `point`: 64 bytes, the uncompressed public point without its leading 04.
        """
        return "0x" + self.hash(point)[-20:].hex()

    def selector(self, signature: str) -> bytes:
        """The four bytes that call a contract's function: `name(type,…)`."""
        return self.hash(signature.encode())[:4]
