"""The table of good and bad resources, tests/data/resources/cases.yaml, for both its judges."""

import copy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parent.parent
CRD_FILE = REPOSITORY / "crds" / "consortium.dev_consortiumchains.yaml"
CRD_NAME = "consortiumchains.consortium.dev"
QUICKSTART_FILE = REPOSITORY / "examples" / "quickstart.yaml"
_TABLE = yaml.safe_load((Path(__file__).parent / "data/resources/cases.yaml").read_text("utf-8"))

BASE: dict[str, Any] = _TABLE["base"]


@dataclass(frozen=True)
class Case:
    """A resource, and for a bad one the field that both judges must name."""

    title: str
    body: dict[str, Any]
    field: str = ""
    reason: str = "Invalid"


def with_fields(body: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """A copy of the resource with the fields (`spec.members[0].name`) set."""
    result = copy.deepcopy(body)
    for path, value in fields.items():
        steps = [int(s) if s.isdigit() else s for s in re.findall(r"[^.\[\]]+", path)]
        holder: Any = result
        for step in steps[:-1]:
            holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
        holder[steps[-1]] = value
    return result


def _cases(kind: str) -> list[Case]:
    return [
        Case(
            row["title"],
            with_fields(BASE, row["set"]),
            row.get("field", ""),
            row.get("reason", "Invalid"),
        )
        for row in _TABLE[kind]
    ]


GOOD = _cases("good")
BAD = _cases("bad")
