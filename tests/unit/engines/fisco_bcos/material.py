"""Keys, authorities and moments that the tests of this folder share."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos import certificates, identity
from consortium_operator.engines.protocol import Subject, Validity

NOW = datetime.now(UTC).replace(microsecond=0)
"""The real one: OpenSSL and the TLS handshakes of these tests look at the machine's clock."""


OPENSSL_VERIFY = ("openssl", "verify", "-no-CAfile", "-no-CAstore")
"""Nothing is trusted but what a test names."""


def validity(*, days: float = 30, since_days: float = 1, serial: int = 1) -> Validity:
    return Validity(NOW - timedelta(days=since_days), NOW + timedelta(days=days), serial)


def subject(
    name: str = "node-ca", *, chain: str = "trade", member: str = "webank", generation: int = 1
) -> Subject:
    return Subject(chain=chain, member=member, name=name, generation=generation)


def authority(member: str = "webank", kind: str = "node-ca", generation: int = 1) -> PrivateFiles:
    """The same one at every call."""
    return _authority(member, kind, generation)


@cache
def _authority(member: str, kind: str, generation: int) -> PrivateFiles:
    return certificates.new_authority(
        subject(kind, member=member, generation=generation), validity(days=300)
    )


# RSA keys take 100 ms each, so the tests share them.
@cache
def tls_key() -> PrivateFiles:
    return identity.new_tls_key()


@cache
def client_key() -> PrivateFiles:
    return identity.new_client_key()


@cache
def rsa_of(bits: int) -> bytes:
    return pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=bits))


def tls_public_key() -> str:
    return identity.node_register(identity.new_node_key(), tls_key()).tls_public_key


def secp256k1(scalar: int) -> bytes:
    return pkcs8(ec.derive_private_key(scalar, ec.SECP256K1()))


def pkcs8(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def in_pem(der: bytes, label: bytes = b"PRIVATE KEY") -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, base64.encodebytes(der), label)


def write(directory: Path, files: Mapping[str, str]) -> Path:
    directory.mkdir(exist_ok=True)
    for name, content in files.items():
        (directory / name).write_text(content)
    return directory
