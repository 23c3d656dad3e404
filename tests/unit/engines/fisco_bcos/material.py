"""Keys, authorities and moments that the tests of this folder share."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, AuthorityRegister, NodeRegister
from consortium_operator.engines.fisco_bcos import certificates, identity
from consortium_operator.engines.fisco_bcos.authorities import authority_register
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
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


def authority(
    member: str = "webank",
    kind: str = "node-ca",
    generation: int = 1,
    suite: CryptoSuite = STANDARD,
) -> PrivateFiles:
    """The same one at every call."""
    return _authority(member, AuthorityKind(kind), generation, suite)


@cache
def _authority(
    member: str, kind: AuthorityKind, generation: int, suite: CryptoSuite
) -> PrivateFiles:
    named = subject(kind.value, member=member, generation=generation)
    return certificates.new_authority(suite.authorities[kind], named, validity(days=300))


def registered(
    member: str = "webank", kind: str = "node-ca", suite: CryptoSuite = STANDARD
) -> AuthorityRegister:
    """The public side of an authority."""
    signing = suite.authorities[AuthorityKind(kind)]
    return authority_register(authority(member, kind, suite=suite), signing)


# RSA keys take 100 ms each, so the tests share them.
def tls_key(suite: CryptoSuite = STANDARD) -> PrivateFiles:
    return _tls_key(suite)


@cache
def _tls_key(suite: CryptoSuite) -> PrivateFiles:
    return identity.new_tls_key(suite)


@cache
def client_key() -> PrivateFiles:
    return identity.new_client_key()


def node_register(suite: CryptoSuite = STANDARD) -> NodeRegister:
    return _node_register(suite)


@cache
def _node_register(suite: CryptoSuite) -> NodeRegister:
    return identity.node_register(suite, identity.new_node_key(suite), tls_key(suite))


def node_certificates(
    suite: CryptoSuite,
    member: str = "webank",
    name: str = "shenzhen-0",
    of: Validity | None = None,
    register: NodeRegister | None = None,
) -> dict[str, str]:
    """A node's certificates, by file."""
    return certificates.node_certificates(
        suite,
        {kind: authority(member, kind.value, suite=suite) for kind in AuthorityKind},
        subject(name, member=member),
        register or node_register(suite),
        of or validity(),
    )


def certify(
    by: PrivateFiles,
    subject: Subject,
    validity: Validity,
    public_key: str | None = None,
) -> str:
    """ssl.crt of a node of a Standard chain, by this node CA."""
    register = node_register()
    if public_key is not None:
        register = replace(register, tls_public_key=public_key)
    return certificates.node_certificates(
        STANDARD, {AuthorityKind.NODE: by}, subject, register, validity
    )["ssl.crt"]


def client_certificate(
    member: str = "webank", name: str = "client", suite: CryptoSuite = STANDARD
) -> str:
    return certificates.client_certificate(
        suite,
        authority(member, "client-ca", suite=suite),
        subject(name, member=member),
        client_key(),
        validity(),
    )


@cache
def rsa_of(bits: int) -> bytes:
    return pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=bits))


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
