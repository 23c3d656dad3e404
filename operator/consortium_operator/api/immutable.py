"""What is fixed at founding: the API server compares with the old object (`oldSelf`).

Where the CRD lost its rules, the operator refuses what contradicts the sealed genesis.

Every field here but the last is required or has a default in the CRD. Otherwise it could be
removed in one edit and come back different in the next: a rule about two values does not run where
one is absent.
"""

from __future__ import annotations

from dataclasses import dataclass

from consortium_operator.api.base import Part
from consortium_operator.api.chain import ConsortiumChainSpec
from consortium_operator.api.fisco_bcos import FiscoBcos


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
