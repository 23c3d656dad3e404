"""docs/features.md names fields that there are."""

import re
from typing import Any

import pytest

from consortium_operator.api.chain import ConsortiumChainSpec
from consortium_operator.api.schema import structural_schema
from tests.documents import Document
from tests.resources import REPOSITORY

FEATURES = Document(REPOSITORY / "docs" / "features.md")
_ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<state>[^|]+) \| (?P<fields>[^|]*)\|$", re.MULTILINE)


def rows() -> list[tuple[str, list[str]]]:
    """State and fields of each row."""
    found = [
        (row["state"], re.findall(r"`([^`]+)`", row["fields"]))
        for row in _ROW.finditer(FEATURES.text)
    ]
    return [row for row in found if row[0] != "State"]


def fields(state: str) -> set[str]:
    return {field for found, named in rows() if found.startswith(state) for field in named}


def test_each_row_has_one_of_the_two_states() -> None:
    states = {state.partition(";")[0] for state, _ in rows()}
    assert states == {"works", "planned"}


@pytest.mark.parametrize("path", sorted(fields("")))
def test_the_field_exists(path: str) -> None:
    node: dict[str, Any] = structural_schema(ConsortiumChainSpec, {})
    for step in path.removeprefix("spec.").split("."):
        name = step.removesuffix("[]")
        assert name in node["properties"], path
        node = node["properties"][name]
        node = node["items"] if step.endswith("[]") else node
