"""The register: the public side of every key, complete or not at all."""

from dataclasses import replace

import pytest

from consortium_operator.chain.register import (
    AccountRegister,
    AuthorityRegister,
    NodeRegister,
    RegisterError,
)
from tests import chains

Entry = NodeRegister | AuthorityRegister | AccountRegister

ENTRIES: list[Entry] = [
    chains.node_register(),
    chains.authority_register(),
    chains.account_register(),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_read_back_as_it_was_written(entry: Entry) -> None:
    assert type(entry).from_data(entry.to_data()) == entry


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_missing_or_empty_field_is_named(entry: Entry) -> None:
    for field in entry.to_data():
        without = {k: v for k, v in entry.to_data().items() if k != field}
        for data in (without, without | {field: ""}):
            with pytest.raises(RegisterError, match=field):
                type(entry).from_data(data)


def test_an_authority_below_a_root_keeps_what_is_between() -> None:
    entry = replace(chains.authority_register(), chain="certificate 2\n")
    assert AuthorityRegister.from_data(entry.to_data()) == entry
    assert "chain.crt" not in chains.authority_register().to_data()


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_others_added_is_passed_over(entry: Entry) -> None:
    assert type(entry).from_data(entry.to_data() | {"note": "x"}) == entry
