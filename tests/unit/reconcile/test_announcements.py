"""Events: each thing that happened is told once, and telling it disturbs nothing."""

import asyncio

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import (
    ApiError,
    Forbidden,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from consortium_operator.kube.kinds import EVENT, JsonObject, ObjectKey
from consortium_operator.reconcile import announcements
from consortium_operator.reconcile.announcements import QUIET_FOR
from tests.fakes.cluster import FakeCluster
from tests.fakes.faults import Call, Fault, on
from tests.fakes.operator import Stage

WEBANK = "trade-webank-node-0"


def _told(stage: Stage) -> list[str]:
    """Type, reason and message of each Event."""
    return [f"{e['type']} {e['reason']}: {e['message']}" for e in stage.cluster.events]


def _reasons(stage: Stage) -> list[str]:
    return [event["reason"] for event in stage.cluster.events]


async def test_a_founding_is_told_from_the_spec_to_the_running_chain(stage: Stage) -> None:
    stage.create()
    await stage.settle()
    reasons = _reasons(stage)
    order = ["SpecValid", "IdentitiesIntact", "GenesisSealed", "QuorumHealthy", "Ready"]
    assert [one for one in reasons if one in order] == order
    assert reasons.count("VolumeMade") == 4
    about = {
        (e["involvedObject"]["kind"], e["involvedObject"]["name"]) for e in stage.cluster.events
    }
    assert about == {("ConsortiumChain", "trade")}
    assert {e["involvedObject"]["uid"] for e in stage.cluster.events} == {
        stage.body()["metadata"]["uid"]
    }


async def test_a_round_in_which_nothing_changed_tells_nothing(running: Stage) -> None:
    for _ in range(5):
        await running.round()
    assert running.cluster.calls == []


async def test_a_restarted_operator_does_not_tell_again(running: Stage) -> None:
    running.start()
    await running.settle()
    assert running.cluster.events == []


async def test_a_node_that_falls_is_a_warning_and_its_return_is_none(running: Stage) -> None:
    running.clock.advance(hours=1)
    running.nodes.silent = {WEBANK}
    await running.settle()
    down = "webank/node-0: no answer from trade-webank-node-0"
    assert _told(running) == [
        f"Warning NodeDown: NodesReady is False: {down}",
        f"Warning NodeDown: Ready is False: {down}",
    ]
    running.cluster.events.clear()
    running.nodes.silent = set()
    await running.settle()
    assert _told(running) == [
        "Normal NodesReady: NodesReady is True: all 4 pods are ready",
        "Normal Ready: Ready is True: the chain runs: 4 of 4 weight live, 3 needed, margin 1",
    ]


async def test_what_the_operator_does_is_told_with_the_reason(running: Stage) -> None:
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    await running.settle(rounds=80)
    evicted = [one for one in _told(running) if "NodeEvicted" in one]
    assert len(evicted) == 4
    assert "Normal NodeEvicted: evicted pod trade-webank-node-0-0: node webank/node-0 changes" in (
        evicted
    )
    assert "RollingOut" in _reasons(running)


async def test_a_second_start_and_the_new_volume_are_told(stage: Stage) -> None:
    stage.create()
    stage.nodes.refuses_probes = True
    for _ in range(4):
        await stage.round()
    stage.controllers.restart_container(f"{WEBANK}-0")
    stage.nodes.refuses_probes = False
    stage.clock.advance(minutes=1)
    await stage.settle(rounds=80)
    told = _told(stage)
    assert any("RestartedAtGenesis" in one and "webank/node-0" in one for one in told)
    assert f"Normal VolumeMade: made volume {WEBANK}-data-g2 for node webank/node-0" in told


async def test_what_comes_and_goes_is_counted_in_one_event(running: Stage) -> None:
    running.clock.advance(hours=1)
    for _ in range(3):
        running.nodes.silent = {WEBANK}
        await running.round()
        running.nodes.silent = set()
        await running.round()
    counts = {(e["reason"], e["message"].split()[0]): e["count"] for e in running.cluster.events}
    assert counts == {
        ("NodeDown", "NodesReady"): 3,
        ("NodeDown", "Ready"): 3,
        ("NodesReady", "NodesReady"): 3,
        ("Ready", "Ready"): 3,
    }
    first = running.cluster.events[0]
    assert first["firstTimestamp"] < first["lastTimestamp"]
    running.clock.now += QUIET_FOR
    running.nodes.silent = {WEBANK}
    await running.round()
    assert _reasons(running).count("NodeDown") == 4


async def test_an_event_that_the_server_forgot_is_written_anew(running: Stage) -> None:
    running.clock.advance(hours=1)
    for _ in range(2):
        running.nodes.silent = {WEBANK}
        await running.round()
        running.cluster.events.clear()
        running.nodes.silent = set()
        await running.round()
    assert _reasons(running) == ["NodesReady", "Ready"]
    assert {event["count"] for event in running.cluster.events} == {1}


@pytest.mark.campaign
async def test_a_chain_that_flickers_is_no_flood(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "MOST_AT_A_TIME", 10)
    running.clock.advance(hours=1)
    for _ in range(12):
        running.nodes.scripted[WEBANK] = {"problem": f"fails at {running.clock.now}"}
        await running.round()
        running.nodes.scripted.clear()
        await running.round()
    writes = [call for call in running.cluster.calls if call.key.kind == EVENT]
    assert len(writes) == 10


@pytest.mark.parametrize("error", [Forbidden, TooManyRequests, Unavailable, NotFound])
async def test_an_event_that_cannot_be_written_disturbs_nothing(
    stage: Stage, error: type[ApiError]
) -> None:
    def fail(call: Call) -> ApiError:
        return error(500, "X", "no", call.verb, call.key)

    stage.cluster.faults.append(Fault(on("create", EVENT), error=fail))
    stage.create()
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    assert stage.cluster.events == []


async def test_an_event_that_gets_no_answer_is_given_up(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(self: FakeCluster, event: JsonObject) -> ObjectKey:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(FakeCluster, "create_event", hang)
    monkeypatch.setattr(announcements, "_WITHIN_SECONDS", 0.01)
    running.nodes.silent = {WEBANK}
    await running.settle()
    assert running.told(ConditionType.READY) == "False/NodeDown"


async def test_what_was_done_is_told_though_the_round_failed(running: Stage) -> None:
    """The API server fails right after the eviction."""

    def fail(call: Call) -> ApiError:
        return Unavailable(500, "X", "no", call.verb, call.key)

    def after_an_eviction(call: Call) -> bool:
        return bool(running.cluster.evictions) and call.key.kind != EVENT

    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    running.cluster.faults.append(Fault(after_an_eviction, error=fail))
    with pytest.raises(ApiError):
        await running.settle(rounds=80)
    assert _reasons(running).count("NodeEvicted") == 1
