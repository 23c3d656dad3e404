"""Native transactions, against the vectors of the public java-sdk, one that a real SM node took,
and by their laws."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.suites.suite import CryptoSuite
from consortium_operator.engines.fisco_bcos.suites.table import SM, STANDARD
from consortium_operator.engines.fisco_bcos.transaction import (
    InvalidTransaction,
    SignedTransaction,
    Transaction,
    sign,
)
from consortium_operator.engines.protocol import InvalidMaterial
from tests import observed
from tests.unit.engines.fisco_bcos.both_suites import in_both_suites

VECTORS = {
    "version 0": STANDARD,
    "version 1": STANDARD,
    "SM": SM,
}
BYTES = [*observed.TRANSACTION_VECTORS, bytes.fromhex(observed.SM_TRANSACTION["raw"][2:])]
vectors = pytest.mark.parametrize(
    ("vector", "suite"), list(zip(BYTES, VECTORS.values(), strict=True)), ids=list(VECTORS)
)


@cache
def account(suite: CryptoSuite) -> PrivateFiles:
    return PrivateFiles({"account.pem": suite.ledger.new()})


def address(suite: CryptoSuite) -> str:
    point = suite.ledger.public(account(suite), "account.pem").number
    return suite.address_of(bytes.fromhex(point))


DEPLOYMENT = Transaction(
    chain_id="chain0",
    group_id="group0",
    block_limit=500,
    nonce="42",
    to="",
    input=bytes.fromhex("6001600c60003960016000f300"),
)

int64 = st.integers(-(1 << 63), (1 << 63) - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
transactions = st.builds(
    Transaction,
    chain_id=texts,
    group_id=texts,
    block_limit=int64,
    nonce=texts,
    to=st.just("") | st.text("0123456789abcdef", min_size=40, max_size=40),
    input=st.binary(max_size=70_000) | st.binary(max_size=300),
    abi=texts,
    version=st.integers(0, 2),
    value=texts,
    gas_price=texts,
    gas_limit=int64,
    max_fee_per_gas=texts,
    max_priority_fee_per_gas=texts,
    extension=st.binary(max_size=300),
)


@vectors
def test_a_vector_is_decoded_and_encoded_byte_for_byte(vector: bytes, suite: CryptoSuite) -> None:
    assert SignedTransaction.decode(vector).encode() == vector


@vectors
def test_a_vectors_hash_is_that_of_its_content(vector: bytes, suite: CryptoSuite) -> None:
    signed = SignedTransaction.decode(vector)
    assert signed.transaction.hash(suite) == signed.data_hash


def test_a_vectors_fields_are_read() -> None:
    one, other, _ = (SignedTransaction.decode(vector) for vector in BYTES)
    assert (one.transaction.version, other.transaction.version) == (0, 1)
    assert (one.transaction.block_limit, other.transaction.block_limit) == (509, 507)
    assert (one.attribute, other.attribute) == (0, 1)
    assert one.transaction.chain_id == other.transaction.chain_id == "chain0"
    assert one.transaction.group_id == "group0"
    assert one.transaction.to == "0x0102e8b6fc8cdf9626fddc1c3ea8c1e79b3fce94"
    assert one.transaction.input.startswith(bytes.fromhex("4ed3885e"))
    assert one.transaction.abi == ""
    assert (other.transaction.value, other.transaction.gas_price) == ("0x0", "0x0")


@vectors
def test_the_signature_of_a_vector_belongs_to_one_account(
    vector: bytes, suite: CryptoSuite
) -> None:
    sender = SignedTransaction.decode(vector).sender(suite)
    assert len(bytes.fromhex(sender[2:])) == 20


def test_an_sm_node_saw_the_sender_that_we_compute() -> None:
    """From the receipt of a real SM node (transaction-sm.json)."""
    receipt = observed.SM_TRANSACTION["answer"]["result"]
    signed = SignedTransaction.decode(BYTES[2])
    assert signed.sender(SM) == receipt["from"]
    assert "0x" + signed.data_hash.hex() == receipt["transactionHash"]


@in_both_suites
def test_the_signer_is_recovered(suite: CryptoSuite) -> None:
    signed = sign(DEPLOYMENT, account(suite), suite)
    assert SignedTransaction.decode(signed.encode()).sender(suite) == address(suite)


def test_a_standard_signature_ends_with_v() -> None:
    signature = sign(DEPLOYMENT, account(STANDARD), STANDARD).signature
    assert len(signature) == 65
    assert signature[64] in (0, 1)


def test_an_sm_signature_ends_with_the_public_key() -> None:
    signature = sign(DEPLOYMENT, account(SM), SM).signature
    assert len(signature) == 128
    assert signature[64:].hex() == SM.ledger.public(account(SM), "account.pem").number


def test_a_transaction_of_the_other_suite_is_refused() -> None:
    """As an SM node does with a secp256k1 transaction (fisco-bcos 3.16.4: error -1)."""
    for one, other in ((STANDARD, SM), (SM, STANDARD)):
        with pytest.raises(InvalidTransaction):
            sign(DEPLOYMENT, account(one), one).sender(other)
        signature = sign(DEPLOYMENT, account(one), one).signature
        forged = SignedTransaction(DEPLOYMENT, DEPLOYMENT.hash(other), signature)
        with pytest.raises(InvalidTransaction, match="signature has"):
            forged.sender(other)


@in_both_suites
def test_a_deployment_leaves_out_to_and_abi(suite: CryptoSuite) -> None:
    assert (
        sign(DEPLOYMENT, account(suite), suite)
        .encode()
        .startswith(
            b"\x1a"  # data, a struct
            b"\x1c"  # version 0
            b"\x26\x06chain0"
            b"\x36\x06group0"
            b"\x41\x01\xf4"  # block limit 500
            b"\x56\x0242"
            b"\x7d\x00\x00\x0d" + DEPLOYMENT.input + b"\x0b"
        )
    )


def test_signing_twice_gives_the_same_bytes() -> None:
    once, again = (sign(DEPLOYMENT, account(STANDARD), STANDARD).encode() for _ in range(2))
    assert once == again


@in_both_suites
def test_signing_needs_the_key_of_an_account(suite: CryptoSuite) -> None:
    with pytest.raises(InvalidMaterial, match=r"account\.pem"):
        sign(DEPLOYMENT, PrivateFiles({}), suite)


@given(transactions, st.binary(max_size=80), st.binary(max_size=80), st.integers(0, 2**31 - 1))
def test_every_transaction_survives_encoding(
    transaction: Transaction, data_hash: bytes, signature: bytes, attribute: int
) -> None:
    signed = SignedTransaction(transaction, data_hash, signature, attribute)
    assert SignedTransaction.decode(signed.encode()) == signed


@in_both_suites
@given(transactions)
def test_every_signed_transaction_names_its_signer(
    suite: CryptoSuite, transaction: Transaction
) -> None:
    signed = sign(transaction, account(suite), suite)
    assert SignedTransaction.decode(signed.encode()).sender(suite) == address(suite)


CHANGES = {
    "chain_id": "chain1",
    "group_id": "group1",
    "block_limit": 501,
    "nonce": "43",
    "to": "0000000000000000000000000000000000001003",
    "input": b"",
    "abi": "[]",
}


@in_both_suites
@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_is_noticed(field: str, suite: CryptoSuite) -> None:
    signed = sign(DEPLOYMENT, account(suite), suite)
    forged = replace(signed, transaction=replace(DEPLOYMENT, **{field: CHANGES[field]}))  # type: ignore[arg-type] # each value is of its field's type
    with pytest.raises(InvalidTransaction, match="hash is not that of its content"):
        forged.sender(suite)


LATER_CHANGES = {
    "value": (1, "1"),
    "gas_price": (1, "1"),
    "gas_limit": (1, 1),
    "max_fee_per_gas": (1, "1"),
    "max_priority_fee_per_gas": (1, "1"),
    "extension": (2, b"1"),
}


@in_both_suites
@pytest.mark.parametrize("field", LATER_CHANGES)
def test_a_later_field_is_signed_from_its_version_on(field: str, suite: CryptoSuite) -> None:
    since, value = LATER_CHANGES[field]
    for version in (0, 1, 2):
        plain = replace(DEPLOYMENT, version=version)
        changed = replace(plain, **{field: value})  # type: ignore[arg-type] # each value is of its field's type
        assert (plain.hash(suite) != changed.hash(suite)) == (version >= since)


def test_a_version_of_the_future_is_not_hashed() -> None:
    with pytest.raises(InvalidTransaction, match="version 3 is not known"):
        replace(DEPLOYMENT, version=3).hash(STANDARD)


ONE = bytes(31) + b"\1"


@pytest.mark.parametrize(
    ("suite", "signature"),
    [
        (STANDARD, b""),
        (STANDARD, bytes(64)),
        (STANDARD, bytes(65)),
        (STANDARD, b"\xff" * 65),
        (STANDARD, ONE + ONE + b"\4"),
        (SM, b""),
        (SM, bytes(127)),
        (SM, bytes(128)),
        (SM, b"\xff" * 128),
        (SM, ONE + ONE + sign(DEPLOYMENT, account(SM), SM).signature[64:]),
        (SM, bytes(64) + sign(DEPLOYMENT, account(SM), SM).signature[64:]),
    ],
)
def test_a_signature_of_nobody_is_refused(suite: CryptoSuite, signature: bytes) -> None:
    forged = replace(sign(DEPLOYMENT, account(suite), suite), signature=signature)
    with pytest.raises(InvalidTransaction, match="signature"):
        forged.sender(suite)


# --- input that is no transaction ----------------------------------------------------------------


@vectors
def test_a_transaction_cut_short_anywhere_is_refused_or_lacks_its_signature(
    vector: bytes, suite: CryptoSuite
) -> None:
    whole = SignedTransaction.decode(vector)
    for end in range(len(vector)):
        try:
            found = SignedTransaction.decode(vector[:end])
        except InvalidTransaction:
            continue
        assert (found.signature, found.attribute) != (whole.signature, whole.attribute)


@given(st.binary(max_size=400))
def test_no_bytes_bring_another_error_than_invalid_transaction(content: bytes) -> None:
    for candidate in (content, b"\x1a" + content, b"\x1a\x0b" + content):
        try:
            SignedTransaction.decode(candidate)
        except InvalidTransaction:
            continue


NO_TRANSACTIONS = {
    "nothing": (b"", "data is missing"),
    "data is a number": (b"\x10\x05", "data is missing"),
    "chain id is a number": (b"\x1a\x20\x05\x0b", "chain_id is of another type"),
    "a tag twice": (b"\x1a\x1c\x1c\x0b", "comes twice"),
    "a map": (b"\x18\x0c", "type 8 is not supported"),
    "a string that is not UTF-8": (b"\x1a\x26\x01\xff\x0b", "not UTF-8"),
    "a vector of strings": (b"\x1a\x7d\x06\x00\x01a\x0b", "something else than bytes"),
    "a vector without a length": (b"\x1a\x7d\x00\x10\x01a\x0b", "without its length"),
    "a vector of negative length": (b"\x1a\x7d\x00\x00\xffa\x0b", "cut short"),
    "a struct that never ends": (b"\x1a\x1c", "cut short"),
    "structs without end": (b"\x1a" * 5000, "nested too deeply"),
    "an end without a beginning": (b"\x0b", "type 11 is not supported"),
}


@pytest.mark.parametrize("case", NO_TRANSACTIONS)
def test_what_is_no_transaction_is_refused_with_the_reason(case: str) -> None:
    content, why = NO_TRANSACTIONS[case]
    with pytest.raises(InvalidTransaction, match=why):
        SignedTransaction.decode(content)


def test_what_a_node_adds_for_itself_is_passed_over() -> None:
    imported = BYTES[0] + b"\x41\x01\x00" + b"\x7d\x00\x00\x02ab" + b"\x86\x01x"
    assert SignedTransaction.decode(imported) == SignedTransaction.decode(BYTES[0])
