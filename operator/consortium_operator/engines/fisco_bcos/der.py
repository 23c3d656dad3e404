"""The little DER that no library gives: taking an element apart and putting one together.

Definite lengths and single-octet tags only, which is all that X.509 is made of. Libraries make and
read the certificates of a Standard chain; those of an SM chain are put together here, since none
knows the curve.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

# From this year on X.509 writes four digits (RFC 5280, section 4.1.2.5).
_FOUR_DIGITS_FROM = 2050


def encode(tag: int, content: bytes) -> bytes:
    """One element: tag, length, content."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*elements: bytes) -> bytes:
    return encode(SEQUENCE, b"".join(elements))


def explicit(number: int, *elements: bytes) -> bytes:
    """The context-specific tag `number` around the elements."""
    return encode(0xA0 | number, b"".join(elements))


def integer(value: int) -> bytes:
    """Not negative: a leading zero keeps the sign."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def boolean(value: bool) -> bytes:
    return encode(BOOLEAN, b"\xff" if value else b"\x00")


def octet_string(content: bytes) -> bytes:
    return encode(OCTET_STRING, content)


def bit_string(content: bytes) -> bytes:
    """Whole octets: none of the bits is left unused."""
    return encode(BIT_STRING, b"\x00" + content)


def object_identifier(dotted: str) -> bytes:
    """From its numbers: 1.2.156.10197.1.501."""
    first, second, *rest = (int(number) for number in dotted.split("."))
    return encode(
        OBJECT_IDENTIFIER, b"".join(_base128(number) for number in (first * 40 + second, *rest))
    )


def time(moment: datetime) -> bytes:
    """To the second, in UTC: two digits of the year or four, as X.509 wants it."""
    moment = moment.astimezone(UTC)
    if moment.year < _FOUR_DIGITS_FROM:
        return encode(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return encode(GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def content_of(element: bytes) -> bytes:
    """The content of the one element that `element` is. Raises ValueError."""
    (found,) = split(element)
    return element[len(found) - _length(element, 0)[1] :]


def integers_of(element: bytes) -> Sequence[int]:
    """The integers that a sequence is made of, each not negative. Raises ValueError."""
    parts = split(content_of(element))
    if element[0] != SEQUENCE or any(part[0] != INTEGER for part in parts):
        raise ValueError("a DER sequence of integers is wanted")
    return [int.from_bytes(content_of(part), "big") for part in parts]


def split(content: bytes) -> list[bytes]:
    """The elements of a sequence's or set's content, each with its tag and length.

    Raises ValueError where an element is cut short.
    """
    elements, start = [], 0
    while start < len(content):
        header, length = _length(content, start)
        end = start + header + length
        if end > len(content):
            raise ValueError("a DER element is cut short")
        elements.append(content[start:end])
        start = end
    return elements


def _length(content: bytes, start: int) -> tuple[int, int]:
    """Octets of tag and length, and the length, of the element that begins at `start`."""
    first = content[start + 1] if start + 1 < len(content) else 0x80
    if first < 0x80:
        return 2, first
    octets = content[start + 2 : start + 2 + (first & 0x7F)]
    if not octets or len(octets) < (first & 0x7F):
        raise ValueError("a DER length is cut short")
    return 2 + len(octets), int.from_bytes(octets, "big")


def _base128(number: int) -> bytes:
    """Seven bits an octet, the highest first; all but the last are marked."""
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))
