"""What tests of several packages stand on."""

import pytest

from consortium_operator.engines.registry import ENGINES
from tests.fakes.engine import PooledKeys


@pytest.fixture
def pooled_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """For commands that make keys in this process: each would take 0.1 s."""
    monkeypatch.setitem(ENGINES, "FiscoBcos", PooledKeys())
