"""The little DER that no library gives: taking an element apart and putting one together.

Definite lengths and single-octet tags only, which is all that X.509 names are made of.
"""

SEQUENCE = 0x30
SET = 0x31
UTF8_STRING = 0x0C


def encode(tag: int, content: bytes) -> bytes:
    """One element: tag, length, content."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def content_of(element: bytes) -> bytes:
    """The content of the one element that `element` is. Raises ValueError."""
    (found,) = split(element)
    return element[len(found) - _length(element, 0)[1] :]


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
