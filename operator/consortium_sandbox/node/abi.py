"""Solidity's ABI, for the fixed set of functions that the system contracts have."""

from __future__ import annotations

from collections.abc import Sequence

from consortium_sandbox.node.keys import keccak256

Value = int | str | bool | bytes
_WORD = 32


class AbiError(ValueError):
    """The input does not hold the arguments that the function takes."""


def selector(signature: str) -> bytes:
    """The first four bytes of the keccak-256 of `name(type,…)`."""
    return keccak256(signature.encode())[:4]


def parameters(signature: str) -> list[str]:
    inside = signature[signature.index("(") + 1 : -1]
    return inside.split(",") if inside else []


def decode(types: Sequence[str], data: bytes) -> list[Value]:
    """Arguments after the selector; `address` gives 20 bytes. Raises AbiError."""
    return [_decode_one(kind, data, i * _WORD) for i, kind in enumerate(types)]


def encode(types: Sequence[str], values: Sequence[Value]) -> bytes:
    head, tail = b"", b""
    for kind, value in zip(types, values, strict=True):
        if kind == "string":
            head += _word(len(types) * _WORD + len(tail))
            tail += _string(str(value))
        elif isinstance(value, bytes):
            head += value.rjust(_WORD, b"\0")
        else:
            head += _word(int(value))
    return head + tail


def revert_reason(text: str) -> bytes:
    """The output of a call that failed with a text: Error(string)."""
    return selector("Error(string)") + encode(["string"], [text])


def _decode_one(kind: str, data: bytes, at: int) -> Value:
    word = data[at : at + _WORD]
    if len(word) < _WORD:
        raise AbiError("input too short")
    number = int.from_bytes(word, "big")
    if kind == "string":
        return _decode_string(data, number)
    if kind == "bool":
        return number != 0
    if kind == "address":
        return word[-20:]
    if kind.startswith("uint"):
        return number % (1 << int(kind[4:]))
    raise AbiError(f"unknown type {kind}")


def _decode_string(data: bytes, at: int) -> str:
    size = int.from_bytes(data[at : at + _WORD], "big")
    content = data[at + _WORD : at + _WORD + size]
    if at + _WORD > len(data) or len(content) < size:
        raise AbiError("input too short")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise AbiError("a string that is not UTF-8") from error


def _string(text: str) -> bytes:
    data = text.encode()
    return _word(len(data)) + data + b"\0" * (-len(data) % _WORD)


def _word(number: int) -> bytes:
    return (number % (1 << 256)).to_bytes(_WORD, "big")
