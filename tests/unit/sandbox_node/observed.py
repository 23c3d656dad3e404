"""Answers of real nodes, from tests/data/fisco-observed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data"


def result(name: str) -> Any:
    """The result of an answer."""
    return json.loads((DATA / "fisco-observed" / f"{name}.json").read_text())["result"]
