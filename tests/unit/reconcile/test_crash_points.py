"""The operator dies at each moment that has a name: the end is that of a run in peace."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import ACCEPT_PAUSE_ANNOTATION
from consortium_operator.kube.kinds import POD, JsonObject, kind_of
from tests import chains
from tests.campaigns import few_of
from tests.crash_points import (
    ACCEPTED_PAUSE,
    FIRST_BLOCK,
    FOUNDING,
    JOINING,
    LEAVING,
    ROLLOUT,
    SETTING,
    CrashPoint,
    Passing,
)
from tests.fakes.faults import Fault, Mode, at_point
from tests.fakes.operator import Stage
from tests.unit.reconcile.conftest import check

LIMIT = {"config": {"txpool": {"limit": "20000"}}}
HEAVY = "trade-huawei-node-0"


async def _to_be_founded() -> Stage:
    stage = Stage()
    stage.create(chains.member("huawei"), chains.member("webank"))
    return stage


async def _with_another_setting() -> Stage:
    stage = Stage()
    stage.create()
    await stage.settle()
    stage.edit(fiscoBcos=LIMIT)
    return stage


async def _with_an_accepted_pause() -> Stage:
    """Weights 3, 1, 1, 1: huawei waits for a word, and has it."""
    stage = Stage()
    light = [chains.member(name) for name in ("ping-an", "tencent", "webank")]
    stage.create(chains.member("huawei", chains.node("node", weight=3)), *light)
    await stage.settle()
    stage.edit(fiscoBcos=LIMIT)
    await stage.settle(rounds=80)
    generation = stage.body()["metadata"]["generation"]
    stage.annotate(ACCEPT_PAUSE_ANNOTATION, f"{HEAVY}@{generation}")
    return stage


NAMES = ("huawei", "ping-an", "tencent", "webank", "zte")


async def _with_a_fifth_member() -> Stage:
    stage = Stage()
    stage.create(*(chains.member(name) for name in NAMES[:4]))
    await stage.settle()
    stage.edit(members=[chains.member(name) for name in NAMES])
    return stage


async def _without_the_fifth_member() -> Stage:
    stage = Stage()
    stage.create(*(chains.member(name) for name in NAMES))
    await stage.settle()
    stage.edit(members=[chains.member(name) for name in NAMES[:4]])
    return stage


async def _with_a_setting_on_chain() -> Stage:
    stage = Stage()
    stage.create(chains.member("huawei"), chains.member("webank"))
    await stage.settle()
    stage.nodes.settings_made["trade"] = {"tx_count_limit": "1000"}
    stage.edit(fiscoBcos={"onChain": {"systemConfig": {"tx_count_limit": "2000"}}})
    return stage


@dataclass(frozen=True)
class Workload:
    """What the operator has to do, and the moments that occur on the way."""

    begin: Callable[[], Awaitable[Stage]]
    points: tuple[CrashPoint, ...]


WORKLOADS = {
    "founding": Workload(_to_be_founded, (*FOUNDING, *FIRST_BLOCK)),
    "rollout": Workload(_with_another_setting, ROLLOUT),
    "accepted pause": Workload(_with_an_accepted_pause, ACCEPTED_PAUSE),
    "joining": Workload(_with_a_fifth_member, JOINING),
    "leaving": Workload(_without_the_fifth_member, LEAVING),
    "setting": Workload(_with_a_setting_on_chain, SETTING),
}
BEGUN: dict[str, Stage] = {}
EACH = [(name, point) for name, workload in WORKLOADS.items() for point in workload.points]


async def _begun(workload: str) -> Stage:
    if workload not in BEGUN:
        BEGUN[workload] = await WORKLOADS[workload].begin()
    return BEGUN[workload].copy()


def _end(stage: Stage) -> Any:
    """What there is, but for what differs from run to run: keys, and what is made of them."""
    members = stage.nodes.members("trade", "chains")
    on_chain = sorted(members.sealers.values()), len(members.observers), stage.nodes.settings_made
    told = {type_: stage.told(type_) for type_ in ConditionType}
    objects = sorted(
        (obj["kind"], _name(obj), sorted(obj.get("data") or {}), str(obj["metadata"]["labels"]))
        for obj in stage.cluster.all()
        if kind_of(obj) != POD and "labels" in obj["metadata"]
    )
    return told, objects, sorted(stage.cluster.evictions), on_chain, len(stage.nodes.probes)


def _name(obj: JsonObject) -> str:
    """A certificate's own name is made of a key that each run makes anew."""
    name: str = obj["metadata"]["name"]
    part = obj["metadata"]["labels"]["consortium.dev/part"]
    return name.rpartition("-")[0] if part == "certificate" else name


async def _in_peace(workload: str) -> Any:
    stage = await _begun(workload)
    await stage.settle(rounds=80)
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    return _end(stage)


async def _dying_at(workload: str, *passing: Passing) -> Stage:
    stage = await _begun(workload)
    stage.cluster.faults += [Fault(at_point(one), mode=Mode.BEFORE) for one in passing]
    deaths = await stage.settle_with_restarts()
    assert [one.point.name for one in passing if not one.hits] == [], "moments that never come"
    assert deaths == len(passing)
    check(stage)
    return stage


@pytest.mark.parametrize("workload", few_of(WORKLOADS, quick=["joining", "founding"]))
async def test_one_run_survives_all_its_named_moments(workload: str) -> None:
    passing = [Passing(point) for point in WORKLOADS[workload].points]
    stage = await _dying_at(workload, *passing)
    assert _end(stage) == await _in_peace(workload)


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("workload", "point"), EACH, ids=[point.name.replace(" ", "-") for _, point in EACH]
)
async def test_a_named_moment_may_be_the_last_each_time_that_it_comes(
    workload: str, point: CrashPoint
) -> None:
    counted = Passing(point, skip=10_000)
    stage = await _begun(workload)
    stage.cluster.faults.append(Fault(at_point(counted), mode=Mode.BEFORE))
    await stage.settle(rounds=80)
    assert counted.hits >= 1, "the moment never comes"
    end = _end(stage)
    for number in range(counted.hits):
        assert _end(await _dying_at(workload, Passing(point, skip=number))) == end, number
