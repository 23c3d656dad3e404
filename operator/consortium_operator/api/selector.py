"""How Kubernetes picks objects by their labels."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from consortium_operator.api.base import LIST_ATOMIC, Part, ShortText, StringMap, Text


class LabelSelectorOperator(StrEnum):
    """How a label is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class LabelSelectorRequirement(Part):
    """A condition on one label."""

    key: Text = Field(description="Key of the label.")
    operator: LabelSelectorOperator = Field(description="In, NotIn, Exists or DoesNotExist.")
    values: Annotated[
        tuple[ShortText, ...], Field(max_length=64, json_schema_extra=LIST_ATOMIC)
    ] = Field(default=(), description="Values of the label, for In and NotIn.")


class LabelSelector(Part):
    """A Kubernetes label selector. An empty one selects everything."""

    match_labels: StringMap = Field(default={}, description="Labels with exactly these values.")
    match_expressions: Annotated[
        tuple[LabelSelectorRequirement, ...],
        Field(max_length=16, json_schema_extra=LIST_ATOMIC),
    ] = Field(default=(), description="Further conditions. All must hold.")
