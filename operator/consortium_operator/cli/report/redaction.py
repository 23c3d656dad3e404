"""Takes private keys, tokens and passwords out of a text: pure. What says what it is is found, in
whatever wrapping it came; a bare number is not, since an id or a hash looks the same.

A node's log is its owner's text: nothing here takes more than a few looks at each of its letters,
or one hostile log would keep the report from ever being written.
"""

import base64
import binascii
import re
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

REDACTED = "[redacted]"

_NAME = r"(?:[A-Z0-9]+ )*PRIVATE KEY-----"
# With whatever stands between its lines: breaks as JSON writes them, or the time of each log line.
_PEM = re.compile(rf"-----BEGIN {_NAME}(?:(?!-----BEGIN ).){{0,20000}}?-----END {_NAME}", re.DOTALL)
# One whose end is not there: what follows may be the rest of it.
_OPEN_PEM = re.compile(rf"-----BEGIN {_NAME}(?:.*\n?){{0,80}}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]{16,}(?:\\+[nrt]|\s)*)+[A-Za-z0-9+/_-]*={0,2}")
# Of a DER sequence, and of "-----".
_BEGINNINGS = ("M", "LS0t")
_BREAKS = re.compile(r"\\+[nrt]|\s")
# Of the longest key, at 64 digits a line.
_MOST_LINES = 256
_PRIVATE = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")

# From its beginning only, so that a long one is not looked at again from each of its letters.
_DOTTED = re.compile(r"(?<![\w.-])[\w-]++(?:\.[\w-]*+)++", re.ASCII)

_NAMED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)((?:private|secret)[ _-]?key\W{1,4})(?:0x)?[0-9a-f]{32,}"), r"\1"),
    (re.compile(r"(?i)(\b(?:bearer|basic)[ \t]+)[A-Za-z0-9+/._~=-]{8,}"), r"\1"),
    (re.compile(r"(://[^/\s:@]{1,64}:)[^/\s@]{1,128}(?=@)"), r"\1"),
    (
        re.compile(
            r"""(?i)((?:password|passwd|passphrase|token|api[_-]?key)["']?[ \t]*[:=][ \t]*["']?)"""
            r"""[^\s"',;]{4,}"""
        ),
        r"\1",
    ),
)


def redacted(text: str) -> str:
    """The same text without what must not leave the cluster."""
    text = _PEM.sub(REDACTED, text)
    text = _OPEN_PEM.sub(REDACTED + "\n", text)
    text = _BASE64.sub(_without_key, text)
    text = _DOTTED.sub(_without_token, text)
    for pattern, kept in _NAMED:
        text = pattern.sub(_keeping(kept), text)
    return text


def _keeping(kept: str) -> Callable[[re.Match[str]], str]:
    return lambda match: match.expand(kept) + REDACTED


def _without_key(match: re.Match[str]) -> str:
    """Looked at from each piece on that may begin a key: a long word may stand before it. From the
    first to the end: that may be a whole file."""
    pieces = _BREAKS.split(match[0])
    most = len(pieces)
    for index, piece in enumerate(pieces):
        if piece.startswith(_BEGINNINGS):
            if _is_private("".join(pieces[index : index + most])):
                return REDACTED
            most = _MOST_LINES
    return match[0]


def _without_token(match: re.Match[str]) -> str:
    """A JSON Web Token: three parts, of which the first is a JSON object in base64."""
    parts = match[0].split(".")
    for index, (head, claims, _) in enumerate(zip(parts, parts[1:], parts[2:], strict=False)):
        at = head.find("eyJ")
        if 0 <= at <= len(head) - 11 and len(claims) >= 8:
            return ".".join((*parts[:index], head[:at] + REDACTED))
    return match[0]


def _is_private(text: str) -> bool:
    digits = text.replace("-", "+").replace("_", "/").rstrip("=")
    # One digit alone is no byte: it belongs to what stands behind.
    digits = digits[:-1] if len(digits) % 4 == 1 else digits
    try:
        decoded = base64.b64decode(digits + "=" * (-len(digits) % 4))
    except binascii.Error:
        return False
    return bool(_PRIVATE.search(decoded)) or _is_key(decoded[: _length(decoded)])


def _length(der: bytes) -> int:
    """Of the sequence that `der` begins with, as its head says."""
    if len(der) < 4 or der[1] < 0x80:
        return 2 + (der[1] if len(der) > 1 else 0)
    size = der[1] & 0x7F
    return 2 + size + int.from_bytes(der[2 : 2 + size], "big")


def _is_key(der: bytes) -> bool:
    try:
        load_der_private_key(der, None)
    except UnsupportedAlgorithm:  # SM2: a key, of a curve that the library does not know
        return True
    except (ValueError, TypeError):
        return False
    return True
