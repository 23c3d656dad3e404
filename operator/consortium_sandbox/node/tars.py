"""The Tars wire format, as far as native transactions use it.

A field is a head (tag and type; a tag of 15 and more takes a byte of its own) and a value. Integers
take the smallest type that holds them, zero takes none. A struct is read into a dict of tag →
value: int, bytes (strings and byte lists alike) or another dict.
"""

from __future__ import annotations

import struct

Value = int | bytes | dict[int, "Value"]
Fields = dict[int, Value]

_INT8, _INT16, _INT32, _INT64 = 0, 1, 2, 3
_STRING1, _STRING4 = 6, 7
_STRUCT_BEGIN, _STRUCT_END, _ZERO, _SIMPLE_LIST = 10, 11, 12, 13
_INTEGERS = {_INT8: ">b", _INT16: ">h", _INT32: ">i", _INT64: ">q"}


class TarsError(ValueError):
    """The bytes are no Tars struct of the types that transactions use."""


def decode(data: bytes) -> Fields:
    """Read a top-level struct. Raises TarsError."""
    reader = _Reader(data)
    fields: Fields = {}
    while not reader.at_end():
        tag, kind = reader.head()
        fields[tag] = reader.value(kind)
    return fields


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def at_end(self) -> bool:
        return self._at >= len(self._data)

    def head(self) -> tuple[int, int]:
        byte = self._take(1)[0]
        tag = byte >> 4
        return (self._take(1)[0] if tag == 15 else tag), byte & 15

    def value(self, kind: int) -> Value:
        if kind in _INTEGERS:
            number: int = struct.unpack(_INTEGERS[kind], self._take(1 << kind))[0]
            return number
        if kind == _ZERO:
            return 0
        if kind == _STRING1:
            return self._take(self._take(1)[0])
        if kind == _STRING4:
            return self._take(struct.unpack(">I", self._take(4))[0])
        if kind == _SIMPLE_LIST:
            return self._simple_list()
        if kind == _STRUCT_BEGIN:
            return self._struct()
        raise TarsError(f"unexpected type {kind}")

    def _simple_list(self) -> bytes:
        if self.head() != (0, _INT8):
            raise TarsError("a list of anything but bytes")
        size = self.value(self.head()[1])
        if not isinstance(size, int) or size < 0:
            raise TarsError("a list without a size")
        return self._take(size)

    def _struct(self) -> Fields:
        fields: Fields = {}
        while True:
            tag, kind = self.head()
            if kind == _STRUCT_END:
                return fields
            fields[tag] = self.value(kind)

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise TarsError("cut short")
        piece = self._data[self._at : end]
        self._at = end
        return piece


def integer(tag: int, value: int) -> bytes:
    if value == 0:
        return _head(tag, _ZERO)
    for kind, code in _INTEGERS.items():
        limit = 1 << (8 * (1 << kind) - 1)
        if -limit <= value < limit:
            return _head(tag, kind) + struct.pack(code, value)
    raise TarsError("an integer of more than 64 bits")


def string(tag: int, value: str) -> bytes:
    data = value.encode()
    if len(data) <= 255:
        return _head(tag, _STRING1) + bytes([len(data)]) + data
    return _head(tag, _STRING4) + struct.pack(">I", len(data)) + data


def byte_list(tag: int, value: bytes) -> bytes:
    return _head(tag, _SIMPLE_LIST) + _head(0, _INT8) + integer(0, len(value)) + value


def structure(tag: int, body: bytes) -> bytes:
    return _head(tag, _STRUCT_BEGIN) + body + _head(0, _STRUCT_END)


def _head(tag: int, kind: int) -> bytes:
    return bytes([tag << 4 | kind]) if tag < 15 else bytes([15 << 4 | kind, tag])
