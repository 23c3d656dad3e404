"""SM2 certificates: the fields that a chain is checked by, and OpenSSL's hash of a subject."""

from __future__ import annotations

import calendar
import hashlib
import re
import ssl
import time
from dataclasses import dataclass, field

from Crypto.Util.asn1 import DerBitString, DerObject, DerObjectId, DerSequence, DerSetOf

from consortium_sandbox.node.certificates import PeerCertificate, items, parse_certificate
from consortium_sandbox.node.sm.suite import verify_der

SM2_CURVE = "1.2.156.10197.1.301"
_EC_KEY = "1.2.840.10045.2.1"
_SM3_WITH_SM2 = "1.2.156.10197.1.501"
_VERSION_TAG, _UTF8_TAG, _GENERALIZED_TIME = 0xA0, 0x0C, 0x18


@dataclass(frozen=True)
class SmCertificate:
    """`node_id` is the public point, 128 hex digits; times are Unix times."""

    der: bytes = field(repr=False)
    to_be_signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    issuer: bytes
    subject: bytes
    not_before: float
    not_after: float
    node_id: str

    def is_signed_by(self, authority: SmCertificate) -> bool:
        """With the default user id, which TASSL takes for certificates."""
        return verify_der(authority.node_id, self.to_be_signed, self.signature)

    def as_peer(self) -> PeerCertificate:
        return parse_certificate(self.der)


def parse_pem(text: str) -> list[SmCertificate]:
    """All certificates of a PEM file. Raises ValueError for what is no SM2 certificate."""
    pattern = re.escape(ssl.PEM_HEADER) + ".*?" + re.escape(ssl.PEM_FOOTER)
    found = re.findall(pattern, text, re.DOTALL)
    return [_parse(ssl.PEM_cert_to_DER_cert(pem)) for pem in found]


def _parse(der: bytes) -> SmCertificate:
    try:
        outer = DerSequence().decode(der)
        fields = DerSequence().decode(outer[0])
        start = 1 if isinstance(fields[0], bytes) and fields[0][0] == _VERSION_TAG else 0
        _, algorithm, issuer, validity, subject, key = (fields[start + i] for i in range(6))
        if _first_oid(algorithm) != _SM3_WITH_SM2:
            raise ValueError("not signed by SM2 with SM3")
        begins, ends = (_time(item) for item in items(validity))
        return SmCertificate(
            der=der,
            to_be_signed=bytes(outer[0]),
            signature=bytes(DerBitString().decode(outer[2]).value),
            issuer=canonical(issuer),
            subject=canonical(subject),
            not_before=begins,
            not_after=ends,
            node_id=_point(key),
        )
    except (IndexError, TypeError) as error:
        raise ValueError("not a certificate") from error


def _point(key: bytes) -> str:
    info = DerSequence().decode(key)
    algorithm = DerSequence().decode(info[0])
    oids = [DerObjectId().decode(algorithm[i]).value for i in range(2)]
    point = bytes(DerBitString().decode(info[1]).value)
    if oids != [_EC_KEY, SM2_CURVE] or len(point) != 65 or point[0] != 4:
        raise ValueError("not an SM2 key")
    return point[1:].hex()


def _first_oid(der: bytes) -> str:
    return str(DerObjectId().decode(DerSequence().decode(der)[0]).value)


def _time(der: bytes) -> float:
    value = DerObject().decode(der)
    text = bytes(value.payload).decode("ascii")
    if der[0] == _GENERALIZED_TIME:
        return float(calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ")))
    # RFC 5280: two digits up to 49 are of this century; strptime turns over at 69.
    year = int(text[:2]) + (2000 if int(text[:2]) < 50 else 1900)
    return float(calendar.timegm(time.strptime(f"{year}{text[2:]}", "%Y%m%d%H%M%SZ")))


def canonical(name: bytes) -> bytes:
    """A name as OpenSSL compares and hashes it: UTF-8, lower case, single blanks."""
    parts = []
    for relative in items(name):
        attributes = []
        for attribute in _set(relative):
            oid, value = items(attribute)
            text = bytes(DerObject().decode(value).payload).decode("utf-8", "surrogateescape")
            plain = re.sub(r"[ \t\n\v\f\r]+", " ", text.strip()).lower()
            content = plain.encode("utf-8", "surrogateescape")
            attributes.append(DerSequence([oid, DerObject(_UTF8_TAG, content).encode()]).encode())
        parts.append(DerSetOf(attributes).encode())
    return b"".join(parts)


def _set(der: bytes) -> list[bytes]:
    members = DerSetOf().decode(der)
    return [bytes(member) for member in members if isinstance(member, bytes)]


def subject_hash(canonical_name: bytes) -> str:
    """The name of a file in a hash directory, as `openssl x509 -subject_hash` gives it."""
    digest = hashlib.sha1(canonical_name, usedforsecurity=False).digest()
    return digest[:4][::-1].hex()
