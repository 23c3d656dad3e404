"""Reading private keys, with errors that name the file and never hold its content.

Every key of a FISCO BCOS node is an unencrypted PEM file. What a node itself opens must be PKCS#8
with the right curve or size: the node checks neither, it would silently run as somebody else.
"""

import hashlib
from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from consortium_operator.engines.protocol import InvalidMaterial

RSA_BITS = 2048
"""Exactly: the nodes' allow and deny lists name a modulus of 512 hex digits (GatewayConfig.cpp)."""

_PKCS8_HEADER = b"-----BEGIN PRIVATE KEY-----"


def pkcs8(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(key: PublicKeyTypes) -> str:
    """PEM SubjectPublicKeyInfo."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def fingerprint(key: PublicKeyTypes) -> str:
    """sha256 over the DER SubjectPublicKeyInfo, 64 hex digits."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def read_file(files: Mapping[str, bytes], name: str) -> bytes:
    content = files.get(name)
    if not content:
        raise InvalidMaterial(f"{name} is missing or empty")
    return content


def load_key(files: Mapping[str, bytes], name: str) -> PrivateKeyTypes:
    """An unencrypted PEM private key of any kind."""
    content = read_file(files, name)
    try:
        return serialization.load_pem_private_key(content, password=None)
    except TypeError:
        raise InvalidMaterial(f"{name} is encrypted: a key without a password is wanted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidMaterial(
            f"{name} is no readable PEM private key (or its public part does not match)"
        ) from None


def load_secp256k1(files: Mapping[str, bytes], name: str) -> ec.EllipticCurvePrivateKey:
    """A PKCS#8 key on secp256k1. A node takes the number and forgets the curve
    (libinitializer/Common.h), so any other curve would give another node id than ours."""
    key = _load_pkcs8(files, name)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InvalidMaterial(f"{name} is no elliptic curve key: secp256k1 is wanted")
    if not isinstance(key.curve, ec.SECP256K1):
        raise InvalidMaterial(f"{name} is on the curve {key.curve.name}: secp256k1 is wanted")
    return key


def load_rsa(files: Mapping[str, bytes], name: str) -> rsa.RSAPrivateKey:
    """A PKCS#8 key, RSA with exactly 2048 bits."""
    key = _load_pkcs8(files, name)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidMaterial(f"{name} is no RSA key: RSA with {RSA_BITS} bits is wanted")
    check_rsa(key.public_key(), name)
    return key


def check_rsa(key: PublicKeyTypes, name: str) -> rsa.RSAPublicKey:
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidMaterial(f"{name} is no RSA key: RSA with {RSA_BITS} bits is wanted")
    if key.key_size != RSA_BITS:
        raise InvalidMaterial(f"{name} has {key.key_size} bits: RSA with {RSA_BITS} is wanted")
    return key


def load_public_key(pem: str, name: str) -> PublicKeyTypes:
    try:
        return serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidMaterial(f"{name} is no readable PEM public key") from None


def _load_pkcs8(files: Mapping[str, bytes], name: str) -> PrivateKeyTypes:
    if not read_file(files, name).lstrip().startswith(_PKCS8_HEADER):
        raise InvalidMaterial(
            f"{name} is no unencrypted PKCS#8 key (BEGIN PRIVATE KEY): "
            "convert it with `openssl pkcs8 -topk8 -nocrypt`"
        )
    return load_key(files, name)
