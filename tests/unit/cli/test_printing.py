"""What commands print for programs."""

from collections.abc import Mapping
from dataclasses import dataclass

from consortium_operator.cli.printing import data_of


@dataclass(frozen=True)
class Part:
    not_after: str
    data: Mapping[str, int]


@dataclass(frozen=True)
class Whole:
    api_version: str
    all_of_it: tuple[Part, ...]


def test_fields_are_named_as_in_kubernetes_and_keys_of_maps_stay() -> None:
    found = Whole("v1", (Part("today", {"tx_count_limit": 1000}),))
    assert data_of(found) == {
        "apiVersion": "v1",
        "allOfIt": [{"notAfter": "today", "data": {"tx_count_limit": 1000}}],
    }
