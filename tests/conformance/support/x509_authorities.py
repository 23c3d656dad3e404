"""Certificates of the Standard world, made with `cryptography` from what a node reads."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Authority:
    """A CA with an ECDSA key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, key.public_key(), issuer=name)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    def intermediate(self, name: str) -> Authority:
        """A CA below this one."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, key.public_key(), issuer=self.certificate.subject)
        builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        return Authority(builder.sign(self.key, hashes.SHA256()), key)

    def issue(
        self,
        name: str,
        key: PrivateKey,
        *,
        days: tuple[int, int] = (-1, 30),
        basic_constraints: bool = True,
    ) -> x509.Certificate:
        issuer = self.certificate.subject
        builder = _builder(name, key.public_key(), issuer=issuer, days=days)
        if basic_constraints:
            builder = builder.add_extension(x509.BasicConstraints(False, None), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _builder(
    name: str,
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    issuer: str | x509.Name,
    days: tuple[int, int] = (-1, 30),
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer) if isinstance(issuer, str) else issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(thing: x509.Certificate | PrivateKey) -> bytes:
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@cache
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    """RSA keys are slow to make: each is used again by every test of the run."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def modulus(key: rsa.RSAPrivateKey) -> str:
    """The TLS id that black and white lists hold: 512 hex digits."""
    return f"{key.public_key().public_numbers().n:0512x}"


@cache
def subject_hash(certificate: bytes) -> str:
    """OpenSSL's own, the name of a file in a hash directory. Takes PEM."""
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash"],
        input=certificate,
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()


def write_trust(directory: Path, certificates: list[bytes]) -> None:
    """A hash directory: `<hash>.N`, written so that no reader sees half a file."""
    directory.mkdir(exist_ok=True)
    for certificate in certificates:
        name, number = subject_hash(certificate), 0
        while (directory / f"{name}.{number}").exists():
            number += 1
        draft = directory / "draft"
        draft.write_bytes(certificate)
        draft.rename(directory / f"{name}.{number}")
