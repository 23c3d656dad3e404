"""The Tars encoding, as far as native transactions use it: integers, strings, bytes and structs.

A field is a head (tag and type) and a value. Integers take the shortest type that holds them, and
zero takes none at all, so a value has one encoding only.
"""

from collections.abc import Mapping

Value = int | str | bytes | Mapping[int, "Value"]
"""What a field holds: an integer, a string, a vector<byte>, or a struct by tag."""

_BYTE, _SHORT, _INT, _LONG = 0, 1, 2, 3
_STRING_1, _STRING_4 = 6, 7
_STRUCT_BEGIN, _STRUCT_END = 10, 11
_ZERO, _BYTES = 12, 13

_INTEGER_SIZES = {_BYTE: 1, _SHORT: 2, _INT: 4, _LONG: 8}
# A head has four bits for the tag; 15 says that the tag follows in an octet of its own.
_TAG_FOLLOWS = 15
# A struct inside a struct is as deep as a transaction goes; hostile input may go on for ever.
_DEPTH_LIMIT = 8


class TarsError(ValueError):
    """Bytes that are no Tars struct of the types that we know."""


def encode(fields: Mapping[int, Value]) -> bytes:
    """The fields of a struct in the order of their tags, without heads around them.

    Raises OverflowError for an integer beyond 64 bits.
    """
    return b"".join(_field(tag, fields[tag]) for tag in sorted(fields))


def decode(content: bytes) -> dict[int, Value]:
    """Raises TarsError."""
    return _Reader(content).fields(is_nested=False, depth=0)


def _field(tag: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _integer(tag, value)
    if isinstance(value, str):
        encoded = value.encode()
        if len(encoded) < 0x100:
            return _head(tag, _STRING_1) + bytes((len(encoded),)) + encoded
        return _head(tag, _STRING_4) + len(encoded).to_bytes(4, "big") + encoded
    if isinstance(value, bytes):
        return _head(tag, _BYTES) + _head(0, _BYTE) + _integer(0, len(value)) + value
    return _head(tag, _STRUCT_BEGIN) + encode(value) + _head(0, _STRUCT_END)


def _integer(tag: int, value: int) -> bytes:
    if value == 0:
        return _head(tag, _ZERO)
    for kind, size in _INTEGER_SIZES.items():
        if -(1 << (8 * size - 1)) <= value < 1 << (8 * size - 1):
            return _head(tag, kind) + value.to_bytes(size, "big", signed=True)
    raise OverflowError("a Tars integer has at most 64 bits")


def _head(tag: int, kind: int) -> bytes:
    if tag < _TAG_FOLLOWS:
        return bytes((tag << 4 | kind,))
    return bytes((_TAG_FOLLOWS << 4 | kind, tag))


class _Reader:
    """Takes bytes from the front of `content`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def fields(self, *, is_nested: bool, depth: int) -> dict[int, Value]:
        """Up to the struct's end, or where it is not nested, the end of the input."""
        if depth > _DEPTH_LIMIT:
            raise TarsError("the structs are nested too deeply")
        found: dict[int, Value] = {}
        while is_nested or self._at < len(self._content):
            tag, kind = self._head()
            if kind == _STRUCT_END and is_nested:
                return found
            if tag in found:
                raise TarsError(f"the tag {tag} comes twice")
            found[tag] = self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Value:
        if kind == _ZERO or kind in _INTEGER_SIZES:
            return self._integer(kind)
        if kind in (_STRING_1, _STRING_4):
            return self._string(1 if kind == _STRING_1 else 4)
        if kind == _BYTES:
            return self._bytes()
        if kind == _STRUCT_BEGIN:
            return self.fields(is_nested=True, depth=depth + 1)
        raise TarsError(f"the type {kind} is not supported")

    def _integer(self, kind: int) -> int:
        if kind == _ZERO:
            return 0
        if kind not in _INTEGER_SIZES:
            raise TarsError(f"an integer is wanted, not the type {kind}")
        return int.from_bytes(self._take(_INTEGER_SIZES[kind]), "big", signed=True)

    def _string(self, length_size: int) -> str:
        encoded = self._take(int.from_bytes(self._take(length_size), "big"))
        try:
            return encoded.decode()
        except UnicodeDecodeError:
            raise TarsError("a string is not UTF-8") from None

    def _bytes(self) -> bytes:
        if self._head() != (0, _BYTE):
            raise TarsError("a vector of something else than bytes")
        tag, kind = self._head()
        if tag != 0:
            raise TarsError("a vector without its length")
        return self._take(self._integer(kind))

    def _head(self) -> tuple[int, int]:
        (first,) = self._take(1)
        tag, kind = first >> 4, first & 0x0F
        if tag == _TAG_FOLLOWS:
            (tag,) = self._take(1)
        return tag, kind

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if count < 0 or end > len(self._content):
            raise TarsError("cut short")
        taken = self._content[self._at : end]
        self._at = end
        return taken
