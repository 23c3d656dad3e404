"""Solidity's ABI, against the stand-in node's own reading of it and by its laws."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.engines.fisco_bcos import abi
from consortium_sandbox.node import abi as theirs

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
TYPES = {
    "uint256": st.integers(0, (1 << 256) - 1),
    "uint32": st.integers(0, (1 << 32) - 1),
    "uint8": st.integers(0, 255),
    "int256": st.integers(-(1 << 255), (1 << 255) - 1),
    "int32": st.integers(-(1 << 31), (1 << 31) - 1),
    "bool": st.booleans(),
    "string": texts,
    "address": addresses,
    "bytes4": st.binary(min_size=4, max_size=4),
    "bytes32": st.binary(min_size=32, max_size=32),
    "address[]": st.lists(addresses, max_size=5).map(tuple),
    "uint32[]": st.lists(st.integers(0, (1 << 32) - 1), max_size=5).map(tuple),
    "string[]": st.lists(texts, max_size=4).map(tuple),
}
typed = st.lists(
    st.sampled_from(sorted(TYPES)).flatmap(lambda kind: st.tuples(st.just(kind), TYPES[kind])),
    max_size=6,
)


@given(typed)
def test_values_come_back_as_they_were_encoded(pairs: list[tuple[str, abi.Value]]) -> None:
    types, values = [kind for kind, _ in pairs], tuple(value for _, value in pairs)
    encoded = abi.encode(types, values)
    assert abi.decode(types, encoded) == values
    assert len(encoded) % 32 == 0


SHARED = ["uint256", "uint32", "uint8", "bool", "string", "address", "address[]", "uint32[]"]
shared = st.lists(
    st.sampled_from(SHARED).flatmap(lambda kind: st.tuples(st.just(kind), TYPES[kind])),
    max_size=6,
)


@given(shared)
def test_the_encoding_is_that_of_an_independent_one(pairs: list[tuple[str, abi.Value]]) -> None:
    def as_theirs(value: abi.Value) -> Any:
        if isinstance(value, str) and value.startswith("0x") and len(value) == 42:
            return bytes.fromhex(value[2:])
        if isinstance(value, tuple):
            return [as_theirs(one) for one in value]
        return value

    types = [kind for kind, _ in pairs]
    encoded = abi.encode(types, [value for _, value in pairs])
    assert encoded == theirs.encode(types, [as_theirs(value) for _, value in pairs])


def test_a_text_is_laid_out_as_the_abi_has_it() -> None:
    """The input of a transaction that a real node took (transaction-vectors.txt): "test"."""
    encoded = abi.encode(["string"], ["test"])
    assert encoded.hex() == f"{32:064x}{4:064x}" + b"test".hex().ljust(64, "0")


def test_the_types_of_a_function_are_read() -> None:
    assert abi.parameters("setValueByKey(string,string)") == ("string", "string")
    assert abi.parameters("_committee()") == ()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("int256", 1 << 255),
        ("uint32", True),
        ("bool", 1),
        ("string", b"x"),
        ("string", 1),
        ("address", "0x12"),
        ("address", "12" * 20),
        ("address", b"\0" * 20),
        ("bytes4", b"\0" * 5),
        ("uint32[]", "text"),
        ("uint32[]", [1 << 32]),
        ("tuple", 1),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_refused(kind: str, value: abi.Value) -> None:
    with pytest.raises(abi.AbiError):
        abi.encode([kind], [value])


def test_the_number_of_values_must_be_that_of_the_types() -> None:
    with pytest.raises(abi.AbiError, match="2 values are wanted, not 1"):
        abi.encode(["bool", "bool"], [True])


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("uint8", word(256)),
        ("bool", word(2)),
        ("address", word(1 << 160)),
        ("uint256", b""),
        ("string", word(32)),
        ("string", word(1 << 200)),
        ("string", word(32) + word(5) + b"1234"),
        ("string", word(32) + word(2) + b"\xff\xff" + bytes(30)),
        ("address[]", word(32) + word(1 << 255)),
        ("address[]", word(32) + word(2) + word(1)),
        ("tuple", word(1)),
    ],
)
def test_bytes_that_do_not_hold_the_type_are_refused(kind: str, data: bytes) -> None:
    with pytest.raises(abi.AbiError):
        abi.decode([kind], data)


@given(st.lists(st.sampled_from(sorted(TYPES)), max_size=5), st.binary(max_size=500))
def test_no_bytes_bring_another_error(types: list[str], data: bytes) -> None:
    try:
        abi.decode(types, data)
    except abi.AbiError:
        return
