"""The two worlds of cryptography: Standard (secp256k1, Keccak) and SM (SM2, SM3).

A chain lives in one of them for ever (`chain.sm_crypto`). Hashes, node ids, addresses, signatures
and selectors all follow from it, so whatever hashes or signs is given the suite of its chain.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from consortium_sandbox.node.failure import runtime_error


class KeyPair(Protocol):
    """A signing key. `node_id` is its public point, 128 hex digits."""

    @property
    def node_id(self) -> str: ...

    def sign(self, digest: bytes) -> bytes:
        """A signature over a 32-byte digest, in the form that transactions carry."""


class Suite(ABC):
    """What depends on the world."""

    is_sm: bool
    signature_size: int

    @abstractmethod
    def hash(self, data: bytes) -> bytes:
        """32 bytes."""

    @abstractmethod
    def key_pair(self, scalar: bytes) -> KeyPair:
        """The key of a 32-byte private scalar. Raises ValueError where it is out of range."""

    @abstractmethod
    def signer(self, digest: bytes, signature: bytes) -> str | None:
        """The node id (public key) that made a signature; None where there is none."""

    @abstractmethod
    def address(self, node_id: str) -> bytes:
        """The account address of a public key: the last 20 bytes of its hash."""


def suite_of(sm_crypto: bool) -> Suite:
    """Imported only where it is needed: the library of SM takes memory of every pod."""
    if not sm_crypto:
        from consortium_sandbox.node.keys import STANDARD

        return STANDARD
    try:
        from consortium_sandbox.node.sm.suite import SM
    except ImportError as error:
        raise runtime_error(f"stand-in: an SM chain needs a package: {error}") from error
    return SM
