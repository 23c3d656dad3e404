"""Authorities that users bring: what is accepted, and what is refused with which words."""

import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos import certificates
from consortium_operator.engines.protocol import InvalidMaterial
from tests.unit.engines.fisco_bcos.material import (
    NOW,
    OPENSSL_VERIFY,
    authority,
    pkcs8,
    rsa_of,
    secp256k1,
    subject,
    tls_public_key,
    validity,
    write,
)


@dataclass(frozen=True)
class Brought:
    """An authority that somebody else made, with one thing or another wrong with it."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    ca: bool | None = True
    cert_sign: bool | None = True
    issuer: str = "Bank"
    copies: int = 1

    def files(self) -> PrivateFiles:
        name, issuer = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
            for text in ("Bank", self.issuer)
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(self.key.public_key())
            .serial_number(5)
            .not_valid_before(NOW)
            .not_valid_after(NOW + timedelta(days=20))
        )
        if self.ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(self.ca, None), True)
        if self.cert_sign is not None:
            builder = builder.add_extension(usage(cert_sign=self.cert_sign), True)
        pem = builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return PrivateFiles({"tls.key": pkcs8(self.key), "tls.crt": pem * self.copies})


def usage(*, cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, cert_sign, False, False, False)


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(rsa_of(bits), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@pytest.mark.parametrize(
    "key", [rsa_key(2048), ec.generate_private_key(ec.SECP384R1())], ids=["RSA", "P-384"]
)
def test_a_brought_authority_signs_nodes_that_openssl_accepts(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, tmp_path: Path
) -> None:
    brought = Brought(key).files()
    trust = write(
        tmp_path / "trust", certificates.trust([certificates.authority_register(brought)])
    )
    pem = certificates.node_certificate(brought, subject("a-0"), tls_public_key(), validity())
    write(tmp_path, {"node.crt": pem})
    subprocess.run(
        [*OPENSSL_VERIFY, "-CApath", trust, tmp_path / "node.crt"],
        check=True,
        capture_output=True,
    )


def test_a_brought_authority_without_key_usage_may_sign() -> None:
    register = certificates.authority_register(Brought(cert_sign=None).files())
    assert register.certificate.startswith("-----BEGIN CERTIFICATE-----\n")


def with_key(content: bytes) -> PrivateFiles:
    return PrivateFiles({"tls.key": content, "tls.crt": authority()["tls.crt"]})


REFUSED_AUTHORITIES = {
    "without basicConstraints": (Brought(ca=None).files(), "CA:TRUE is missing"),
    "no CA": (Brought(ca=False).files(), "CA:TRUE is missing"),
    "may not sign": (Brought(cert_sign=False).files(), "keyUsage lacks keyCertSign"),
    "an intermediate": (Brought(issuer="Root").files(), "not self-signed"),
    "a bundle": (Brought(copies=2).files(), "tls.crt holds 2 certificates"),
    "a short RSA key": (Brought(rsa_key(1024)).files(), "tls.key has 1024 bits"),
    "a curve of no TLS": (with_key(secp256k1(3)), "neither RSA nor ECDSA"),
    "another key": (with_key(authority("boc")["tls.key"]), "not for the key tls.key"),
    "no key": (PrivateFiles({"tls.crt": authority()["tls.crt"]}), "tls.key is missing"),
    "no certificate": (PrivateFiles({"tls.key": authority()["tls.key"]}), "tls.crt is missing"),
    "a key in disorder": (with_key(b"-----BEGIN PRIVATE KEY-----\nAAAA"), "tls.key is no readable"),
    "a certificate in disorder": (
        PrivateFiles({"tls.key": authority()["tls.key"], "tls.crt": b"\xff"}),
        "tls.crt is no readable",
    ),
}


@pytest.mark.parametrize("case", REFUSED_AUTHORITIES)
def test_an_authority_is_refused(case: str) -> None:
    files, why = REFUSED_AUTHORITIES[case]
    with pytest.raises(InvalidMaterial, match=why):
        certificates.authority_register(files)
    with pytest.raises(InvalidMaterial, match=why):
        certificates.node_certificate(files, subject("a-0"), tls_public_key(), validity())
