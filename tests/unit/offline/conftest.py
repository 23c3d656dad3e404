"""Somebody who renders, with keys from a pool and a clock of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from consortium_operator.api.parse import parse
from consortium_operator.engines.protocol import Validity
from consortium_operator.offline.rendering import Surroundings
from consortium_operator.offline.run import Order, Rendered, Standalone, carry_out
from tests import chains
from tests.fakes.engine import PooledKeys


@dataclass
class Desk:
    """Somebody who renders at a moment of their choice, into directories below `root`."""

    root: Path
    engine: PooledKeys = field(default_factory=PooledKeys)
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    serials: int = 0

    def surroundings(self) -> Surroundings:
        return Surroundings({"FiscoBcos": self.engine}, lambda: self.now, self._serial)

    def render(
        self,
        *members: Any,
        output: str = "out",
        identities: str | None = "identities",
        standalone: Standalone | None = None,
        **spec: Any,
    ) -> Rendered:
        body = chains.resource(*members, **spec)
        body["metadata"].pop("uid")
        order = Order(
            parse(body),
            chains.SETTINGS,
            self.root / output,
            self.root / identities if identities else None,
            standalone,
        )
        return carry_out(order, self.surroundings())

    def validity(self, days: float) -> Validity:
        return Validity(self.now - timedelta(days=1), self.now + timedelta(days=days), 7)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def files(self, name: str = "out") -> dict[str, bytes]:
        """Path → content of every file below a directory."""
        top = self.root / name
        return {
            path.relative_to(top).as_posix(): path.read_bytes()
            for path in sorted(top.rglob("*"))
            if path.is_file()
        }

    def _serial(self) -> int:
        self.serials += 1
        return self.serials


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk")
    desk.root.mkdir()
    yield desk
    # Whatever happened, nothing half written is left behind.
    assert [path.name for path in desk.root.rglob(".*")] == []
