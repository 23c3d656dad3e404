"""One object, one text, which every reader takes for the same."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.offline.documents import read_documents
from consortium_operator.offline.yaml_text import to_yaml
from tests import chains
from tests.whole_chain import small_plan, whole_chain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_what_is_read_is_what_was_written(value: dict[str, Any]) -> None:
    assert yaml.safe_load(to_yaml(value)) == value


@given(st.dictionaries(TEXT, VALUES, max_size=5), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert to_yaml(dict(items)) == to_yaml(value)


@pytest.mark.parametrize("text", ["12e45678", "1e5", "0x1f", "0o17", "~", "y", "n", "-1", ".5", ""])
def test_what_some_reader_takes_for_something_else_stands_in_quotes(text: str) -> None:
    assert to_yaml({"subjectHash": text}) == f"subjectHash: '{text}'\n"


def test_a_text_of_several_lines_is_a_block() -> None:
    assert to_yaml({"data": {"a": "one\n  two\n"}}) == "data:\n  a: |\n    one\n      two\n"


def test_equal_parts_are_written_out_and_never_referred_to() -> None:
    shared = {"team": "ledger"}
    assert "&" not in to_yaml({"one": shared, "two": shared})


@pytest.mark.parametrize(
    "obj", whole_chain(small_plan()), ids=lambda obj: f"{obj['kind']}/{obj['metadata']['name']}"
)
def test_every_object_of_a_chain_comes_back_as_it_was(obj: dict[str, Any]) -> None:
    reading = read_documents(to_yaml(obj).encode())
    assert reading.faults == ()
    assert [one.value for one in reading.documents] == [json.loads(json.dumps(obj))]


def test_names_come_before_what_they_name() -> None:
    text = to_yaml(chains.resource())
    assert text.index("apiVersion:") < text.index("kind:") < text.index("metadata:")
    assert text.index("metadata:") < text.index("spec:")
