"""A stage for every test: a cluster in memory and one operator. Whatever a test does on it, the
invariants of its whole history are checked at its end."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from consortium_operator.api.conditions import REASONS, ConditionType, Reason
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, SECRET
from tests.fakes.objects import OPERATOR
from tests.fakes.operator import Stage
from tests.invariants import violations
from tests.unit.reconcile.bringing import SECRETS, founded_on_brought_keys, written_secrets


def check_conditions(conditions: list[dict[str, Any]]) -> None:
    """What holds for every status that is ever written."""
    told = {ConditionType(one["type"]): one for one in conditions}
    assert list(told) == [ConditionType(one["type"]) for one in conditions]
    assert set(told) == set(ConditionType)
    for type_, one in told.items():
        assert Reason(one["reason"]) in REASONS[type_], one
        assert one["message"]
    reconciling, stalled = told[ConditionType.RECONCILING], told[ConditionType.STALLED]
    assert "True" not in (reconciling["status"], stalled["status"]) or (
        reconciling["status"] != stalled["status"]
    )
    if told[ConditionType.READY]["status"] == "True":
        assert {reconciling["status"], stalled["status"]} == {"False"}


@pytest.fixture(autouse=True)
def threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work for a thread is done on the spot, so that rounds are in one order on every machine."""

    async def at_once(function, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        return function(*args, **kwargs)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """An empty stage."""
    stage = Stage()
    yield stage
    check(stage)


FOUNDED: list[Stage] = []


@pytest.fixture
async def running() -> AsyncIterator[Stage]:
    """A chain of four members that runs, and an operator that is done with it."""
    if not FOUNDED:
        founded = Stage()
        founded.create()
        await founded.settle()
        FOUNDED.append(founded)
    stage = FOUNDED[0].copy()
    yield stage
    check(stage)


@pytest.fixture
async def brought() -> AsyncIterator[Stage]:
    """The same; one member brought its CAs and its node's key, and no Secret of it is written."""
    stage = await founded_on_brought_keys()
    yield stage
    check(stage)
    assert written_secrets(stage).isdisjoint(SECRETS)


def check(stage: Stage) -> None:
    assert violations(stage.cluster.history) == []
    assert stage.hasty == []
    for event in stage.cluster.history:
        if event.key.kind == CONSORTIUM_CHAIN and event.actor == OPERATOR:
            check_conditions(event.object["status"]["conditions"])
    told = json.dumps(stage.cluster.events)
    assert "PRIVATE KEY-----\\n" not in told
    for secret in stage.cluster.all(SECRET):
        for value in secret["data"].values():
            assert value not in told
            assert base64.b64decode(value).hex() not in told
