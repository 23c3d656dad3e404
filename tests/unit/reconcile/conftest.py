"""A stage for every test: a cluster in memory and one operator. Whatever a test does on it, the
invariants of its whole history are checked at its end."""

import asyncio
from collections.abc import Iterator

import pytest

from consortium_operator.engines.fisco_bcos import keys
from tests.fakes.engine import remembering
from tests.fakes.operator import Stage
from tests.invariants import violations


@pytest.fixture(autouse=True)
def cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "load_key", remembering(keys.load_key))


@pytest.fixture(autouse=True)
def threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work for a thread is done on the spot, so that rounds are in one order on every machine."""

    async def at_once(function, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        return function(*args, **kwargs)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    assert violations(stage.cluster.history) == []


@pytest.fixture
async def running(stage: Stage) -> Stage:
    """A chain of four members that runs."""
    stage.create()
    await stage.settle()
    stage.cluster.forget_calls()
    return stage
