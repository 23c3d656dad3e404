"""What is fixed at founding, once, for both judges of an edit.

The API server compares with the old object (`oldSelf`). Where the CRD lost its rules the operator
compares with the spec that it founded the chain from.

Every field here but the last is required or has a default in the CRD. Otherwise it could be
removed in one edit and come back different in the next: a rule about two values does not run where
one is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from consortium_operator.api.base import Part
from consortium_operator.api.chain import ConsortiumChainSpec
from consortium_operator.api.conditions import Reason
from consortium_operator.api.fisco_bcos import FiscoBcos
from consortium_operator.api.problem import Problem


@dataclass(frozen=True)
class Immutable:
    """A field of the model `on` that keeps the value it was founded with."""

    on: type[Part]
    field: str
    may_be_added: bool = False

    @property
    def cel(self) -> str:
        same = f"self.{self.field} == oldSelf.{self.field}"
        if not self.may_be_added:
            return same
        return f"!has(oldSelf.{self.field}) || (has(self.{self.field}) && {same})"

    @property
    def message(self) -> str:
        if self.may_be_added:
            return "may be added once and is immutable then: put the old value back"
        return "is immutable: put the old value back, or found another chain"


IMMUTABLE: tuple[Immutable, ...] = (
    Immutable(ConsortiumChainSpec, "engine"),
    Immutable(ConsortiumChainSpec, "chainId"),
    Immutable(FiscoBcos, "groupId"),
    Immutable(FiscoBcos, "cryptography"),
    Immutable(FiscoBcos, "consensus"),
    Immutable(FiscoBcos, "genesis"),
    Immutable(FiscoBcos, "executor"),
    Immutable(FiscoBcos, "ledger"),
    Immutable(FiscoBcos, "genesisSha256", may_be_added=True),
)

_WHERE: Mapping[type[Part], tuple[str, ...]] = {
    ConsortiumChainSpec: (),
    FiscoBcos: ("fiscoBcos",),
}


def immutable_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Problem]:
    """The immutable fields that differ between two specs (as written or as stored)."""
    problems = []
    for rule in IMMUTABLE:
        before, after = _value(rule, old), _value(rule, new)
        if before != after and not (rule.may_be_added and before is None):
            path = ".".join(("spec", *_WHERE[rule.on], rule.field))
            problems.append(Problem(path, rule.message, Reason.IMMUTABLE_FIELD_CHANGED))
    return problems


def _value(rule: Immutable, spec: Mapping[str, Any]) -> object:
    """The field's value with defaults filled in, so that absent equals the default."""
    holder: Any = spec
    for step in _WHERE[rule.on]:
        holder = holder.get(step) if isinstance(holder, Mapping) else None
    written = holder.get(rule.field) if isinstance(holder, Mapping) else None
    field = next(f for f in rule.on.model_fields.values() if f.alias == rule.field)
    if written is None:
        return None if field.is_required() else field.default
    annotation: Any = field.annotation
    try:
        return TypeAdapter(annotation).validate_python(written, by_name=False, by_alias=True)
    except ValidationError:
        return written  # what is no value of the field is compared as it stands
