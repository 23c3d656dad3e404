"""From what a user wrote to a typed ConsortiumChain, or to everything that is wrong with it.

This judges as the API server does with the CRD: the same types, bounds and rules. Where fields
have the wrong shape, rules are checked only on the parts that have the right one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from consortium_operator.api.base import Part
from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.api.conditions import Reason
from consortium_operator.api.problem import InvalidResource, Problem, shown
from consortium_operator.api.rule import Rule
from consortium_operator.api.rules import RULES

# Far beyond the largest chain: 256 nodes with placement and affinity of their own.
_DEEPEST, _MOST_VALUES = 50, 200_000
_SHOWN_DEPTH = 6


def parse(body: Mapping[str, Any]) -> ConsortiumChain:
    """The resource as a model. Raises InvalidResource with all problems at once."""
    resource = _Reader().read(body)
    if not isinstance(resource, dict):
        raise InvalidResource((Problem("kind", "is required: this is no Kubernetes object"),))
    # Output only: what another version of the operator wrote there must not stop a chain.
    status = resource.pop("status", None)
    problems: list[Problem] = []
    try:
        chain = _validate(ConsortiumChain, resource)
    except ValidationError as error:
        problems.extend(_shape_problems(error.errors()))
    problems.extend(_broken_rules(ConsortiumChain, resource, ""))
    if problems:
        raise InvalidResource(tuple(dict.fromkeys(problems)))
    return _with_status(chain, status)


def _validate(model: type[Part], value: Any) -> Any:
    return model.model_validate(value, by_alias=True, by_name=False)


def _with_status(chain: ConsortiumChain, status: object) -> ConsortiumChain:
    try:
        read = _validate(type(chain.status), status or {})
    except ValidationError:
        return chain
    return chain.model_copy(update={"status": read})


class _Reader:
    """Copies what was written without its nulls: the API server drops them, so `displayName:` with
    nothing behind it means absent.

    YAML may hold a list that contains itself, and a few lines may stand for billions of values.
    """

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def read(self, value: Any, path: str = "", depth: int = 0) -> Any:
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise InvalidResource((Problem(path or "spec", "is nested too deeply or too large"),))
        if isinstance(value, Mapping):
            return {
                str(name): self.read(entry, self._below(path, f".{name}", depth), depth + 1)
                for name, entry in value.items()
                if entry is not None
            }
        if isinstance(value, list | tuple):
            return [
                self.read(entry, self._below(path, f"[{index}]", depth), depth + 1)
                for index, entry in enumerate(value)
            ]
        return value

    def _below(self, path: str, step: str, depth: int) -> str:
        """Names a field, and not each of its fifty coils."""
        return (path + shown(step)).lstrip(".") if depth < _SHOWN_DEPTH else path


def _broken_rules(model: type[Part], value: Any, path: str) -> Iterator[Problem]:
    """Check the rules on this part and on all parts below it."""
    rules = [rule for rule in RULES if issubclass(model, rule.on)]
    if rules:
        yield from _check(rules, model, value, path)
    if not isinstance(value, Mapping):
        return
    for field in model.model_fields.values():
        inner = _model_in(field.annotation)
        child = value.get(field.alias or "")
        if inner is None or child is None:
            continue
        below = f"{path}.{field.alias}".lstrip(".")
        if isinstance(child, list):
            for index, entry in enumerate(child):
                yield from _broken_rules(inner, entry, f"{below}[{index}]")
        else:
            yield from _broken_rules(inner, child, below)


def _check(rules: list[Rule[Any]], model: type[Part], value: Any, path: str) -> Iterator[Problem]:
    try:
        part = _validate(model, value)
    except ValidationError:
        return  # already reported
    for rule in rules:
        if not rule.predicate(part):
            yield Problem(f"{path}.{rule.path}".lstrip("."), rule.message, rule.reason)


def _model_in(annotation: Any) -> type[Part] | None:
    """The model inside `Model`, `Model | None` or `tuple[Model, ...]`; None in anything else."""
    if get_origin(annotation) in (None, Mapping):
        is_model = isinstance(annotation, type) and issubclass(annotation, Part)
        return annotation if is_model else None
    return next((m for m in map(_model_in, get_args(annotation)) if m is not None), None)


_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a string: put it in quotes",
    "int_type": "must be a whole number without quotes",
    "bool_type": "must be true or false without quotes",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "mapping_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be one of {expected}",
    "literal_error": "must be {expected}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
}


def _shape_problems(errors: list[ErrorDetails]) -> Iterator[Problem]:
    """One problem per error, without the echo "too short" of a list whose entries are wrong."""
    for error in errors:
        loc = error["loc"]
        echo = any(other["loc"][: len(loc)] == loc for other in errors if other is not error)
        if not (error["type"] == "too_short" and echo):
            yield _problem(error)


def _problem(details: ErrorDetails) -> Problem:
    path = ""
    for step in details["loc"]:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step != "[key]":
            path += shown(f".{step}")
    return Problem(path.lstrip(".") or "kind", _message(details), Reason.INVALID)


def _message(details: ErrorDetails) -> str:
    if details["type"] == "extra_forbidden":
        return _unknown_field([str(step) for step in details["loc"] if isinstance(step, str)])
    template = _MESSAGES.get(details["type"])
    return template.format(**details.get("ctx", {})) if template else details["msg"]


def _unknown_field(names: list[str]) -> str:
    """`names`: of the fields on the way, and last the one that does not exist."""
    *way, unknown = names
    model: type[Part] | None = ConsortiumChain
    for name in way:
        fields = {one.alias: one.annotation for one in model.model_fields.values()} if model else {}
        model = _model_in(fields.get(name))
    known = [one.alias or "" for one in model.model_fields.values()] if model else []
    nearest = difflib.get_close_matches(unknown[:64], known, n=1)
    hint = f"; the nearest is {nearest[0]}" if nearest else ""
    return f"is no field: remove it or correct its name{hint}"
