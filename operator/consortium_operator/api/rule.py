"""What a rule is: one condition in the two languages of its two judges."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from consortium_operator.api.base import Part
from consortium_operator.api.conditions import Reason

M = TypeVar("M", bound=Part)

# Patterns that rules of several parts share.
SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
ALPHANUMERIC = "[A-Za-z0-9]+"
VERSION = "[0-9]{1,4}[.][0-9]{1,4}[.][0-9]{1,4}"


@dataclass(frozen=True)
class Rule(Generic[M]):
    """One rule: `cel` and `predicate` say the same, true where the resource is good.

    `path` is the field that the rule is about, relative to the model `on`.
    """

    on: type[M]
    path: str
    cel: str
    predicate: Callable[[M], bool]
    message: str
    reason: Reason = Reason.INVALID


def python_name(on: type[Part], alias: str) -> str:
    """The attribute that holds a field of the resource."""
    return next(name for name, field in on.model_fields.items() if (field.alias or name) == alias)


def matches(on: type[M], path: str, pattern: str, message: str) -> Rule[M]:
    """A rule that one text field, where it is set, matches the pattern as a whole."""
    name = python_name(on, path)
    optional = on.model_fields[name].default is None
    test = f"self.{path}.matches('^{pattern}$')"
    compiled = re.compile(pattern)

    def predicate(part: M) -> bool:
        value = getattr(part, name)
        return value is None or compiled.fullmatch(value) is not None

    cel = f"!has(self.{path}) || {test}" if optional else test
    return Rule(on, path, cel, predicate, message)
