"""The node's secp256k1 key, its node id, and keccak-256.

node.pem is PKCS#8. The real loader takes the private scalar and never looks at the curve: a P-256
file is read as secp256k1 and silently gives another node id. So does this one.
"""

from __future__ import annotations

import base64
from pathlib import Path

import coincurve
from Crypto.Hash import keccak
from Crypto.Util.asn1 import DerOctetString, DerSequence

from consortium_sandbox.node.failure import runtime_error

SIGNATURE_SIZE = 65


def keccak256(data: bytes) -> bytes:
    return bytes(keccak.new(digest_bits=256, data=data).digest())


class KeyPair:
    """A signing key. Its repr shows the public half only."""

    def __init__(self, scalar: bytes) -> None:
        self._key = coincurve.PrivateKey(scalar)
        self.node_id = bytes(self._key.public_key.format(compressed=False))[1:].hex()

    def __repr__(self) -> str:
        return f"KeyPair({self.node_id[:8]}…)"

    def sign(self, digest: bytes) -> bytes:
        """r | s | recovery id, 65 bytes, over a 32-byte digest."""
        return bytes(self._key.sign_recoverable(digest, hasher=None))


def recover(digest: bytes, signature: bytes) -> str | None:
    """The node id (public key) that made a signature; None where there is none."""
    if len(signature) != SIGNATURE_SIZE:
        return None
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception:  # coincurve raises bare Exception for a signature without a key
        return None
    return bytes(key.format(compressed=False))[1:].hex()


def address(node_id: str) -> bytes:
    """The account address of a public key: the last 20 bytes of its keccak-256."""
    return keccak256(bytes.fromhex(node_id))[-20:]


def load_key_pair(path: str) -> KeyPair:
    """Read node.pem. Raises StartFailed with the node's text, which names the path only."""
    try:
        return KeyPair(_scalar(Path(path).read_text()))
    except (OSError, ValueError, IndexError, TypeError):
        pass
    # Raised outside the handler: an exception chain would carry what was read.
    raise runtime_error(f"loadKeyPair failed, keyPair path: {path}")


def _scalar(pem: str) -> bytes:
    lines = [line for line in pem.splitlines() if line and "-----" not in line]
    outer = DerSequence().decode(base64.b64decode("".join(lines), validate=True))
    inner = DerSequence().decode(DerOctetString().decode(outer[2]).payload)
    scalar = bytes(DerOctetString().decode(inner[1]).payload)
    if not 0 < len(scalar) <= 32:
        raise ValueError("not a 256 bit key")
    return scalar.rjust(32, b"\0")
