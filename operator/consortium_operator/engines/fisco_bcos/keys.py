"""Reading private keys, with errors that name the file and never hold its content.

Every key of a FISCO BCOS node is an unencrypted PEM file. What a node itself opens must be PKCS#8
with the right curve or size: the node checks neither, it would silently run as somebody else.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from consortium_operator.engines.protocol import InvalidMaterial

_PKCS8_HEADER = b"-----BEGIN PRIVATE KEY-----"
_PEM_LINE = 64


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`pem`: SubjectPublicKeyInfo. `fingerprint`: sha256 over its DER, 64 hex digits. `number`: by
    which FISCO BCOS names the key, in lower-case hex: an RSA key's modulus (512 digits), else the
    uncompressed point without its leading 04 (128 digits)."""

    pem: str
    fingerprint: str
    number: str


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
    return sha256_hex(der)


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pem_of(content: bytes, label: str) -> str:
    """DER in PEM, as OpenSSL writes it."""
    text = base64.b64encode(content).decode()
    lines = [text[start : start + _PEM_LINE] for start in range(0, len(text), _PEM_LINE)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


def read_file(files: Mapping[str, bytes], name: str) -> bytes:
    content = files.get(name)
    if not content:
        raise InvalidMaterial(f"{name} is missing or empty")
    return content


def load_key(files: Mapping[str, bytes], name: str, *, is_ours: bool = False) -> PrivateKeyTypes:
    """An unencrypted PEM private key of any kind.

    `is_ours`: made here, so that the primes of an RSA key need not be proved again, which takes
    0.1 s; the caller then checks its numbers and holds its public part against the register.
    """
    content = read_file(files, name)
    try:
        return serialization.load_pem_private_key(
            content, password=None, unsafe_skip_rsa_key_validation=is_ours
        )
    except TypeError:
        raise InvalidMaterial(f"{name} is encrypted: a key without a password is wanted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidMaterial(
            f"{name} is no readable PEM private key (or its public part does not match)"
        ) from None


def load_pkcs8(files: Mapping[str, bytes], name: str, *, is_ours: bool = False) -> PrivateKeyTypes:
    """As `load_key`, in the form that a node reads."""
    check_pkcs8(read_file(files, name), name)
    return load_key(files, name, is_ours=is_ours)


def check_pkcs8(content: bytes, name: str) -> None:
    if not content.lstrip().startswith(_PKCS8_HEADER):
        raise InvalidMaterial(
            f"{name} is no unencrypted PKCS#8 key (BEGIN PRIVATE KEY): "
            "convert it with `openssl pkcs8 -topk8 -nocrypt`"
        )


def load_public_key(pem: str, name: str) -> PublicKeyTypes:
    try:
        return serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidMaterial(f"{name} is no readable PEM public key") from None
