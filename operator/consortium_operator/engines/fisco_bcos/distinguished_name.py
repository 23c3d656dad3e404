"""X.509 subjects, and the hash by which OpenSSL finds a CA in a directory.

OpenSSL looks an issuer up by its subject alone, so every authority has one of its own: chain,
member, kind and generation.
"""

import hashlib
import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from consortium_operator.engines.fisco_bcos import der
from consortium_operator.engines.protocol import Subject

# ub-common-name and its likes (RFC 5280, appendix A). Counted in bytes here, which is stricter.
_LIMIT = 64

# The string types that OpenSSL canonicalises (ASN1_MASK_CANON), and how their bytes are read.
_ENCODINGS = {
    der.UTF8_STRING: "utf-8",
    0x13: "latin-1",  # PrintableString
    0x14: "latin-1",  # T61String, which OpenSSL takes for Latin-1
    0x16: "latin-1",  # IA5String
    0x1A: "latin-1",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
_SPACES = re.compile(rb"[ \t\n\v\f\r]+")


def authority_name(subject: Subject) -> x509.Name:
    """O = member, OU = chain, CN = all four parts."""
    return _name(subject, f"{subject.chain} {subject.member} {subject.name} {subject.generation}")


def leaf_name(subject: Subject) -> x509.Name:
    """O = member, OU = chain, CN = whom the certificate is for. Nodes and SDKs read none of it."""
    return _name(subject, subject.name)


def subject_hash(name: x509.Name) -> str:
    """8 hex digits, as `openssl x509 -subject_hash` prints and c_rehash names files."""
    return hashlib.sha1(canonical_name(name), usedforsecurity=False).digest()[3::-1].hex()


def _name(subject: Subject, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _fit(subject.member)),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, _fit(subject.chain)),
            x509.NameAttribute(NameOID.COMMON_NAME, _fit(common_name)),
        ]
    )


def _fit(text: str) -> str:
    """`text`, or where it is too long, its beginning and a hash of the whole."""
    encoded = text.encode()
    if len(encoded) <= _LIMIT:
        return text
    digest = hashlib.sha256(encoded).hexdigest()[:16]
    # A character that is cut in half goes as a whole.
    return f"{encoded[: _LIMIT - 17].decode(errors='ignore')}-{digest}"


def canonical_name(name: x509.Name) -> bytes:
    """What OpenSSL hashes (x509_name.c): every attribute as UTF-8 in lower case with single
    spaces, and the RDNs one after the other without the sequence around them."""
    rdns = der.split(der.content_of(name.public_bytes()))
    return b"".join(_canonical_rdn(der.split(der.content_of(rdn))) for rdn in rdns)


def _canonical_rdn(attributes: list[bytes]) -> bytes:
    # DER sorts the elements of a set by their bytes.
    canonical = sorted(_canonical_attribute(attribute) for attribute in attributes)
    return der.encode(der.SET, b"".join(canonical))


def _canonical_attribute(attribute: bytes) -> bytes:
    oid, value = der.split(der.content_of(attribute))
    encoding = _ENCODINGS.get(value[0])
    if encoding is None:
        return attribute
    text = der.content_of(value).decode(encoding).encode()
    # bytes.lower() touches ASCII only, as OpenSSL does.
    text = _SPACES.sub(b" ", text.strip(b" \t\n\v\f\r")).lower()
    return der.encode(der.SEQUENCE, oid + der.encode(der.UTF8_STRING, text))
