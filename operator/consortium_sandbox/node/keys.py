"""The Standard suite (secp256k1, keccak-256), and node.pem of either.

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
from consortium_sandbox.node.suite import KeyPair, Suite


def keccak256(data: bytes) -> bytes:
    return bytes(keccak.new(digest_bits=256, data=data).digest())


class StandardKeyPair:
    """A secp256k1 key. Its repr shows the public half only."""

    def __init__(self, scalar: bytes) -> None:
        self._key = coincurve.PrivateKey(scalar)
        self.node_id = bytes(self._key.public_key.format(compressed=False))[1:].hex()

    def __repr__(self) -> str:
        return f"StandardKeyPair({self.node_id[:8]}…)"

    def sign(self, digest: bytes) -> bytes:
        """r | s | recovery id, 65 bytes."""
        return bytes(self._key.sign_recoverable(digest, hasher=None))


class _Standard(Suite):
    is_sm = False
    signature_size = 65

    def hash(self, data: bytes) -> bytes:
        return keccak256(data)

    def key_pair(self, scalar: bytes) -> StandardKeyPair:
        return StandardKeyPair(scalar)

    def signer(self, digest: bytes, signature: bytes) -> str | None:
        if len(signature) != self.signature_size:
            return None
        try:
            key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
        except Exception:  # coincurve raises bare Exception for a signature without a key
            return None
        return bytes(key.format(compressed=False))[1:].hex()

    def address(self, node_id: str) -> bytes:
        return keccak256(bytes.fromhex(node_id))[-20:]


STANDARD: Suite = _Standard()


def load_key_pair(path: str, suite: Suite) -> KeyPair:
    """Read node.pem. Raises StartFailed with the node's text, which names the path only."""
    try:
        return suite.key_pair(private_scalar(Path(path).read_text()))
    except (OSError, ValueError, IndexError, TypeError):
        pass
    # Raised outside the handler: an exception chain would carry what was read.
    raise runtime_error(f"loadKeyPair failed, keyPair path: {path}")


def private_scalar(pem: str) -> bytes:
    """The 32 bytes of an EC key in PKCS#8, whatever its curve. Raises ValueError and the like."""
    lines = [line for line in pem.splitlines() if line and "-----" not in line]
    outer = DerSequence().decode(base64.b64decode("".join(lines), validate=True))
    inner = DerSequence().decode(DerOctetString().decode(outer[2]).payload)
    scalar = bytes(DerOctetString().decode(inner[1]).payload)
    if not 0 < len(scalar) <= 32:
        raise ValueError("not a 256 bit key")
    return scalar.rjust(32, b"\0")
