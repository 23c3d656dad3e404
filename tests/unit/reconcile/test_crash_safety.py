"""The operator is killed at every one of its writes, or loses the answer: the end is the same.

One run for each write and each way; the invariants of every history are checked as well. That no
key is made twice is theirs to say (S1, S3): here the ends are compared.
"""

from collections.abc import Callable
from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import ApiError
from consortium_operator.kube.kinds import POD, SECRET, SERVICE, STATEFUL_SET, kind_of
from tests import chains
from tests.fakes.cluster import Fault, Mode, at_write
from tests.fakes.operator import Stage
from tests.invariants import violations

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
        if kind_of(obj) != POD and obj["kind"] != "ConsortiumChain"
    }


def _name(obj: dict[str, Any]) -> str:
    name: str = obj["metadata"]["name"]
    part = obj["metadata"]["labels"]["consortium.dev/part"]
    return name.rpartition("-")[0] if part in ("certificate", "config") else name


async def _created(stage: Stage) -> None:
    stage.create(*MEMBERS)


async def _running(stage: Stage) -> None:
    stage.create(*MEMBERS)
    await stage.settle()
    stage.cluster.forget_calls()


async def _deleted_and_created(stage: Stage) -> None:
    await _running(stage)
    stage.delete()
    await stage.settle()
    stage.create(*MEMBERS)


async def _with_another_setting(stage: Stage) -> None:
    await _running(stage)
    stage.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})


async def _drifted(stage: Stage) -> None:
    await _running(stage)
    for kind in (SERVICE, STATEFUL_SET):
        stage.cluster.delete_by_hand(kind, "trade-webank-node-0")


async def _clean_end(begin: Callable[[Stage], Any]) -> tuple[dict[str, Any], int]:
    """How an undisturbed run ends, and how many writes it takes."""
    stage = Stage()
    await begin(stage)
    before = len(stage.cluster.writes)
    await stage.settle()
    return shape(stage), len(stage.cluster.writes) - before


async def _disturbed(begin: Callable[[Stage], Any], number: int, mode: Mode) -> Stage:
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


@pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.name)
@pytest.mark.parametrize(
    "begin",
    [_created, _deleted_and_created, _with_another_setting, _drifted],
    ids=lambda begin: begin.__name__.strip("_"),
)
async def test_wherever_it_is_cut_off_the_end_is_the_same(
    begin: Callable[[Stage], Any], mode: Mode
) -> None:
    wanted, writes = await _clean_end(begin)
    assert writes > 3
    for number in range(1, writes + 1):
        stage = await _disturbed(begin, number, mode)
        where = f"{mode.value}, write {number}"
        assert shape(stage) == wanted, where
        assert stage.told(ConditionType.READY) == "True/AsExpected", where
        assert violations(stage.cluster.history) == [], where


async def test_a_killed_operator_makes_each_key_once() -> None:
    """Killed after the write: the key is there, and the next process takes it up."""
    _, writes = await _clean_end(_created)
    for number in range(1, writes + 1, 3):
        stage = await _disturbed(_created, number, Mode.AFTER)
        made = [
            event.key.name
            for event in stage.cluster.history
            if event.key.kind == SECRET and event.type == "ADDED"
        ]
        assert len(made) == len(set(made))
