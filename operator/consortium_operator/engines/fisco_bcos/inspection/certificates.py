"""X.509 certificates: whose they are, how long they hold and who signed them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from consortium_operator.api.moment import rfc3339
from consortium_operator.chain.inspected import Inspected
from consortium_operator.engines.fisco_bcos.certificate_keys import (
    CertificateKey,
    fingerprint_of,
    key_of,
    signed_by,
)
from consortium_operator.engines.fisco_bcos.distinguished_name import subject_hash
from consortium_operator.engines.fisco_bcos.suites.rsa_keys import BITS
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import Sm2PublicKey

# As OpenSSL and RFC 5280 write them.
_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
_SIGNATURES = {"1.2.156.10197.1.501": "SM2 with SM3"}


@dataclass(frozen=True, slots=True)
class Located:
    """A certificate, and the file it stands in. `index`: None where it stands there alone."""

    path: str
    index: int | None
    certificate: x509.Certificate

    @property
    def name(self) -> str:
        return self.path if self.index is None else f"{self.path}[{self.index}]"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a certificate is held against: the others, private keys by fingerprint, the time."""

    certificates: Sequence[Located]
    key_files: Mapping[str, str]
    now: datetime


def locate(path: str, content: bytes) -> list[Located]:
    """Raises ValueError for what is no PEM certificate."""
    found = x509.load_pem_x509_certificates(content)
    return [
        Located(path, index if len(found) > 1 else None, one) for index, one in enumerate(found)
    ]


def inspect_certificate(located: Located, around: Surroundings) -> Inspected:
    certificate, problems = located.certificate, list[str]()
    extensions = _extensions(certificate, problems)
    is_authority = _is_authority(certificate, extensions)
    facts: dict[str, Any] = {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "isAuthority": is_authority,
        "signedBy": _signer(located, around, problems),
        **_lifetime(certificate, around.now, problems),
        "serial": f"{certificate.serial_number:x}",
        "signature": _signature(certificate),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
    }
    try:
        key = key_of(certificate)
    except (ValueError, UnsupportedAlgorithm, ImportError):
        problems.append("its key is of no kind that a node knows")
    else:
        facts |= _key_facts(key, around)
        _judge_leaf(key, extensions, is_authority, problems)
    if is_authority:
        facts["subjectHash"] = subject_hash(certificate.subject)
    facts |= _uses(extensions)
    return Inspected(located.name, "certificate", facts, tuple(problems))


def key_name(key: object) -> str:
    """As people call the kind of a key, public or private."""
    match key:
        case Sm2PublicKey():
            return "SM2"
        case rsa.RSAPublicKey() | rsa.RSAPrivateKey():
            return f"RSA-{key.key_size}"
        case ec.EllipticCurvePublicKey() | ec.EllipticCurvePrivateKey():
            return f"EC {key.curve.name}"
        case _:
            return type(key).__name__.strip("_")


def tls_id(key: object) -> str | None:
    """What allow and deny lists name it by; None where they cannot."""
    match key:
        case Sm2PublicKey():
            return key.point.hex()
        case rsa.RSAPublicKey() if key.key_size == BITS:
            return f"{key.public_numbers().n:0{BITS // 4}x}"
        case _:
            return None


def _key_facts(key: CertificateKey, around: Surroundings) -> dict[str, str]:
    fingerprint = fingerprint_of(key)
    facts = {"key": key_name(key), "keyFingerprint": fingerprint}
    number = tls_id(key)
    if number is not None:
        facts["tlsId"] = number
    if fingerprint in around.key_files:
        facts["privateKey"] = around.key_files[fingerprint]
    return facts


def _judge_leaf(
    key: CertificateKey,
    extensions: Mapping[type[x509.ExtensionType], x509.ExtensionType],
    is_authority: bool,
    problems: list[str],
) -> None:
    """Host.cpp skips the lists for a peer without basicConstraints, and knows RSA-2048 and SM2."""
    if is_authority:
        return
    if x509.BasicConstraints not in extensions:
        problems.append("it has no basicConstraints: peers pass their allow and deny lists over")
    if tls_id(key) is None:
        problems.append(f"its key is no RSA-{BITS}: no allow or deny list can name it")


def _extensions(
    certificate: x509.Certificate, problems: list[str]
) -> dict[type[x509.ExtensionType], x509.ExtensionType]:
    try:
        return {type(one.value): one.value for one in certificate.extensions}
    except (ValueError, x509.DuplicateExtension):
        problems.append("its extensions cannot be read")
        return {}


def _is_authority(
    certificate: x509.Certificate,
    extensions: Mapping[type[x509.ExtensionType], x509.ExtensionType],
) -> bool:
    """build_chain.sh's CA is of version 1, which has no extension to say so; nodes accept it."""
    if certificate.version is x509.Version.v1:
        return certificate.issuer == certificate.subject
    basic = extensions.get(x509.BasicConstraints)
    return isinstance(basic, x509.BasicConstraints) and basic.ca


def _uses(
    extensions: Mapping[type[x509.ExtensionType], x509.ExtensionType],
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    usage = extensions.get(x509.KeyUsage)
    if isinstance(usage, x509.KeyUsage):
        found["keyUsage"] = [name for field, name in _USAGES.items() if getattr(usage, field)]
    purposes = extensions.get(x509.ExtendedKeyUsage)
    if isinstance(purposes, x509.ExtendedKeyUsage):
        found["extendedKeyUsage"] = sorted(one._name for one in purposes)
    return found


def _lifetime(certificate: x509.Certificate, now: datetime, problems: list[str]) -> dict[str, Any]:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now >= end:
        problems.append(f"it ended at {rfc3339(end)}")
    elif now < begin:
        problems.append(f"it holds from {rfc3339(begin)} only: is a clock wrong?")
    return {"notBefore": rfc3339(begin), "notAfter": rfc3339(end), "daysLeft": (end - now).days}


def _signature(certificate: x509.Certificate) -> str:
    oid = certificate.signature_algorithm_oid
    return _SIGNATURES.get(oid.dotted_string, oid._name)


def _signer(located: Located, around: Surroundings, problems: list[str]) -> str:
    """The file of the certificate whose key signed this one; the nearest of several."""
    certificate = located.certificate
    if certificate.issuer == certificate.subject and _is_signed_by(certificate, certificate):
        return "itself"
    named = [one for one in around.certificates if one.certificate.subject == certificate.issuer]
    signers = [one for one in _distinct(named) if _is_signed_by(certificate, one)]
    if signers:
        files = [one for one in named if one.certificate == signers[0]]
        return max(files, key=lambda one: (_nearness(one.path, located.path), one.name)).name
    if named:
        problems.append(f"{named[0].name} has its issuer's name, and another key signed it")
    return "unknown: the issuer's certificate is not here"


def _nearness(one: str, other: str) -> int:
    """How many directories two paths share."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _distinct(named: Iterable[Located]) -> list[x509.Certificate]:
    return list(dict.fromkeys(one.certificate for one in named))


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        return signed_by(certificate, issuer)
    except (ValueError, UnsupportedAlgorithm, ImportError):
        return False
