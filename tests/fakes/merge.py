"""Server-side apply as far as the operator's objects need it: who wins, what goes, what stays."""

import marshal
from collections.abc import Mapping
from typing import Any

# Above this version of the format, one dict that is met twice stays one dict in the copy.
_BY_VALUE = 2

# How the entries of a list are told apart, by the list's field; any other list is one value.
_LIST_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "ownerReferences": "uid",
    "env": "name",
}


def clone(value: Any) -> Any:
    """A deep copy of JSON, ten times as fast as the general one."""
    return marshal.loads(marshal.dumps(value, _BY_VALUE))


def applied(live: Any, wanted: Any, before: Any, field: str = "") -> Any:
    """`live` after `wanted` was applied by whoever applied `before`: what only others own stays,
    what is no longer wanted goes."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        before = before if isinstance(before, Mapping) else {}
        result = {k: v for k, v in live.items() if k in wanted or k not in before}
        for name, value in wanted.items():
            result[name] = applied(live.get(name), value, before.get(name), name)
        return result
    key = _LIST_KEYS.get(field)
    if key and isinstance(wanted, list) and isinstance(live, list):
        return _applied_list(live, wanted, before or [], key)
    return clone(wanted)


def _applied_list(
    live: list[dict[str, Any]], wanted: list[dict[str, Any]], before: list[dict[str, Any]], key: str
) -> list[dict[str, Any]]:
    mine = {entry[key]: entry for entry in wanted}
    earlier = {entry[key]: entry for entry in before}
    kept = [entry for entry in live if entry[key] in mine or entry[key] not in earlier]
    known = {entry[key] for entry in kept}
    return [
        applied(entry, mine[entry[key]], earlier.get(entry[key])) if entry[key] in mine else entry
        for entry in kept
    ] + [clone(entry) for entry in wanted if entry[key] not in known]
