"""Transactions, ABI, blocks and receipts, against vectors and real answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_sandbox.node import abi, tars
from consortium_sandbox.node.block import (
    Block,
    Header,
    Receipt,
    Seal,
    block_from_bytes,
    block_to_bytes,
)
from consortium_sandbox.node.keys import STANDARD
from consortium_sandbox.node.rpc.shapes import checksum_address
from consortium_sandbox.node.transaction import (
    BadTransaction,
    TransactionData,
    decode,
    sign,
)
from tests import observed

KEY = STANDARD.key_pair(b"\7" * 32)
WORDS = st.text(st.characters(codec="utf-8"), max_size=300)
DATA = st.builds(
    TransactionData,
    version=st.integers(0, 2),
    chain_id=WORDS,
    group_id=WORDS,
    block_limit=st.integers(0, 2**62),
    nonce=WORDS,
    to=WORDS,
    input=st.binary(max_size=400),
    abi=WORDS,
    value=WORDS,
    gas_limit=st.integers(0, 2**62),
    extension=st.binary(max_size=40),
)


@pytest.mark.parametrize("vector", observed.TRANSACTION_VECTORS)
def test_a_vector_of_the_java_sdk_decodes_hashes_and_names_its_signer(vector: bytes) -> None:
    """decode() compares the embedded hash with its own."""
    transaction = decode(vector, STANDARD)
    assert (transaction.data.chain_id, transaction.data.group_id) == ("chain0", "group0")
    assert transaction.sender is not None


@pytest.mark.parametrize("vector", observed.TRANSACTION_VECTORS)
def test_a_vector_is_encoded_again_byte_for_byte(vector: bytes) -> None:
    transaction = decode(vector, STANDARD)
    again = (
        tars.structure(1, transaction.data.encode())
        + tars.byte_list(2, transaction.hash)
        + tars.byte_list(3, transaction.signature)
    )
    rest = {0: b"", 1: tars.integer(4, 0) + tars.integer(5, 1)}[transaction.data.version]
    assert vector in (again, again + rest, again + tars.integer(5, 1))


def test_the_second_vector_is_version_1_with_an_attribute() -> None:
    transaction = decode(observed.TRANSACTION_VECTORS[1], STANDARD)
    assert (transaction.data.version, transaction.attribute) == (1, 1)
    assert (transaction.data.value, transaction.data.gas_price) == ("0x0", "0x0")


@given(DATA)
def test_what_is_signed_is_read_back(data: TransactionData) -> None:
    transaction = decode(sign(data, KEY, STANDARD), STANDARD)
    assert transaction.data == data
    assert transaction.hash == data.hash(STANDARD)
    assert transaction.sender == STANDARD.address(KEY.node_id)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_transaction_or_refused(raw: bytes) -> None:
    try:
        decode(raw, STANDARD)
    except BadTransaction:
        return


@given(st.integers(0, 63), st.integers(1, 255))
def test_a_changed_signature_never_names_the_same_signer(position: int, change: int) -> None:
    real = decode(observed.TRANSACTION_VECTORS[0], STANDARD)
    raw = bytearray(observed.TRANSACTION_VECTORS[0])
    raw[raw.index(real.signature) + position] ^= change
    assert decode(bytes(raw), STANDARD).sender != real.sender


def test_only_an_address_without_0x_is_a_system_transaction() -> None:
    for to, expected in ((f"{0x1003:040x}", True), (f"0x{0x1003:040x}", False), ("", False)):
        assert decode(sign(TransactionData(to=to), KEY, STANDARD), STANDARD).is_system is expected


@pytest.mark.parametrize(
    ("signature", "selector"),
    [
        ("addSealer(string,uint256)", "35916856"),
        ("addObserver(string)", "2800efc0"),
        ("remove(string)", "80599e4b"),
        ("setWeight(string,uint256)", "ce6fa5c5"),
        ("setValueByKey(string,string)", "bd291aef"),
        ("getValueByKey(string)", "1258a93a"),
    ],
)
def test_a_selector_is_that_of_the_compiler(signature: str, selector: str) -> None:
    assert abi.selector(signature, STANDARD).hex() == selector


@pytest.mark.parametrize(
    ("name", "signature", "values"),
    [
        ("receipt_addObserver", "addObserver(string)", []),
        ("receipt_addSealer", "addSealer(string,uint256)", [1]),
    ],
)
def test_the_input_of_a_real_call_is_read_and_written(
    name: str, signature: str, values: list[int]
) -> None:
    data = bytes.fromhex(observed.result(name)["input"][2:])
    types = abi.parameters(signature)
    arguments = abi.decode(types, data[4:])
    assert len(str(arguments[0])) == 128
    assert arguments[1:] == values
    assert abi.selector(signature, STANDARD) + abi.encode(types, arguments) == data


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 2**32 - 1), st.booleans())
def test_abi_values_are_read_back(text: str, number: int, flag: bool) -> None:
    types = ["string", "uint32", "bool", "string"]
    values: list[abi.Value] = [text, number, flag, text]
    assert abi.decode(types, abi.encode(types, values)) == values


@given(st.binary(max_size=200))
def test_any_bytes_are_arguments_or_refused(data: bytes) -> None:
    try:
        abi.decode(["string", "uint256"], data)
    except abi.AbiError:
        return


@pytest.mark.parametrize(
    "name", ["sendTransaction_deploy", "receipt_addObserver", "receipt_addSealer"]
)
def test_the_hash_of_a_real_receipt_is_rebuilt(name: str) -> None:
    real: dict[str, Any] = observed.result(name)
    receipt = Receipt(
        block_number=real["blockNumber"],
        status=real["status"],
        output=bytes.fromhex(real["output"][2:]),
        gas_used=real["gasUsed"],
        contract_address=real["contractAddress"][2:],
    )
    assert "0x" + receipt.hash(STANDARD).hex() == real["hash"]


def test_the_checksum_of_a_real_address_is_rebuilt() -> None:
    real = observed.result("sendTransaction_deploy")
    assert (
        checksum_address(real["contractAddress"][2:], STANDARD) == real["checksumContractAddress"]
    )


def test_a_block_is_read_back_and_its_seal_is_not_in_its_hash() -> None:
    header = Header(
        3,
        1,
        b"\1" * 32,
        b"\2" * 32,
        b"\3" * 32,
        b"\4" * 32,
        "21000",
        17,
        2,
        ("aa" * 64,),
        (1,),
        b"x",
    )
    block = Block(header, (b"\0\xff", b"second")).sealed(Seal(4, (("aa" * 64, b"\5" * 65),)))
    assert block_from_bytes(block_to_bytes(block)) == block
    assert block.hash(STANDARD) == Block(header).hash(STANDARD)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_block_or_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        block_from_bytes(data)
