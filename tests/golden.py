"""Golden files: what a builder rendered when somebody last looked at it.

A test compares with the file; `UPDATE_GOLDEN=1 pytest …` writes it anew, for a reviewer to read
the difference.
"""

import os
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"


def check_golden(name: str, found: str) -> None:
    """`name`: path below tests/data."""
    path = DATA / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.is_file(), f"{path} is missing: run the test with UPDATE_GOLDEN=1 and read it"
    assert found == path.read_text(encoding="utf-8")


def to_yaml(objects: list[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(objects, sort_keys=True, allow_unicode=True, width=100)
