"""What a file of a chain turned out to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Inspected:
    """`kind`: what it is, in words. `facts`: by name, values that JSON can hold, in the order in
    which people read them, and nothing private. `problems`: what is wrong with it."""

    path: str
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
