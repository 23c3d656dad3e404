"""CAs and node keys that members make themselves, for tests of what the operator makes of them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos import der

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@cache
def ecdsa(number: int = 0) -> ec.EllipticCurvePrivateKey:
    """The same one at every call."""
    return ec.derive_private_key(_scalar("authority", number), ec.SECP256R1())


@dataclass(frozen=True)
class Brought:
    """A CA that somebody else made, with one thing or another wrong with it.

    `under`: the CA that signed it; None: itself. `issuer`: the name it says signed it. `key_id`:
    its subjectKeyIdentifier. `above_id`, `above_serial`: what its authorityKeyIdentifier says of
    the CA that signed it. None: nothing.
    """

    key: Key = field(default_factory=ecdsa)
    name: str = "Bank"
    under: "Brought | None" = None
    issuer: str | None = None
    ca: bool | None = True
    path_length: int | None = None
    cert_sign: bool | None = True
    usages: tuple[x509.ObjectIdentifier, ...] = ()
    strange: bool = False
    names: x509.NameConstraints | None = None
    sha1: bool = False
    serial: int = 5
    key_id: bytes | None = None
    above_id: bytes | None = None
    above_serial: int | None = None
    not_before: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    not_after: datetime = datetime(2055, 1, 1, tzinfo=UTC)

    @property
    def certificate(self) -> x509.Certificate:
        return _signed(self)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def files(self, *above: "Brought", root: "Brought | None" = None) -> PrivateFiles:
        """As in the Secret: tls.crt followed by the CAs `above`, and ca.crt."""
        files = {"tls.key": pkcs8(self.key), "tls.crt": self.pem + b"".join(a.pem for a in above)}
        return PrivateFiles(files | ({"ca.crt": root.pem} if root else {}))


# An ECDSA signature is another one each time.
@cache
def _signed(brought: Brought) -> x509.Certificate:
    signer = brought.under or brought
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(brought.name))
        .issuer_name(name_of(brought.issuer or signer.name))
        .public_key(brought.key.public_key())
        .serial_number(brought.serial)
        .not_valid_before(brought.not_before)
        .not_valid_after(brought.not_after)
    )
    if brought.ca is not None:
        length = brought.path_length if brought.ca else None
        builder = builder.add_extension(x509.BasicConstraints(brought.ca, length), True)
    if brought.cert_sign is not None:
        builder = builder.add_extension(usage(cert_sign=brought.cert_sign), True)
    if brought.usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(brought.usages), False)
    if brought.key_id is not None:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(brought.key_id), False)
    if brought.above_id is not None or brought.above_serial is not None:
        builder = builder.add_extension(_above(brought, signer), False)
    if brought.names is not None:
        builder = builder.add_extension(brought.names, False)
    if brought.strange:
        oid = x509.ObjectIdentifier("1.2.3.4")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, b"\5\0"), True)
    certificate = builder.sign(signer.key, hashes.SHA256())
    return _with_sha1(certificate, signer.key) if brought.sha1 else certificate


def _with_sha1(certificate: x509.Certificate, key: Key) -> x509.Certificate:
    """Signed anew, as the library does not: with the name of the old hash in place of the other."""
    assert isinstance(key, rsa.RSAPrivateKey)
    sha256, sha1 = (der.object_identifier(f"1.2.840.113549.1.1.{n}") for n in (11, 5))
    content = certificate.tbs_certificate_bytes.replace(sha256, sha1)
    signature = key.sign(content, padding.PKCS1v15(), hashes.SHA1())
    algorithm = der.sequence(sha1, b"\5\0")
    return x509.load_der_x509_certificate(
        der.sequence(content, algorithm, der.bit_string(signature))
    )


def _above(brought: Brought, signer: Brought) -> x509.AuthorityKeyIdentifier:
    if brought.above_serial is None:
        return x509.AuthorityKeyIdentifier(brought.above_id, None, None)
    name = name_of(brought.issuer or (signer.under or signer).name)
    return x509.AuthorityKeyIdentifier(
        brought.above_id, [x509.DirectoryName(name)], brought.above_serial
    )


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(*, cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, cert_sign, False, False, False)


def pkcs8(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@cache
def node_pem(number: int, curve: type[ec.EllipticCurve] = ec.SECP256K1) -> bytes:
    """node.pem. The same one at every call."""
    return pkcs8(ec.derive_private_key(_scalar("node", number), curve()))


def _scalar(purpose: str, number: int) -> int:
    """Large, so that it is not found by chance where somebody looks for stray keys."""
    return int.from_bytes(hashlib.sha256(f"{purpose} {number}".encode()).digest()) >> 1


def secret(name: str, files: Mapping[str, bytes], namespace: str = "chains") -> dict[str, Any]:
    """As a person makes it: without a label of ours."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/tls" if "tls.crt" in files else "Opaque",
        "data": {key: base64.b64encode(content).decode() for key, content in files.items()},
    }
