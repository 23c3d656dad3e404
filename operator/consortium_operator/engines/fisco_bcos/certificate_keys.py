"""Whose key a certificate is for, and who signed it: one answer for the keys of both suites.

The library reads everything of an SM certificate but its key and its signature.
"""

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import SignatureAlgorithmOID

from consortium_operator.engines.fisco_bcos import der
from consortium_operator.engines.fisco_bcos.keys import fingerprint
from consortium_operator.engines.fisco_bcos.suites.sm2_keys import (
    SM2_WITH_SM3,
    Sm2PublicKey,
    verify,
)

CertificateKey = CertificatePublicKeyTypes | Sm2PublicKey

_VERSION = 0xA0
# Before the key: serial number, signature algorithm, issuer, validity, subject.
_FIELDS_BEFORE_KEY = 5


def key_of(certificate: x509.Certificate) -> CertificateKey:
    """Raises ValueError or UnsupportedAlgorithm for a key that neither suite has."""
    try:
        return certificate.public_key()
    except UnsupportedAlgorithm:
        return Sm2PublicKey.from_spki(_spki(certificate))


def key_fingerprint(certificate: x509.Certificate) -> str:
    """As the registers have it: sha256 over the DER SubjectPublicKeyInfo, hex."""
    return fingerprint_of(key_of(certificate))


def fingerprint_of(key: CertificateKey) -> str:
    return key.public.fingerprint if isinstance(key, Sm2PublicKey) else fingerprint(key)


def key_identifier(key: CertificateKey) -> x509.SubjectKeyIdentifier:
    """SHA-1 over the key's bits (RFC 5280, section 4.2.1.2)."""
    if isinstance(key, Sm2PublicKey):
        return x509.SubjectKeyIdentifier(hashlib.sha1(key.encoded, usedforsecurity=False).digest())
    return x509.SubjectKeyIdentifier.from_public_key(key)


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the key of `issuer`, under its name, signed `certificate`."""
    key = key_of(issuer)
    if isinstance(key, Sm2PublicKey):
        return (
            certificate.issuer == issuer.subject
            and certificate.signature_algorithm_oid.dotted_string == SM2_WITH_SM3
            and verify(key.point, certificate.signature, certificate.tbs_certificate_bytes)
        )
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return certificate == issuer and _is_root_with_sha1(certificate)
    return True


def _is_root_with_sha1(certificate: x509.Certificate) -> bool:
    """Old roots have no other signature, and no node looks at it. The library verifies none."""
    key = key_of(certificate)
    is_self_issued = certificate.subject == certificate.issuer
    is_sha1 = certificate.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA1
    if not isinstance(key, rsa.RSAPublicKey) or not is_self_issued or not is_sha1:
        return False
    content = certificate.tbs_certificate_bytes
    try:
        key.verify(certificate.signature, content, padding.PKCS1v15(), hashes.SHA1())
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _spki(certificate: x509.Certificate) -> bytes:
    fields = der.split(der.content_of(certificate.tbs_certificate_bytes))
    # A certificate of version 1 does not say so.
    return fields[_FIELDS_BEFORE_KEY + (fields[0][0] == _VERSION)]
