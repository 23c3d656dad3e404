"""Which fields of two JSON values differ: pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consortium_operator.api.quantity import parse_quantity

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Where the API server writes 1000m as 1.
_QUANTITIES = re.compile(r"(^|\.)(requests|limits|capacity)\.")


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """None: the field is not there."""

    path: str
    found: Any
    wanted: Any


def missing_of(wanted: Any, found: Any, path: str = "") -> Iterator[FieldDifference]:
    """Where `found` does not hold what `wanted` names. What it has beyond that is nobody's matter:
    the API server adds defaults."""
    here, there = _keyed(wanted), _keyed(found)
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        for name, value in here.items():
            yield from missing_of(value, there.get(name), _below(path, name))
    elif _is_list(wanted) and _is_list(found) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from missing_of(one, other, f"{path}[{index}]")
    elif not _same(wanted, found, path):
        yield FieldDifference(path, found, wanted)


def both_ways(wanted: Any, found: Any, path: str = "") -> Iterator[FieldDifference]:
    """As `missing_of`, and also what `found` has beyond `wanted`."""
    here, there = _keyed(wanted), _keyed(found)
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        for name in dict.fromkeys((*here, *there)):
            yield from both_ways(here.get(name), there.get(name), _below(path, name))
    elif _is_list(wanted) and _is_list(found) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from both_ways(one, other, f"{path}[{index}]")
    elif not _same(wanted, found, path):
        yield FieldDifference(path, found, wanted)


def _keyed(value: Any) -> Any:
    """A list whose entries all have a name, such as containers or members, by these names."""
    if (
        _is_list(value)
        and value
        and all(isinstance(one, Mapping) and "name" in one for one in value)
    ):
        return {f"[{one['name']}]": one for one in value}
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _same(wanted: Any, found: Any, path: str) -> bool:
    # An empty map or list is dropped on its way into the cluster.
    if wanted == found or (not _is_told(wanted) and not _is_told(found)):
        return True
    if not _QUANTITIES.search(f"{path}."):
        return False
    sizes = [parse_quantity(str(one)) for one in (wanted, found)]
    return sizes[0] is not None and sizes[0] == sizes[1]


def _is_told(value: Any) -> bool:
    return value is not None and value != {} and value != [] and value != ()


def _below(path: str, name: str) -> str:
    if name.startswith("["):
        return f"{path}{name}"
    if _SIMPLE.fullmatch(name):
        return f"{path}.{name}" if path else name
    return f'{path}["{name}"]'
