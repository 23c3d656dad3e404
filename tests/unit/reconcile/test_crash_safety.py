"""The operator is killed at every one of its writes, or loses the answer: the end is the same.

One run for each write and each way; the invariants of every history are checked as well. That no
key is made twice is theirs to say (S1, S3): here the ends are compared.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import ApiError
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    POD,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    kind_of,
)
from tests import chains
from tests.fakes.faults import Fault, Mode, at_write
from tests.fakes.operator import Stage
from tests.invariants import violations
from tests.unit.reconcile.bringing import NODE_CA, bring, others, refill, webank

Begin = Callable[[Stage], Awaitable[None]]

MEMBERS = (chains.member("huawei"), chains.member("webank"))


def shape(stage: Stage) -> dict[str, Any]:
    """What is there at the end, without what differs from run to run (keys, and names by
    content)."""
    return {
        f"{obj['kind']}/{_name(obj)}": (
            obj["metadata"]["labels"],
            bool(obj["metadata"].get("ownerReferences")),
            obj.get("immutable"),
            sorted(obj.get("data") or {}),
        )
        for obj in stage.cluster.all()
        if kind_of(obj) != POD and "labels" in obj["metadata"]
    }


def _name(obj: dict[str, Any]) -> str:
    name: str = obj["metadata"]["name"]
    part = obj["metadata"]["labels"]["consortium.dev/part"]
    return name.rpartition("-")[0] if part in ("certificate", "config") else name


async def _created(stage: Stage) -> None:
    stage.create(*MEMBERS)


async def _deleted_and_created(stage: Stage) -> None:
    await _founded(stage)
    stage.delete()
    await stage.settle()
    stage.create(*MEMBERS)


async def _drifted(stage: Stage) -> None:
    await _founded(stage)
    for kind in (SERVICE, STATEFUL_SET):
        stage.cluster.delete_by_hand(kind, "trade-webank-node-0")
    for name in ("trade-genesis", "trade-trust", "trade-webank-node-0-identity"):
        stage.cluster.delete_by_hand(CONFIG_MAP, name)


async def _with_another_setting(stage: Stage) -> None:
    """Four sealers, so that one at a time may go."""
    stage.create()
    await stage.settle()
    stage.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})


async def _on_brought_keys(stage: Stage) -> None:
    bring(stage)
    stage.create(chains.member("huawei"), webank())


async def _with_a_renewed_root(stage: Stage) -> None:
    """All four nodes restart for it."""
    bring(stage)
    stage.create(*others(), webank())
    await stage.settle()
    renewed = replace(NODE_CA, not_after=NODE_CA.not_after + timedelta(days=1))
    refill(stage, "webank-nodes", renewed.files())
    stage.clock.advance(minutes=31)


async def _founded(stage: Stage) -> None:
    stage.create(*MEMBERS)
    await stage.settle()


async def _disturbed(begin: Begin, number: int, mode: Mode) -> Stage:
    """A run whose `number`-th write after the beginning is hit."""
    stage = Stage()
    await begin(stage)
    fault = Fault(at_write(number), mode=mode)
    stage.cluster.faults.append(fault)
    while True:
        try:
            await stage.settle_with_restarts()
            break
        except ApiError:  # as the queue does: another try later
            stage.clock.advance(seconds=1)
    assert fault.spent
    return stage


# Killed before write n + 1 is killed after write n, so one of the two is enough. Here some writes
# of three workloads; the campaign below takes every one of all.
@pytest.mark.parametrize(
    ("begin", "mode", "step"),
    [
        (_created, Mode.AFTER, 5),
        (_created, Mode.LOST, 13),
        (_drifted, Mode.LOST, 4),
        (_with_another_setting, Mode.AFTER, 17),
    ],
    ids=lambda part: getattr(part, "__name__", getattr(part, "name", "")).strip("_"),
)
async def test_wherever_it_is_cut_off_the_end_is_the_same(
    begin: Begin, mode: Mode, step: int
) -> None:
    await _cut_off_at_writes(begin, mode, step)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
@pytest.mark.parametrize(
    "begin",
    [
        _created,
        _deleted_and_created,
        _drifted,
        _with_another_setting,
        _on_brought_keys,
        _with_a_renewed_root,
    ],
    ids=lambda begin: begin.__name__.strip("_"),
)
async def test_every_write_of_every_workload_may_be_cut_off(begin: Begin, mode: Mode) -> None:
    await _cut_off_at_writes(begin, mode, step=1)


async def _cut_off_at_writes(begin: Begin, mode: Mode, step: int) -> None:
    clean = Stage()
    await begin(clean)
    before = len(clean.cluster.writes)
    await clean.settle(rounds=80)
    writes = len(clean.cluster.writes) - before
    assert writes >= 9
    for number in range(1, writes + 1, step):
        stage = await _disturbed(begin, number, mode)
        where = f"{mode.value}, write {number}"
        assert shape(stage) == shape(clean), where
        assert stage.told(ConditionType.READY) == "True/AsExpected", where
        assert violations(stage.cluster.history) == [], where


async def test_a_killed_operator_makes_each_key_once() -> None:
    """Killed after the write: the key is there, and the next process takes it up."""
    for number in range(1, 12):
        stage = await _disturbed(_created, number, Mode.AFTER)
        made = [
            event.key.name
            for event in stage.cluster.history
            if event.key.kind == SECRET and event.type == "ADDED"
        ]
        assert len(made) == len(set(made))
