"""SM2 certificates, made with Tongsuo's primitives and a few lines of DER.

Section 8: signatures by SM3 with SM2 under the default user id, keys as named curves. Every member
has a pair of leafs, one to sign and one to encrypt.
"""

from __future__ import annotations

import contextlib
import secrets
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# There is no wheel for Linux on other machines than x86_64: tests of SM are skipped there.
with contextlib.suppress(ImportError):
    from tongsuopy.crypto import _serialization as forms
    from tongsuopy.crypto import hashes
    from tongsuopy.crypto.asymciphers import ec

_SM3_WITH_SM2 = bytes.fromhex("06082a811ccf55018375")
_EC_KEY = bytes.fromhex("06072a8648ce3d0201")
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
_COMMON_NAME, _UNIT = bytes.fromhex("0603550403"), bytes.fromhex("060355040b")
_BASIC_CONSTRAINTS, _KEY_USAGE = bytes.fromhex("0603551d13"), bytes.fromhex("0603551d0f")
_SIGN_ALGORITHM = bytes.fromhex("300a") + _SM3_WITH_SM2
# BIT STRINGs of keyUsage: signatures of certificates and lists; the two leafs of section 1.4.
_CA_USAGE, _SIGN_USAGE, _ENCRYPT_USAGE = (
    bytes.fromhex(text) for text in ("03020106", "030206c0", "03020338")
)


def sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return bytes(digest.finalize())


class SmKey:
    """An SM2 key. `node_id` is its public point, 128 hex digits."""

    def __init__(self, scalar: int | None = None) -> None:
        value = scalar if scalar is not None else secrets.randbelow(2**255) + 1
        self._key = ec.derive_private_key(value, ec.SM2())
        numbers = self._key.public_key().public_numbers()
        self.node_id = f"{numbers.x:064x}{numbers.y:064x}"
        self.scalar = value

    def sign(self, data: bytes) -> bytes:
        """A DER signature."""
        return bytes(self._key.sign(data, ec.ECDSA(hashes.SM3())))

    def pem(self) -> bytes:
        return bytes(
            self._key.private_bytes(
                forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
            )
        )


@dataclass(frozen=True)
class SmAuthority:
    """A CA with an SM2 key. `certificate` is PEM."""

    name: str
    key: SmKey
    certificate: bytes

    @classmethod
    def make(cls, name: str) -> SmAuthority:
        key = SmKey()
        certificate = _certificate(_name(name, "chain"), _name(name, "chain"), key, key, _CA_USAGE)
        return cls(name, key, certificate)

    def issue(self, unit: str, key: SmKey, *, days: tuple[int, int] = (-1, 30)) -> bytes:
        """A leaf in PEM. `unit` is the OU: `ssl` to sign, `enssl` to encrypt."""
        usage = _ENCRYPT_USAGE if unit.startswith("en") else _SIGN_USAGE
        names = _name(self.name, "chain"), _name(f"node of {self.name}", unit)
        return _certificate(*names, key, self.key, usage, days)


def _certificate(
    issuer: bytes,
    subject: bytes,
    key: SmKey,
    signer: SmKey,
    usage: bytes,
    days: tuple[int, int] = (-1, 30),
) -> bytes:
    is_authority = usage == _CA_USAGE
    now = datetime.now(UTC)
    validity = _der(0x30, *(_time(now + timedelta(days=number)) for number in days))
    algorithm = _der(0x30, _EC_KEY, _SM2_CURVE)
    public = _der(0x30, algorithm, _der(0x03, b"\0\x04" + bytes.fromhex(key.node_id)))
    constraints = _der(0x30, b"\x01\x01\xff") if is_authority else _der(0x30)
    extensions = _der(
        0xA3,
        _der(
            0x30,
            _der(0x30, _BASIC_CONSTRAINTS, _der(0x04, constraints)),
            _der(0x30, _KEY_USAGE, _der(0x04, usage)),
        ),
    )
    serial = _der(0x02, b"\x01" + secrets.token_bytes(8))
    version = _der(0xA0, b"\x02\x01\x02")
    body = _der(
        *(0x30, version, serial, _SIGN_ALGORITHM),
        *(issuer, validity, subject, public, extensions),
    )
    signature = _der(0x03, b"\0" + signer.sign(body))
    return _pem(_der(0x30, body, _SIGN_ALGORITHM, signature))


def _name(common_name: str, unit: str) -> bytes:
    parts = ((_COMMON_NAME, common_name), (_UNIT, unit))
    return _der(
        0x30,
        *(_der(0x31, _der(0x30, oid, _der(0x0C, text.encode()))) for oid, text in parts),
    )


def _time(moment: datetime) -> bytes:
    return _der(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode()
