"""Kubernetes objects as YAML text that every reader of YAML takes for the same, and one text for
one object, in whatever order its keys came."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

# What a reader looks for comes first, at every level; the rest is sorted.
_FIRST = ("apiVersion", "kind", "metadata", "name", "namespace", "type", "immutable")
# To Go, 12e45678 (a subject's hash) is a number; to some, y is true.
_MISREAD = re.compile(r"[-+.~0-9].*|[yYnN]|", re.DOTALL)


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks; in quotes what a reader might take for a number or a truth value."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "'" if _MISREAD.fullmatch(value) else None
    if not value.replace("\n", "").isprintable():
        style = '"'
    elif "\n" in value:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(value: Mapping[str, Any]) -> str:
    """Ends with a line break."""
    return yaml.dump(
        _ordered(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096
    )


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted(value, key=_place)}
    if isinstance(value, list | tuple):
        return [_ordered(entry) for entry in value]
    return value


def _place(key: str) -> tuple[int, str]:
    return _FIRST.index(key) if key in _FIRST else len(_FIRST), key
