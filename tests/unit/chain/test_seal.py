"""The sealed genesis: what is written is what is read back, and tampering is noticed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.genesis import (
    CONFIG_GENESIS,
    FOUNDERS,
    SEALED_SETTINGS,
    Founder,
    Seal,
    TamperedGenesis,
)

names = st.text(alphabet="abc-", min_size=1, max_size=5)
founders = st.builds(Founder, names, names, names, st.integers(min_value=1, max_value=9))
seals = st.builds(
    Seal,
    st.text(max_size=20),
    st.lists(founders, max_size=4).map(lambda found: tuple(sorted(found))),
    st.dictionaries(names, st.text(max_size=5), max_size=3),
)

SEAL = Seal(
    "[chain]\n",
    (Founder("webank", "a-0", "ff", 2), Founder("huawei", "b-0", "ee", 1)),
    {"keyPageSize": "0"},
)


@given(seals)
def test_a_seal_is_read_back_as_it_was_written(seal: Seal) -> None:
    assert Seal.from_data(seal.to_data()) == seal


def test_the_data_does_not_depend_on_the_order_of_founders() -> None:
    turned = Seal(SEAL.text, SEAL.founders[::-1], SEAL.settings)
    assert turned.to_data() == SEAL.to_data()


def test_the_fingerprint_is_that_of_the_whole_file() -> None:
    assert SEAL.sha256 == hashlib.sha256(b"[chain]\n").hexdigest()


def test_the_founders_table_knows_who_founded_the_chain() -> None:
    assert SEAL.founder("webank", "a-0") == Founder("webank", "a-0", "ff", 2)
    assert SEAL.founder("webank", "b-0") is None


@pytest.mark.parametrize("key", [CONFIG_GENESIS, FOUNDERS, SEALED_SETTINGS])
def test_a_missing_part_is_named(key: str) -> None:
    data = {k: v for k, v in SEAL.to_data().items() if k != key}
    with pytest.raises(TamperedGenesis, match=key):
        Seal.from_data(data)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (FOUNDERS, "no json"),
        (FOUNDERS, "{}x"),
        (FOUNDERS, '[{"member": "a"}]'),
        (FOUNDERS, '[{"member": "a", "node": "b", "nodeId": "c", "weight": "heavy"}]'),
        (FOUNDERS, '[{"member": "a", "node": "b", "nodeId": "c", "weight": Infinity}]'),
        (FOUNDERS, "[1]"),
        (FOUNDERS, "[" * 5000 + "]" * 5000),
        (SEALED_SETTINGS, "[]"),
        (SEALED_SETTINGS, "null"),
    ],
)
def test_an_unreadable_part_is_noticed(key: str, text: str) -> None:
    with pytest.raises(TamperedGenesis):
        Seal.from_data(SEAL.to_data() | {key: text})
