"""The README's table says what the code does: what is refused there is refused here."""

import re
from typing import Any

import pytest

from consortium_operator.api.base import Part
from consortium_operator.api.chain import ConsortiumChainSpec, Member, NodeGroup
from consortium_operator.api.fisco_bcos import FiscoBcos
from consortium_operator.api.not_supported import NOT_SUPPORTED_YET
from consortium_operator.api.schema import structural_schema
from tests.documents import README

_PREFIX: dict[type[Part], str] = {
    ConsortiumChainSpec: "spec",
    FiscoBcos: "spec.fiscoBcos",
    Member: "spec.members[]",
    NodeGroup: "spec.members[].nodes[]",
}
_ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<state>[^|]+) \| (?P<fields>[^|]*)\|$", re.MULTILINE)


def rows() -> list[tuple[str, list[str]]]:
    """State and fields of each row."""
    table = README.text.partition("## What works")[2].partition("\n## ")[0]
    found = [
        (row["state"], re.findall(r"`([^`]+)`", row["fields"])) for row in _ROW.finditer(table)
    ]
    return [row for row in found if row[0] != "State"]


def fields(state: str) -> set[str]:
    return {field for found, named in rows() if found.startswith(state) for field in named}


def test_what_the_table_calls_refused_is_exactly_what_is_refused() -> None:
    refused = {f"{_PREFIX[rule.on]}.{rule.path}" for rule in NOT_SUPPORTED_YET}
    assert fields("refused") == refused


def test_a_field_does_not_work_and_is_refused_at_once() -> None:
    assert fields("works").isdisjoint(fields("refused"))


def test_each_row_has_one_of_the_three_states() -> None:
    states = {state.partition(";")[0] for state, _ in rows()}
    assert states == {"works", "refused", "planned"}


@pytest.mark.parametrize("path", sorted(fields("")))
def test_the_field_exists(path: str) -> None:
    node: dict[str, Any] = structural_schema(ConsortiumChainSpec, {})
    for step in path.removeprefix("spec.").split("."):
        name = step.removesuffix("[]")
        assert name in node["properties"], path
        node = node["properties"][name]
        node = node["items"] if step.endswith("[]") else node
