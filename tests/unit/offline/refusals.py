"""Identities that are edited, and renders that are refused because of them."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from consortium_operator.offline.keeping import Unusable
from consortium_operator.offline.output import OutputRefused
from consortium_operator.offline.rendering import CannotRender
from tests import chains
from tests.unit.offline.conftest import Desk

ONE = chains.member("webank")
KEY = "secrets/trade-webank-node-0-identity.yaml"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    body = yaml.safe_load(path.read_text())
    change(body)
    path.write_text(yaml.safe_dump(body))


def reasons(error: Exception) -> str:
    return "\n".join(getattr(error, "reasons", (str(error),)))


def refused(desk: Desk, *members: Any, **order: Any) -> str:
    """Why; and nothing was written anywhere."""
    before = {path: path.read_bytes() for path in desk.root.rglob("*") if path.is_file()}
    with pytest.raises((CannotRender, Unusable, OutputRefused)) as error:
        desk.render(*(members or (ONE,)), **order)
    after = {path: path.read_bytes() for path in desk.root.rglob("*") if path.is_file()}
    assert after == before
    return reasons(error.value)
