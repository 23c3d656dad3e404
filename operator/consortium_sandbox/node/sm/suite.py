"""SM2 and SM3, by Tongsuo.

SM2 signatures are made with the default user id 1234567812345678, which Tongsuo takes by itself.
A signature names no key by itself, so the public key travels behind it: r | s | public key.
"""

from __future__ import annotations

from functools import lru_cache

from Crypto.Util.asn1 import DerSequence
from tongsuopy.crypto import hashes
from tongsuopy.crypto.asymciphers import ec
from tongsuopy.crypto.exceptions import InvalidSignature

from consortium_sandbox.node.suite import Suite

_SM2_SM3 = ec.ECDSA(hashes.SM3())


def sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return bytes(digest.finalize())


class SmKeyPair:
    """An SM2 key. Its repr shows the public half only."""

    def __init__(self, scalar: bytes) -> None:
        self._key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SM2())
        numbers = self._key.public_key().public_numbers()
        self.node_id = f"{numbers.x:064x}{numbers.y:064x}"

    def __repr__(self) -> str:
        return f"SmKeyPair({self.node_id[:8]}…)"

    def sign_der(self, data: bytes) -> bytes:
        """A DER signature over data of any length."""
        return bytes(self._key.sign(data, _SM2_SM3))

    def sign(self, digest: bytes) -> bytes:
        """r | s | public key, 128 bytes."""
        decoded = DerSequence().decode(self.sign_der(digest))
        r, s = decoded[0], decoded[1]
        return int(r).to_bytes(32, "big") + int(s).to_bytes(32, "big") + bytes.fromhex(self.node_id)


def verify_der(node_id: str, data: bytes, signature: bytes) -> bool:
    """Whether the key with this public point (128 hex digits) signed the data."""
    try:
        _public_key(node_id).verify(signature, data, _SM2_SM3)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def _public_key(node_id: str) -> ec.EllipticCurvePublicKey:
    point = b"\x04" + bytes.fromhex(node_id)
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SM2(), point)


class _Sm(Suite):
    is_sm = True
    signature_size = 128

    def hash(self, data: bytes) -> bytes:
        return sm3(data)

    def key_pair(self, scalar: bytes) -> SmKeyPair:
        return SmKeyPair(scalar)

    def signer(self, digest: bytes, signature: bytes) -> str | None:
        if len(signature) != self.signature_size:
            return None
        node_id = signature[64:].hex()
        r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
        return node_id if verify_der(node_id, digest, DerSequence([r, s]).encode()) else None

    def address(self, node_id: str) -> bytes:
        return sm3(bytes.fromhex(node_id))[-20:]


SM: Suite = _Sm()
