"""Programs that are built from their Go module the first time, before any time is measured."""

from pathlib import Path

import pytest

from tests.prometheus import prometheus_tool


@pytest.fixture(scope="session")
def promtool() -> Path:
    return prometheus_tool("promtool")


@pytest.fixture(scope="session")
def prometheus_program() -> Path:
    return prometheus_tool("prometheus")
