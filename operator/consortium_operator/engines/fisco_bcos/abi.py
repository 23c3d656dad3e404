"""Solidity's ABI, for the types that the system contracts take and give.

The library for it would bring seven packages and 24 MB into the operator for seven types. By what
hash a function is called is the suite's matter.
"""

import re
from collections.abc import Sequence

Value = int | str | bool | bytes | Sequence["Value"]
"""uintN, intN: int; bool; string; address: 0x and 40 hex digits; bytesN: bytes; lists of these."""

_WORD = 32
_INTEGER = re.compile(r"(u?)int([0-9]+)")
_FIXED_BYTES = re.compile(r"bytes([0-9]+)")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_LIST = "[]"


class AbiError(ValueError):
    """A value that its type cannot hold, or bytes that do not hold the types."""


def parameters(signature: str) -> tuple[str, ...]:
    """The types of `name(type,…)`."""
    inside = signature.partition("(")[2].removesuffix(")")
    return tuple(inside.split(",")) if inside else ()


def encode(types: Sequence[str], values: Sequence[Value]) -> bytes:
    """Raises AbiError."""
    if len(types) != len(values):
        raise AbiError(f"{len(types)} values are wanted, not {len(values)}")
    heads, tail = [], b""
    for kind, value in zip(types, values, strict=True):
        encoded = _encode(kind, value)
        if _is_dynamic(kind):
            heads.append(_word(_WORD * len(types) + len(tail)))
            tail += encoded
        else:
            heads.append(encoded)
    return b"".join(heads) + tail


def decode(types: Sequence[str], data: bytes) -> tuple[Value, ...]:
    """Raises AbiError. What follows the values is passed over, as Solidity does."""
    return tuple(
        _decode(kind, data, _number(data, _WORD * at) if _is_dynamic(kind) else _WORD * at)
        for at, kind in enumerate(types)
    )


def _is_dynamic(kind: str) -> bool:
    return kind == "string" or kind.endswith(_LIST)


def _encode(kind: str, value: Value) -> bytes:
    if kind.endswith(_LIST) and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        inner = kind.removesuffix(_LIST)
        return _word(len(value)) + encode([inner] * len(value), value)
    if kind == "string" and isinstance(value, str):
        text = value.encode()
        return _word(len(text)) + text + bytes(-len(text) % _WORD)
    if kind == "address" and isinstance(value, str) and _ADDRESS.fullmatch(value):
        return bytes.fromhex(value[2:]).rjust(_WORD, b"\0")
    if kind == "bool" and isinstance(value, bool):
        return _word(int(value))
    if _INTEGER.fullmatch(kind) and isinstance(value, int) and not isinstance(value, bool):
        return _encode_integer(kind, value)
    fixed = _FIXED_BYTES.fullmatch(kind)
    if fixed and isinstance(value, bytes) and len(value) == int(fixed[1]):
        return value.ljust(_WORD, b"\0")
    raise AbiError(f"a value of the type {kind} is wanted")


def _encode_integer(kind: str, value: int) -> bytes:
    least, most = _bounds(kind)
    if not least <= value <= most:
        raise AbiError(f"{value} does not fit into {kind}")
    return value.to_bytes(_WORD, "big", signed=value < 0)


def _decode(kind: str, data: bytes, at: int) -> Value:
    if kind.endswith(_LIST):
        return _decode_list(kind.removesuffix(_LIST), data, at)
    if kind == "string":
        start = at + _WORD
        text = _take(data, start, _number(data, at))
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise AbiError("a string is not UTF-8") from None
    word = _take(data, at, _WORD)
    fixed = _FIXED_BYTES.fullmatch(kind)
    if fixed:
        return word[: int(fixed[1])]
    if kind == "address":
        return f"0x{_bounded('uint160', word):040x}"
    if kind == "bool":
        return bool(_bounded("uint1", word))
    return _bounded(kind, word)


def _bounded(kind: str, word: bytes) -> int:
    least, most = _bounds(kind)
    number = int.from_bytes(word, "big", signed=least < 0)
    if not least <= number <= most:
        raise AbiError(f"{number} is no value of the type {kind}")
    return number


def _decode_list(inner: str, data: bytes, at: int) -> Value:
    length, start = _number(data, at), at + _WORD
    # Each element takes a word at least, so a hostile length cannot keep us busy.
    if length * _WORD > len(data) - start:
        raise AbiError("cut short")
    return decode([inner] * length, data[start:])


def _bounds(kind: str) -> tuple[int, int]:
    found = _INTEGER.fullmatch(kind)
    if found is None:
        raise AbiError(f"the type {kind} is not supported")
    bits = int(found[2])
    return (0, (1 << bits) - 1) if found[1] else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(_take(data, at, _WORD), "big")


def _take(data: bytes, at: int, count: int) -> bytes:
    if at + count > len(data):
        raise AbiError("cut short")
    return data[at : at + count]


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD, "big")
