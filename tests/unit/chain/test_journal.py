"""The membership journal: what is remembered is read back exactly."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.journal import Journal, JournalEntry, JournalError

texts = st.none() | st.text(max_size=5)
numbers = st.none() | st.integers(min_value=0)
times = st.sampled_from([None, "2026-01-02T03:04:05Z"])
paths = st.sampled_from([None, "webank/shenzhen-0"])
_STRATEGIES = {"str | None": texts, "int | None": numbers, "bool | None": st.none() | st.booleans()}
_OF_THEIR_OWN = {"path": paths, "hung_at": times, "out_at": times}
entries = st.builds(
    JournalEntry,
    **{
        one.name: _OF_THEIR_OWN.get(one.name, _STRATEGIES[str(one.type)])
        for one in fields(JournalEntry)
    },
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
        '{"weight": "1"}',
        '{"weight": true}',
        '{"a": 1}',
        '{"path": "webank"}',
        '{"out_at": "2026-01-02T03:04:05"}',
        '{"hung_at": "yesterday"}',
        '{"hung_at": "2026-01-02T03:04:05"}',
    ],
)
def test_an_unreadable_entry_names_its_node(text: str) -> None:
    with pytest.raises(JournalError, match="trade-webank-a-0"):
        Journal.from_data({"trade-webank-a-0": text})
