"""Write the reference of the resource from the models: docs/reference.md.

`python -m consortium_operator.api.reference PATH` writes the page (`make reference`). It is made of
the same schema as the CRD, so a field, bound, default or rule stands in one place only, the model.
The same models give the same bytes; a test fails if the page in the repository differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from consortium_operator.api.chain import API_VERSION, KIND, SHORT_NAME
from consortium_operator.api.conditions import REASONS, ConditionType, Reason
from consortium_operator.api.crd import root_schema
from consortium_operator.api.schema import Schema

_INTRODUCTION = f"""\
<!-- Generated from operator/consortium_operator/api by `make reference`. Do not edit. -->

# The resource, field by field

`{KIND}`, `{API_VERSION}`, short name `{SHORT_NAME}`, namespaced. In a cluster \
`kubectl explain {SHORT_NAME}.spec --recursive` shows the same.

- *Default*: what an absent field means; *required* where it must be there.
- *Immutable*: the API server refuses another value, and the operator what contradicts the \
founded chain. *Once set* may be added later, once.
- Under a table stand the rules that the types do not say, with the message that a bad resource \
gets.
- A field that is not here is refused, not ignored."""

# What the API server's schema and rules cannot say is said where it is judged.
_ELSEWHERE = """\
What depends on the version of the node, such as the keys of `spec.fiscoBcos.config`, the feature \
flags and what goes with what, is in [engine-fisco-bcos.md](engine-fisco-bcos.md)."""

# Reconciling and Stalled are good when false, and no reason is theirs alone.
_SUMMARIES = (ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED)
_ANYWHERE = (Reason.AS_EXPECTED, Reason.PENDING, Reason.FORBIDDEN)


@dataclass(frozen=True)
class _Object:
    """An object of the resource: its path from the root, and whether all of it is immutable."""

    path: str
    schema: Schema
    is_immutable: bool

    def child(self, name: str) -> str:
        return f"{self.path}.{name}"


def render() -> str:
    """The page."""
    root = root_schema()["properties"]
    parts = [_INTRODUCTION]
    for name in ("spec", "status"):
        for part in _objects(_Object(name, root[name], is_immutable=False)):
            parts.append("\n".join(_section(part)))
        if name == "spec":
            parts.append(_ELSEWHERE)
    parts.append("\n".join(_conditions()))
    return "\n\n".join(parts) + "\n"


def _objects(part: _Object) -> Iterator[_Object]:
    """The object and all below it, in the order of the models."""
    yield part
    for name, field in part.schema["properties"].items():
        is_fixed = part.is_immutable or _immutability(part, name) == "yes"
        inner = field.get("items", field)
        if "properties" in inner:
            mark = "[]" if inner is not field else ""
            yield from _objects(_Object(part.child(name) + mark, inner, is_fixed))


def _section(part: _Object) -> Iterator[str]:
    yield f"{'#' * min(part.path.count('.') + 2, 5)} {part.path}"
    yield ""
    if "description" in part.schema:
        yield _escaped(part.schema["description"])
        yield ""
    yield "| Field | Type | Default | Immutable | |"
    yield "|---|---|---|---|---|"
    for name, field in part.schema["properties"].items():
        cells = (
            f"`{name}`",
            _type(part, name, field),
            _default(part, name, field),
            _immutability(part, name),
            _escaped(field.get("description", "")),
        )
        yield f"| {' | '.join(cells)} |"
    rules = [rule for rule in _rules(part) if "oldSelf" not in rule["rule"]]
    if rules:
        yield ""
    for rule in rules:
        yield f"- `{rule['fieldPath'].removeprefix('.')}` {_escaped(rule['message'])}"


def _rules(part: _Object) -> list[Schema]:
    rules: list[Schema] = part.schema.get("x-kubernetes-validations", [])
    return rules


def _immutability(part: _Object, name: str) -> str:
    if part.is_immutable:
        return "yes"
    for rule in _rules(part):
        if rule["fieldPath"] == f".{name}" and "oldSelf" in rule["rule"]:
            return "once set" if "!has(oldSelf" in rule["rule"] else "yes"
    return ""


def _default(part: _Object, name: str, field: Schema) -> str:
    if name in part.schema.get("required", ()):
        return "required"
    if "default" not in field or isinstance(field["default"], (dict, list)):
        return ""
    return f"`{json.dumps(field['default'], ensure_ascii=False)}`"


def _type(part: _Object, name: str, field: Schema) -> str:
    if field.get("type") == "array":
        inner = field["items"]
        what = f"set of {_scalar(inner)}"
        if "properties" in inner:
            what = _link(f"{part.child(name)}[]", "list")
            what += _of_keys(field)
        elif field.get("x-kubernetes-list-type") != "set":
            what = f"list of {_scalar(inner)}"
        return what + _bounds(field, "Items", " entries")
    if "properties" in field:
        return _link(part.child(name), "object")
    return _scalar(field)


def _of_keys(field: Schema) -> str:
    keys = field.get("x-kubernetes-list-map-keys")
    return f" by {', '.join(f'`{key}`' for key in keys)}" if keys else ""


def _link(path: str, text: str) -> str:
    anchor = "".join(letter for letter in path.lower() if letter.isalnum() or letter in "-_")
    return f"[{text}](#{anchor})"


def _scalar(field: Schema) -> str:
    """The type of what has no section of its own."""
    if "additionalProperties" in field:
        entries = _bounds(field, "Properties", " entries")
        return f"map of {_scalar(field['additionalProperties'])}{entries}"
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "integer":
        return "integer" + _range(field)
    if field.get("format") == "date-time":
        return "time"
    if field["type"] == "string":
        return "text" + _bounds(field, "Length", " characters")
    return str(field["type"])


def _bounds(field: Schema, what: str, unit: str) -> str:
    least, most = field.get(f"min{what}"), field.get(f"max{what}")
    if most is None:
        return ""
    if least == most:
        return f", {most}{unit}"
    return f", {least} to {most}{unit}" if least else f", at most {most}{unit}"


def _range(field: Schema) -> str:
    least, most = field.get("minimum"), field.get("maximum")
    if most is None:
        return "" if least is None else f", at least {least}"
    return f", {least} to {most}"


def _escaped(text: str) -> str:
    """`<chain>-admin` is text, not an element, and a bar would end the cell of a table."""
    return text.replace("|", r"\|").replace("<", "&lt;")


def _conditions() -> Iterator[str]:
    yield "## Conditions"
    yield ""
    yield (
        "Both lists are closed. `Ready` sums the others up: its reason and message are the most "
        "telling one of theirs. `Reconciling` and `Stalled` say whether it goes on by itself or "
        "waits for a person. "
        + " and ".join((", ".join(f"`{one}`" for one in _ANYWHERE[:-1]), f"`{_ANYWHERE[-1]}`"))
        + " may stand on any."
    )
    yield ""
    yield "| Condition | Further reasons |"
    yield "|---|---|"
    for kind in ConditionType:
        if kind not in _SUMMARIES:
            own = [reason for reason in Reason if reason in REASONS[kind]]
            named = ", ".join(f"`{reason}`" for reason in own if reason not in _ANYWHERE)
            yield f"| `{kind}` | {named} |"


def main(arguments: list[str]) -> None:
    """Write the page to the one path given."""
    if len(arguments) != 1:
        sys.exit("usage: python -m consortium_operator.api.reference PATH")
    Path(arguments[0]).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
