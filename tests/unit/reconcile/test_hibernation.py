"""A chain hibernates in the middle of something: nothing of it runs, nothing is lost, and what was
under way goes on when it wakes up."""

from collections.abc import Awaitable, Callable

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import ASLEEP_ANNOTATION
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD, STATEFUL_SET, JsonObject
from tests import chains
from tests.fakes.faults import Fault, Killed, Mode, at_write
from tests.fakes.operator import Stage
from tests.unit.reconcile.rebuilding import (
    BACK_AND_FORTH,
    TENCENT,
    WEBANK,
    changes,
    lose,
    mounted,
    say,
    weight,
)

READY, NODES = ConditionType.READY, ConditionType.NODES_READY
FOUR = ("huawei", "ping-an", "tencent", "webank")


def members(*others: str, stopped: str = "") -> list[JsonObject]:
    return [
        chains.member(
            name, chains.node("node", **({"state": "Stopped"} if name == stopped else {}))
        )
        for name in (*FOUR, *others)
    ]


def pods(stage: Stage) -> list[str]:
    return [pod["metadata"]["name"] for pod in stage.cluster.all(POD)]


async def sleeps(stage: Stage) -> None:
    """In the end it does, and says so, and waits for nobody."""
    stage.edit(hibernated=True)
    await stage.settle()
    assert pods(stage) == []
    assert stage.told(NODES) == stage.told(READY) == "False/Hibernated"
    assert stage.told(ConditionType.RECONCILING) == "False/AsExpected"
    assert stage.told(ConditionType.STALLED) == "False/AsExpected"


async def wakes_up_well(stage: Stage, count: int = 4) -> None:
    stage.edit(hibernated=False)
    await stage.settle(rounds=80)
    assert stage.told(READY) == "True/AsExpected"
    assert len(pods(stage)) == count
    assert stage.status()["sealers"] == "4/4"


async def _cut_off_at(stage: Stage, number: int, goal: Callable[[Stage], Awaitable[None]]) -> None:
    """The operator dies at its `number`-th write from now on, and is started again."""
    fault = Fault(at_write(number), mode=Mode.AFTER)
    stage.cluster.faults.append(fault)
    try:
        await goal(stage)
    except Killed:
        stage.start()
        await goal(stage)
    finally:
        stage.cluster.faults.remove(fault)


# While nodes leave.


@pytest.fixture
async def leaving(running: Stage) -> Stage:
    """Two of six are to leave, which the other governors have not agreed to."""
    running.edit(members=members("fifth", "sixth"))
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    running.nodes.refusal = "others have to vote"
    running.edit(members=members())
    await running.settle()
    assert len(pods(running)) == 6
    return running


async def test_nodes_that_leave_sleep_with_their_chain_and_leave_once_it_is_awake(
    leaving: Stage,
) -> None:
    """Awake without them it would not have the quorum by which they are voted out."""
    await sleeps(leaving)
    leaving.nodes.refusal = None
    leaving.clock.advance(hours=1)
    await wakes_up_well(leaving)


async def test_nodes_that_leave_while_their_chain_sleeps_leave_once_it_is_awake(
    running: Stage,
) -> None:
    running.edit(members=members("fifth", "sixth"))
    await running.settle(rounds=80)
    await sleeps(running)
    running.edit(members=members())
    await running.settle()
    assert pods(running) == []
    assert running.told(READY) == "False/Hibernated"
    await wakes_up_well(running)


async def test_nodes_that_wake_up_are_the_same(leaving: Stage) -> None:
    def template(name: str) -> JsonObject:
        found = leaving.cluster.find(STATEFUL_SET, f"trade-{name}-node-0")
        assert found is not None
        spec: JsonObject = found["spec"]
        assert ASLEEP_ANNOTATION not in found["metadata"].get("annotations", {})
        return spec

    before = template("fifth")
    await sleeps(leaving)
    leaving.edit(hibernated=False)
    await leaving.settle()
    assert len(pods(leaving)) == 6
    assert template("fifth") == before


async def test_a_stopped_node_that_leaves_stays_as_it_is(running: Stage) -> None:
    """Somebody had a reason to stop it."""
    running.edit(members=members("fifth"))
    await running.settle(rounds=80)
    running.edit(members=[*members(), *members("fifth", stopped="fifth")[-1:]])
    await running.settle()
    running.nodes.refusal = "others have to vote"
    running.edit(members=members())
    await running.settle()
    await sleeps(running)
    running.edit(hibernated=False)
    await running.settle()
    assert "trade-fifth-node-0-0" not in pods(running)
    assert len(pods(running)) == 4


@pytest.mark.campaign
@pytest.mark.parametrize("number", range(1, 16))
async def test_cut_off_anywhere_nodes_that_leave_sleep_and_wake_up(
    leaving: Stage, number: int
) -> None:
    await _cut_off_at(leaving, number, sleeps)
    leaving.nodes.refusal = None
    await _cut_off_at(leaving, number, wakes_up_well)


# While a node is rebuilt.


@pytest.mark.parametrize("rounds", range(1, 9))
async def test_a_move_goes_on_once_the_chain_is_awake(running: Stage, rounds: int) -> None:
    say(running, f"{WEBANK}@2")
    for _ in range(rounds):
        await running.round()
    await sleeps(running)
    await wakes_up_well(running)
    assert mounted(running, WEBANK) == "g2"
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert weight(running, WEBANK) == 1


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 5])
async def test_a_lost_volume_is_made_up_for_once_the_chain_is_awake(
    running: Stage, rounds: int
) -> None:
    lose(running, WEBANK)
    for _ in range(rounds):
        await running.round()
    await sleeps(running)
    await wakes_up_well(running)
    assert mounted(running, WEBANK) == "g2"


async def test_two_volumes_that_wait_for_a_person_keep_no_chain_awake(running: Stage) -> None:
    lose(running, WEBANK, TENCENT)
    await running.settle()
    assert running.told(NODES) == "False/VolumeLost"
    await sleeps(running)
    running.edit(hibernated=False)
    await running.settle()
    assert running.told(NODES) == "False/VolumeLost"
    assert running.told(ConditionType.STALLED).startswith("True")


async def test_what_runs_on_a_volume_that_is_deleted_is_not_stopped(running: Stage) -> None:
    """Its pod is all that keeps the volume: Kubernetes deletes it as soon as nobody uses it."""

    def deleting(claim: JsonObject) -> None:
        claim["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"

    running.cluster.edit(PERSISTENT_VOLUME_CLAIM, f"{WEBANK}-data-g1", deleting)
    running.edit(hibernated=True)
    await running.settle()
    assert pods(running) == [f"{WEBANK}-0"]
    assert running.told(READY) == "False/VolumeLost"
    assert "Save what is on it" in running.condition(NODES)["message"]
