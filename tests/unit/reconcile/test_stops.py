"""Nodes that the spec stops, one or all: under the guard, and back as the same nodes."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import (
    PERSISTENT_VOLUME_CLAIM,
    POD,
    POD_DISRUPTION_BUDGET,
    SECRET,
    SERVICE,
    STATEFUL_SET,
)
from tests import chains
from tests.fakes.faults import Fault, Mode, at_write
from tests.fakes.operator import Stage
from tests.unit.reconcile.rebuilding import mounted, say, volumes

FOUR = ("huawei", "ping-an", "tencent", "webank")
WEBANK, HUAWEI = "trade-webank-node-0", "trade-huawei-node-0"
NODES_READY, READY = ConditionType.NODES_READY, ConditionType.READY
UP_TO_DATE, RECONCILING = ConditionType.UP_TO_DATE, ConditionType.RECONCILING
SETTING = {"config": {"txpool": {"limit": "20000"}}}


def members(*stopped: str, weights: dict[str, int] | None = None) -> list[Any]:
    def fields(name: str) -> dict[str, Any]:
        state = {"state": "Stopped"} if name in stopped else {}
        return {**state, "weight": (weights or {}).get(name, 1)}

    return [chains.member(name, {"name": "node", **fields(name)}) for name in FOUR]


def pods(stage: Stage) -> list[str]:
    return sorted(pod["metadata"]["name"] for pod in stage.cluster.all(POD))


async def test_a_stopped_node_has_no_pod_and_keeps_all_else(running: Stage) -> None:
    kept = {kind: running.cluster.all(kind) for kind in (SECRET, SERVICE, PERSISTENT_VOLUME_CLAIM)}
    running.edit(members=members("webank"))
    await running.settle()
    assert f"{WEBANK}-0" not in pods(running)
    assert len(pods(running)) == 3
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    assert {kind: running.cluster.all(kind) for kind in kept} == kept
    assert running.told(READY) == "True/AsExpected"
    assert "stopped, as the spec says: webank/node-0" in running.condition(READY)["message"]
    assert "3 of 4 weight live" in running.condition(ConditionType.QUORUM_HEALTHY)["message"]


async def test_it_starts_again_as_the_same_node(running: Stage) -> None:
    before = running.status()["members"]
    running.edit(members=members("webank"))
    await running.settle()
    stopped = running.status()["members"][-1]["nodes"][0]
    assert stopped["state"] == "Stopped"
    running.edit(members=members())
    await running.settle()
    assert running.status()["members"] == before
    assert running.told(READY) == "True/AsExpected"


async def test_a_second_one_waits_with_the_numbers(running: Stage) -> None:
    running.edit(members=members("webank", "huawei"))
    await running.settle()
    assert len(pods(running)) == 3
    assert running.told(UP_TO_DATE) == "False/RollingOut"
    message = running.condition(UP_TO_DATE)["message"]
    assert "stops, as the spec says; it waits: " in message
    assert "of 4 are 3 live and 3 are needed" in message


async def test_nothing_else_restarts_where_the_stop_left_no_margin(running: Stage) -> None:
    running.edit(members=members("webank"))
    await running.settle()
    running.edit(members=members("webank"), fiscoBcos=SETTING)
    await running.settle()
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    assert "of 4 are 3 live and 3 are needed" in running.condition(UP_TO_DATE)["message"]
    running.edit(members=members(), fiscoBcos=SETTING)
    await running.settle()
    assert running.told(READY) == "True/AsExpected"
    assert len(running.cluster.evictions) == 4, "webank started with the new setting"


async def test_what_a_hand_scales_up_is_stopped_again(running: Stage) -> None:
    running.edit(members=members("webank"))
    await running.settle()

    def scale(found: dict[str, Any]) -> None:
        found["spec"]["replicas"] = 1

    running.cluster.edit(STATEFUL_SET, WEBANK, scale)
    await running.settle()
    assert f"{WEBANK}-0" not in pods(running)


@pytest.mark.parametrize("number", range(1, 5))
async def test_cut_off_anywhere_it_is_stopped(running: Stage, number: int) -> None:
    running.cluster.faults.append(Fault(at_write(number), mode=Mode.AFTER))
    running.edit(members=members("webank"))
    assert await running.settle_with_restarts() == 1
    assert len(pods(running)) == 3
    assert running.told(READY) == "True/AsExpected"


# All of them.


async def test_a_chain_that_hibernates_has_no_pods_and_waits_for_nobody(running: Stage) -> None:
    running.edit(hibernated=True)
    await running.settle()
    assert pods(running) == []
    assert len(running.cluster.evictions) == 4
    assert running.cluster.all(POD_DISRUPTION_BUDGET) == []
    assert running.told(NODES_READY) == running.told(READY) == "False/Hibernated"
    assert running.told(RECONCILING) == "False/AsExpected"
    assert running.told(ConditionType.STALLED) == "False/AsExpected"
    assert await running.round() == 15.0


async def test_it_wakes_up_as_it_was(running: Stage) -> None:
    before = running.status()["members"], running.status()["genesis"]
    running.edit(hibernated=True)
    await running.settle()
    running.edit(hibernated=False)
    await running.settle()
    assert (running.status()["members"], running.status()["genesis"]) == before
    assert running.told(READY) == "True/AsExpected"
    assert len(running.cluster.all(POD_DISRUPTION_BUDGET)) > 0


async def test_a_chain_without_a_block_does_not_hibernate(stage: Stage) -> None:
    stage.nodes.refuses_probes = True
    stage.create()
    for _ in range(5):
        await stage.round()
    stage.edit(hibernated=True)
    for _ in range(5):
        await stage.round()
    assert len(pods(stage)) == 4
    assert "the chain has no block yet" in stage.condition(UP_TO_DATE)["message"]
    stage.nodes.refuses_probes = False
    stage.clock.advance(minutes=1)
    await stage.settle()
    assert pods(stage) == []


async def test_a_node_that_stops_moves_once_it_runs_again(running: Stage) -> None:
    running.edit(members=members("webank"))
    say(running, f"{WEBANK}@2")
    await running.settle()
    assert f"{WEBANK}-0" not in pods(running)
    assert volumes(running, WEBANK) == ["g1"]
    running.edit(members=members())
    await running.settle()
    assert mounted(running, WEBANK) == "g2"
    assert running.told(READY) == "True/AsExpected"
