"""What `consortium diff` shows: pure."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from consortium_operator.api.problem import Problem
from consortium_operator.cli.diff.chain import ChainDifference
from consortium_operator.cli.diff.fields import FieldDifference
from consortium_operator.cli.diff.objects import Action, ObjectDifference
from consortium_operator.cli.printing import shown

_MARKS = {Action.CREATE: "+", Action.CHANGE: "~", Action.DELETE: "-"}


@dataclass(frozen=True, slots=True)
class Differences:
    """`spec`: of the file beside the cluster's, empty where none was given. `refused`: what the
    operator would not take, and then it changes nothing. `not_compared`: and why."""

    namespace: str
    name: str
    spec: tuple[FieldDifference, ...]
    refused: tuple[Problem, ...]
    cluster: tuple[ObjectDifference, ...]
    chain: tuple[ChainDifference, ...]
    not_compared: tuple[str, ...]

    @property
    def are_none(self) -> bool:
        return not (self.spec or self.refused or self.cluster or self.chain)


def lines(found: Differences) -> Iterator[str]:
    """For people: one block for each pair that is compared."""
    if found.are_none:
        yield shown(f"{found.namespace}/{found.name}: no difference")
    yield from _block("spec: in the cluster → in the file", map(_field, found.spec))
    yield from _block("refused, so that nothing else is changed", _refused(found))
    yield from _block("cluster: as it is → as the operator would make it", _objects(found))
    yield from _block("chain: as it is → as the spec wants it", map(_of_chain, found.chain))
    yield from _block("not compared", found.not_compared)


def _block(title: str, content: Any) -> Iterator[str]:
    inside = list(content)
    if inside:
        yield f"{title}"
        yield from (f"  {shown(line)}" for line in inside)


def _refused(found: Differences) -> Iterator[str]:
    return (str(problem) for problem in found.refused)


def _objects(found: Differences) -> Iterator[str]:
    for one in found.cluster:
        instead = f", in place of {one.instead_of}" if one.instead_of else ""
        note = f": {one.note}" if one.note else ""
        yield f"{_MARKS[one.action]} {one.kind} {one.name}{instead}{note}"
        for difference in one.fields:
            yield from (f"    {line}" for line in _field_lines(difference))


def _field_lines(one: FieldDifference) -> Iterator[str]:
    """A text of several lines, such as a config.ini, by its lines."""
    if not (isinstance(one.found, str) and isinstance(one.wanted, str) and "\n" in one.wanted):
        yield _field(one)
        return
    yield one.path
    changes = difflib.unified_diff(
        one.found.splitlines(), one.wanted.splitlines(), n=0, lineterm=""
    )
    yield from (f"  {line}" for line in changes if not line.startswith(("---", "+++", "@@")))


def _field(one: FieldDifference) -> str:
    return f"{one.path}: {_value(one.found)} → {_value(one.wanted)}"


def _value(value: Any) -> str:
    return "absent" if value is None else json.dumps(value, ensure_ascii=False)


def _of_chain(one: ChainDifference) -> str:
    found = "not known yet" if one.found is None else one.found
    return f"{one.subject}: {found} → {one.wanted} (by the {one.source})"
