"""The Tars encoding at the edges of its types. Whole transactions are in test_transaction.py."""

import pytest

from consortium_operator.engines.fisco_bcos import tars

INTEGERS = {
    0: "1c",
    1: "1001",
    -1: "10ff",
    127: "107f",
    -128: "1080",
    128: "110080",
    -129: "11ff7f",
    32767: "117fff",
    -32768: "118000",
    32768: "1200008000",
    2**31 - 1: "127fffffff",
    -(2**31): "1280000000",
    2**31: "130000000080000000",
    2**63 - 1: "137fffffffffffffff",
    -(2**63): "138000000000000000",
}


@pytest.mark.parametrize("value", INTEGERS)
def test_an_integer_takes_the_shortest_type_that_holds_it(value: int) -> None:
    assert tars.encode({1: value}).hex() == INTEGERS[value]
    assert tars.decode(bytes.fromhex(INTEGERS[value])) == {1: value}


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_an_integer_beyond_64_bits_is_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        tars.encode({1: value})


@pytest.mark.parametrize(
    ("length", "head"), [(0, "1600"), (255, "16ff"), (256, "1700000100"), (70_000, "1700011170")]
)
def test_a_string_takes_the_shorter_length_that_holds_it(length: int, head: str) -> None:
    encoded = tars.encode({1: "x" * length})
    assert encoded.hex() == head + "78" * length
    assert tars.decode(encoded) == {1: "x" * length}


@pytest.mark.parametrize(("tag", "head"), [(14, "ec"), (15, "fc0f"), (255, "fcff")])
def test_a_tag_that_four_bits_do_not_hold_follows_the_type(tag: int, head: str) -> None:
    assert tars.encode({tag: 0}).hex() == head
    assert tars.decode(bytes.fromhex(head)) == {tag: 0}


def test_bytes_carry_their_length_as_a_field_of_tag_0() -> None:
    assert tars.encode({7: b""}).hex() == "7d000c"
    assert tars.encode({7: bytes(200)}).hex() == "7d000100c8" + "00" * 200


def test_fields_are_written_in_the_order_of_their_tags() -> None:
    assert tars.encode({2: 0, 1: {5: 0, 4: 0}}).hex() == "1a4c5c0b2c"
