"""What every model of the resource shares: one base class and the bounded types.

Every list, map and string has a bound. The API server estimates the cost of a CEL rule from the
bounds of what the rule touches and refuses a CRD that could cost too much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from consortium_operator.api.quantity import QUANTITY_PATTERN, parse_quantity

T = TypeVar("T")


class Part(BaseModel):
    """A part of the resource. Unknown fields are errors: a misspelt field must not be ignored.

    Python code uses the snake_case names, the resource the camelCase ones. Errors never repeat
    the input: it may end in logs.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        hide_input_in_errors=True,
    )


class ObservedPart(Part):
    """A part of the status, or of what Kubernetes owns. A newer version may have added fields."""

    model_config = ConfigDict(extra="ignore")


# The API server takes no "3" for a number and no "yes" for a boolean, so neither do we.
Integer = Annotated[int, Strict()]
Boolean = Annotated[bool, Strict()]

Text = Annotated[str, Field(min_length=1, max_length=253)]
ShortText = Annotated[str, Field(min_length=1, max_length=63)]
Duration = Annotated[str, Field(min_length=2, max_length=24)]
# Not int-or-string: the API server has no bound for that type, so a rule about it in a list of
# nodes is refused as too dear.
StorageQuantity = Annotated[str, Field(min_length=1, max_length=20)]
Port = Annotated[int, Strict(), Field(ge=1025, le=65535)]

StringMap = Annotated[
    Mapping[str, Annotated[str, Field(max_length=1024)]],
    Field(max_length=32),
]


def _resource_quantity(value: object) -> int | str:
    """Accept `cpu: 2` and `cpu: 500m`, as every Kubernetes object does."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= 32 and parse_quantity(value) is not None:
        return value
    raise PydanticCustomError("quantity", "must be a quantity such as 2, 500m or 4Gi")


ResourceQuantity = Annotated[
    int | str,
    PlainValidator(_resource_quantity),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "pattern": f"^{QUANTITY_PATTERN}$",
            "maxLength": 32,
        }
    ),
]
ResourceQuantities = Annotated[Mapping[str, ResourceQuantity], Field(max_length=16)]


def list_map_of(key: str) -> dict[str, Any]:
    """Schema marks of a list that Kubernetes merges and keeps unique by one field."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


LIST_SET: dict[str, Any] = {"x-kubernetes-list-type": "set"}
LIST_ATOMIC: dict[str, Any] = {"x-kubernetes-list-type": "atomic"}


def unique(key: Callable[[T], str]) -> AfterValidator:
    """Refuse two entries with one key, as the API server does for list-maps and sets."""

    def check(entries: tuple[T, ...]) -> tuple[T, ...]:
        seen: set[str] = set()
        for entry in entries:
            value = key(entry)
            if value in seen:
                raise PydanticCustomError(
                    "duplicate", "has two entries called {value}: remove one", {"value": value}
                )
            seen.add(value)
        return entries

    return AfterValidator(check)
