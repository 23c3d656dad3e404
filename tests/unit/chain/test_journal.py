"""The membership journal: what is remembered is read back exactly."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.journal import Journal, JournalEntry, JournalError

texts = st.none() | st.text(max_size=5)
numbers = st.none() | st.integers(min_value=0)
times = st.sampled_from([None, "2026-01-02T03:04:05Z"])
paths = st.sampled_from([None, "webank/shenzhen-0"])
_STRATEGIES = {"str | None": texts, "int | None": numbers, "bool | None": st.none() | st.booleans()}
_MOMENTS = ("hung_at", "meddled_at", "suspect_at", "out_at")
_OF_THEIR_OWN = {
    "path": paths,
    "unknown": st.dictionaries(st.just("later"), st.none() | st.integers(), max_size=1),
    **dict.fromkeys(_MOMENTS, times),
}
entries = st.builds(
    JournalEntry,
    **{
        one.name: _STRATEGIES[str(one.type)]
        for one in fields(JournalEntry)
        if one.name not in _OF_THEIR_OWN
    },
    **_OF_THEIR_OWN,
)
journals = st.dictionaries(st.text(min_size=1, max_size=5), entries, max_size=3).map(Journal)


@given(journals)
def test_a_journal_is_read_back_as_it_was_written(journal: Journal) -> None:
    assert Journal.from_data(journal.to_data()) == journal


def test_a_node_that_was_never_seen_has_an_empty_entry() -> None:
    assert Journal({}).of("trade-webank-a-0") == JournalEntry()


def test_an_entry_is_one_readable_line() -> None:
    entry = JournalEntry(intent="Sealer/1", role="Sealer", weight=1, block=7)
    assert Journal({"n": entry}).to_data() == {
        "n": '{"intent": "Sealer/1", "role": "Sealer", "weight": 1, "block": 7}'
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "1",
        "[" * 5000 + "]" * 5000,
        '{"weight": "1"}',
        '{"weight": true}',
        '{"path": "webank"}',
        '{"out_at": "2026-01-02T03:04:05"}',
        '{"hung_at": "yesterday"}',
        '{"hung_at": "2026-01-02T03:04:05"}',
    ],
)
def test_an_unreadable_entry_names_its_node(text: str) -> None:
    with pytest.raises(JournalError, match="trade-webank-a-0"):
        Journal.from_data({"trade-webank-a-0": text})


def test_what_a_later_release_has_written_is_kept_and_stops_nothing() -> None:
    """An operator that was rolled back writes the journal as well."""
    later = {
        "the_chain": '{"epoch": {"ends": [1]}, "settings": {"tx_count_limit": "500"}}',
        "trade-webank-a-0": '{"weight": 1, "unknown": 2, "fenced": true}',
    }
    journal = Journal.from_data(later)
    assert journal.chain.settings == {"tx_count_limit": "500"}
    assert journal.of("trade-webank-a-0").weight == 1
    changed = replace(journal, chain=replace(journal.chain, settings={}))
    again = {name: json.loads(text) for name, text in changed.to_data().items()}
    assert again["the_chain"] | {"epoch": {"ends": [1]}} == again["the_chain"]
    assert again["the_chain"]["settings"] == {}
    assert again["trade-webank-a-0"] == {"weight": 1, "unknown": 2, "fenced": True}


@pytest.mark.parametrize("text", ["", "[]", "1", '{"settings": 1}', '{"committee": []}'])
def test_an_unreadable_entry_of_the_chain_is_told(text: str) -> None:
    with pytest.raises(JournalError, match="entry of the chain"):
        Journal.from_data({"the_chain": text})
