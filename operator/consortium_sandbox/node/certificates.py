"""The few fields of an X.509 certificate that a node looks at itself."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from Crypto.Util.asn1 import DerBitString, DerObjectId, DerSequence

from consortium_sandbox.node.failure import StartFailed

_RSA = "1.2.840.113549.1.1.1"
_BASIC_CONSTRAINTS = "2.5.29.19"
_VERSION_TAG, _EXTENSIONS_TAG = 0xA0, 0xA3


@dataclass(frozen=True)
class PeerCertificate:
    """`p2p_id` is the public key's bit string in hex.

    `tls_id` is what the black and the white list hold: the RSA modulus, or the point of an EC key.
    """

    p2p_id: str
    tls_id: str
    has_basic_constraints: bool


def parse_certificate(der: bytes) -> PeerCertificate:
    """Raises ValueError for anything that is no certificate."""
    try:
        fields = items(DerSequence().decode(der)[0])
        if isinstance(fields[0], bytes) and fields[0][0] == _VERSION_TAG:
            fields = fields[1:]
        key_info = DerSequence().decode(fields[5])
        bits = bytes(DerBitString().decode(key_info[1]).value)
        return PeerCertificate(bits.hex(), _tls_id(key_info[0], bits), _constrained(fields[6:]))
    except (IndexError, TypeError) as error:
        raise ValueError("not a certificate") from error


def items(der: bytes) -> list[Any]:
    """What a DER sequence holds, each as DER (integers as numbers)."""
    sequence = DerSequence().decode(der)
    return [sequence[i] for i in range(len(sequence))]


def _tls_id(algorithm: bytes, bits: bytes) -> str:
    oid = DerObjectId().decode(DerSequence().decode(algorithm)[0]).value
    return f"{DerSequence().decode(bits)[0]:X}" if oid == _RSA else bits[1:].hex().upper()


def _constrained(optional_fields: list[bytes]) -> bool:
    for field in optional_fields:
        if field[0] == _EXTENSIONS_TAG:
            body = field[2 + (field[1] & 0x7F if field[1] & 0x80 else 0) :]
            oids = (DerObjectId().decode(items(each)[0]).value for each in items(body))
            return _BASIC_CONSTRAINTS in oids
    return False


def load_own_certificate(path: str) -> PeerCertificate:
    """The first certificate of ssl.crt or sm_ssl.crt.

    Raises StartFailed: this one file a node cannot miss.
    """
    try:
        pem = Path(path).read_text()
        end = pem.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)
        return parse_certificate(ssl.PEM_cert_to_DER_cert(pem[pem.index(ssl.PEM_HEADER) : end]))
    except (OSError, ValueError):
        raise StartFailed(
            "GatewayFactory::init unable parse myself pub id", kind="bcos::InvalidParameter"
        ) from None
