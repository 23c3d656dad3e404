"""Solidity's ABI, for the fixed set of functions that the system contracts have."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from consortium_sandbox.node.suite import Suite

Value = int | str | bool | bytes | list[bytes] | list[int]
_WORD = 32
# Types as node and SDKs write them: the node calls its own function with C++ strings.
_DYNAMIC = ("string", "bytes")


class AbiError(ValueError):
    """The input does not hold the arguments that the function takes."""


@cache
def selector(signature: str, suite: Suite) -> bytes:
    """The first four bytes of the hash of `name(type,…)`."""
    return suite.hash(signature.encode())[:4]


@cache
def selectors(signatures: tuple[str, ...], suite: Suite) -> dict[bytes, str]:
    """Functions by their selectors."""
    return {selector(signature, suite): signature for signature in signatures}


def parameters(signature: str) -> list[str]:
    inside = signature[signature.index("(") + 1 : -1]
    return inside.split(",") if inside else []


def decode(types: Sequence[str], data: bytes) -> list[Value]:
    """Arguments after the selector; `address` gives 20 bytes. Raises AbiError."""
    return [_decode_one(kind, data, i * _WORD) for i, kind in enumerate(types)]


def encode(types: Sequence[str], values: Sequence[Value]) -> bytes:
    head, tail = b"", b""
    for kind, value in zip(types, values, strict=True):
        if kind in _DYNAMIC or isinstance(value, list):
            head += _word(len(types) * _WORD + len(tail))
            tail += _dynamic(value)
        else:
            head += _static(value)
    return head + tail


def hex_of(value: Value) -> str:
    """An address as 40 hex digits."""
    return value.hex() if isinstance(value, bytes) else str(value)


def number_of(value: Value) -> int:
    """A number or a boolean."""
    if not isinstance(value, int):
        raise AbiError(f"{value!r} is no number")
    return int(value)


def revert_reason(text: str, suite: Suite) -> bytes:
    """The output of a call that failed with a text: Error(string)."""
    return selector("Error(string)", suite) + encode(["string"], [text])


def _decode_one(kind: str, data: bytes, at: int) -> Value:
    word = data[at : at + _WORD]
    if len(word) < _WORD:
        raise AbiError("input too short")
    number = int.from_bytes(word, "big")
    if kind in _DYNAMIC:
        content = _content(data, number)
        return content if kind == "bytes" else _text(content)
    if kind == "bool":
        return number != 0
    if kind == "address":
        return word[-20:]
    if kind.startswith("uint"):
        return number % (1 << int(kind[4:]))
    raise AbiError(f"unknown type {kind}")


def _content(data: bytes, at: int) -> bytes:
    size = int.from_bytes(data[at : at + _WORD], "big")
    content = data[at + _WORD : at + _WORD + size]
    if at + _WORD > len(data) or len(content) < size:
        raise AbiError("input too short")
    return content


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise AbiError("a string that is not UTF-8") from error


def _static(value: Value) -> bytes:
    return value.rjust(_WORD, b"\0") if isinstance(value, bytes) else _word(number_of(value))


def _dynamic(value: Value) -> bytes:
    if isinstance(value, list):
        return _word(len(value)) + b"".join(_static(element) for element in value)
    data = value if isinstance(value, bytes) else str(value).encode()
    return _word(len(data)) + data + b"\0" * (-len(data) % _WORD)


def _word(number: int) -> bytes:
    return (number % (1 << 256)).to_bytes(_WORD, "big")
