"""Finds private keys where they must not be: in logs, objects, arguments, anything that is text.

Two ways. Keys that are known (the Secrets of a namespace) are looked for by their secret numbers,
in every form in which one could slip out. Keys that are not known are found where they say so
themselves: PEM, and base64 that decodes to a key.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

_PRIVATE_PEM = re.compile(r"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----")
_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?-----END [A-Z0-9 ]+-----", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{43,}={0,2}")
# What a key is called that belongs to none of the Secrets.
UNKNOWN = "a private key"
# Line breaks as they are, and as JSON writes them, once or twice.
_BREAKS = re.compile(r"(\\+[nrt])|\s")
_HEX_BREAKS = re.compile(r"(\\+[nrt])|[\s:]")
_PEM_LINE = 64
_BYTES_IN_PEM_LINE = 48
# A base64 text that tells less than this many bytes of a key is not worth a false alarm.
_ENOUGH = 16
_SM2_NUMBER = bytes.fromhex("0201010420")

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Leak:
    """Never holds the key itself: it is shown to people."""

    place: str
    key: str
    form: str

    def __str__(self) -> str:
        return f"{self.place}: {self.key} as {self.form}"


@dataclass(frozen=True)
class _Needle:
    key: str
    form: str
    text: str


class Scanner:
    """`secrets`: Kubernetes Secrets, whose private keys are looked for by their numbers."""

    def __init__(self, secrets: Iterable[Mapping[str, Any]] = ()) -> None:
        self._needles: dict[str, list[_Needle]] = {"base64": [], "hex": [], "decimal": []}
        self.keys = 0
        for secret in secrets:
            for name, value in (secret.get("data") or {}).items():
                for pem in _PEM.findall(base64.b64decode(value)):
                    self.add(f"{secret['metadata']['name']}/{name}", pem)

    def add(self, name: str, pem: bytes) -> None:
        """Knows this key from now on. `name`: how leaks call it."""
        self.keys += 1
        # Whether it is a good key is not asked here, and takes long.
        numbers, encodings = _read(name, pem)
        for number, size in numbers:
            secret = number.to_bytes(size, "big")
            self._add("base64", name, "base64", _aligned(secret))
            self._add("hex", name, "hexadecimal", [f"{number:x}"])
            self._add("decimal", name, "decimal", [str(number)])
            for encoded in encodings:
                line = _line_with(encoded, secret)
                self._add("base64", name, "base64 of PEM", _aligned(line))
                self._add("hex", name, "hexadecimal of PEM", [line.hex()])

    def scan(self, text: str, place: str) -> list[Leak]:
        """Each key and form once."""
        squeezed = {
            "base64": _BREAKS.sub("", text).replace("-", "+").replace("_", "/"),
            "hex": _HEX_BREAKS.sub("", text).lower(),
            "decimal": text,
        }
        known = [
            Leak(place, needle.key, needle.form)
            for how, needles in self._needles.items()
            for needle in needles
            if needle.text in squeezed[how]
        ]
        unknown = [Leak(place, UNKNOWN, form) for form in _unknown(text)]
        return list(dict.fromkeys(known + unknown))

    def _add(self, how: str, name: str, form: str, texts: Iterable[str]) -> None:
        self._needles[how] += [_Needle(name, form, text) for text in texts if text]


def _read(name: str, pem: bytes) -> tuple[list[tuple[int, int]], list[bytes]]:
    """The secret numbers, each with the bytes that it is written in, and the DER encodings."""
    try:
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm:
        return _read_sm2(pem)
    assert isinstance(key, Key), f"{name}: a key of another kind than we make"
    return _numbers(key), _encodings(key)


def _read_sm2(pem: bytes) -> tuple[list[tuple[int, int]], list[bytes]]:
    """A curve that the library does not know. RFC 5915: version 1, then the number."""
    der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    at = der.index(_SM2_NUMBER) + len(_SM2_NUMBER)
    return [(int.from_bytes(der[at : at + 32], "big"), 32)], [der]


def _numbers(key: Key) -> list[tuple[int, int]]:
    """(secret number, bytes that it is written in)."""
    numbers = key.private_numbers()
    if isinstance(numbers, ec.EllipticCurvePrivateNumbers):
        return [(numbers.private_value, (key.key_size + 7) // 8)]
    size = key.key_size // 8
    return [(numbers.d, size), (numbers.p, size // 2), (numbers.q, size // 2)]


def _encodings(key: Key) -> list[bytes]:
    formats = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
    return [key.private_bytes(Encoding.DER, one, NoEncryption()) for one in formats]


def _line_with(der: bytes, secret: bytes) -> bytes:
    """The line of the PEM text in the middle of the secret number, b"" where there is none."""
    at = der.find(secret)
    if at < 0:
        return b""
    line = (at + len(secret) // 2) // _BYTES_IN_PEM_LINE
    body = base64.b64encode(der)
    return body[line * _PEM_LINE :][:_PEM_LINE]


def _aligned(secret: bytes) -> list[str]:
    """What base64 of any text around `secret` has in common, for each of the three alignments."""
    found = []
    for before in range(3):
        whole = (len(secret) + before) // 3 * 3
        inner = (b"\0" * before + secret)[3 if before else 0 : whole]
        if len(inner) >= _ENOUGH:
            found.append(base64.b64encode(inner).decode())
    return found


def _unknown(text: str) -> Iterator[str]:
    if _PRIVATE_PEM.search(text):
        yield "PEM"
    for match in _BASE64.finditer(text):
        try:
            decoded = base64.b64decode(match[0] + "=" * (-len(match[0]) % 4))
        except binascii.Error:
            continue
        if _PEM.search(decoded):
            yield "base64 of PEM"
        elif _is_key(decoded):
            yield "base64 of DER"


def _is_key(der: bytes) -> bool:
    if not der.startswith(b"\x30"):
        return False
    try:
        load_der_private_key(der, None)
    except UnsupportedAlgorithm:
        return _SM2_NUMBER in der
    except (ValueError, TypeError):
        return False
    return True
