"""secp256k1: the ledger keys of a Standard chain, of nodes and of accounts."""

from collections.abc import Mapping

import coincurve
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from consortium_operator.engines.fisco_bcos.keys import (
    PublicKey,
    fingerprint,
    load_pkcs8,
    pkcs8,
    public_pem,
)
from consortium_operator.engines.protocol import InvalidMaterial

_SIGNATURE_LENGTH = 65


class Secp256k1:
    """Implements LedgerKeyKind. Signatures: r, s and v, of 32, 32 and 1 bytes."""

    def new(self) -> bytes:
        return pkcs8(ec.generate_private_key(ec.SECP256K1()))

    def public(self, files: Mapping[str, bytes], name: str) -> PublicKey:
        key = _load(files, name).public_key()
        point = key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return PublicKey(public_pem(key), fingerprint(key), point[1:].hex())

    def sign(self, files: Mapping[str, bytes], name: str, digest: bytes) -> bytes:
        """The same input gives the same signature (RFC 6979)."""
        scalar = _load(files, name).private_numbers().private_value
        return coincurve.PrivateKey.from_int(scalar).sign_recoverable(digest, hasher=None)

    def signer(self, digest: bytes, signature: bytes) -> bytes:
        if len(signature) != _SIGNATURE_LENGTH:
            raise ValueError(f"a signature has {_SIGNATURE_LENGTH} bytes")
        try:
            public = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
        # coincurve raises Exception itself where nothing can be recovered.
        except Exception:
            raise ValueError("no key made this signature") from None
        return public.format(compressed=False)[1:]


def _load(files: Mapping[str, bytes], name: str) -> ec.EllipticCurvePrivateKey:
    """A node takes the number and forgets the curve (libinitializer/Common.h), so any other curve
    would give another node id than ours."""
    key = load_pkcs8(files, name)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InvalidMaterial(f"{name} is no elliptic curve key: secp256k1 is wanted")
    if not isinstance(key.curve, ec.SECP256K1):
        raise InvalidMaterial(f"{name} is on the curve {key.curve.name}: secp256k1 is wanted")
    return key
