"""More certificates end than nodes may fail: while the operator was away, or their CA was."""

from datetime import timedelta

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import POD, POD_DISRUPTION_BUDGET
from tests.fakes.faults import Fault, Mode, at_write
from tests.fakes.operator import Stage
from tests.unit.reconcile.bringing import CERTIFICATES, READY, pods

UP_TO_DATE, QUORUM = ConditionType.UP_TO_DATE, ConditionType.QUORUM_HEALTHY
ACCEPT = "consortium.dev/accept-change"
AWAY = timedelta(hours=8760, minutes=1)


def accept(stage: Stage, word: str) -> None:
    stage.annotate(ACCEPT, word)


def word_in(stage: Stage) -> str:
    message = stage.condition(CERTIFICATES)["message"]
    command, _, rest = message.partition(f"{ACCEPT}=")
    assert command.endswith(
        "kubectl annotate consortiumchain trade --namespace chains --overwrite "
    )
    return str(rest.split(";")[0])


async def after_long_absence(stage: Stage, *, connected: bool) -> None:
    """The operator's process ends, a year goes by, another one starts."""
    stage.clock.now += AWAY
    if not connected:
        stage.nodes.links.cut()
    stage.start()


async def test_a_chain_that_has_stopped_is_restarted_together_by_itself(running: Stage) -> None:
    before = pods(running)
    await after_long_absence(running, connected=False)
    await running.round()
    assert running.told(QUORUM) == "False/QuorumLost"
    assert running.told(CERTIFICATES) == "False/Expired"
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert sorted(running.cluster.evictions) == sorted(before)
    assert pods(running).keys() == before.keys()


async def test_those_that_are_restarted_together_go_in_one_round(running: Stage) -> None:
    await after_long_absence(running, connected=False)
    while not running.cluster.evictions:
        await running.round()
    assert len(running.cluster.evictions) == 4


async def test_a_chain_that_runs_on_waits_for_a_person(running: Stage) -> None:
    before = pods(running)
    await after_long_absence(running, connected=True)
    for _ in range(20):
        await running.round()
    assert pods(running) == before
    assert running.told(QUORUM) == "True/AsExpected"
    assert running.told(CERTIFICATES) == "False/AwaitingRestart"
    assert running.told(UP_TO_DATE) == "False/AwaitingAcceptance"
    assert running.told(ConditionType.STALLED) == "True/AwaitingRestart"
    assert (
        "4 nodes whose certificates have ended still hold the connections"
        in (running.condition(CERTIFICATES)["message"])
    )
    accept(running, word_in(running))
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert sorted(running.cluster.evictions) == sorted(before)
    assert len(running.cluster.all(POD_DISRUPTION_BUDGET)) > 0


async def test_another_word_lets_nothing_happen(running: Stage) -> None:
    await after_long_absence(running, connected=True)
    await running.round()
    accept(running, "0123456789")
    for _ in range(10):
        await running.round()
    assert running.cluster.evictions == []


@pytest.mark.campaign
async def test_a_word_is_good_for_one_time(running: Stage) -> None:
    await after_long_absence(running, connected=True)
    await running.round()
    accept(running, word_in(running))
    await running.settle(rounds=80)
    running.cluster.evictions.clear()
    await after_long_absence(running, connected=True)
    for _ in range(10):
        await running.round()
    assert running.cluster.evictions == []
    assert running.told(UP_TO_DATE) == "False/AwaitingAcceptance"


async def test_no_other_change_restarts_a_node_that_the_expired_ones_would_refuse(
    running: Stage,
) -> None:
    await after_long_absence(running, connected=True)
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    for _ in range(10):
        await running.round()
    assert running.cluster.evictions == []


async def test_as_many_as_may_fail_roll_like_any_change(running: Stage) -> None:
    """Three were renewed, and before the turn of the fourth the operator was away."""
    renew_at = timedelta(hours=8760 - 720, minutes=5)
    running.clock.now += renew_at
    while len(running.cluster.evictions) < 3:
        await running.round()
    await running.round()
    left = {*pods(running)} - {*running.cluster.evictions}
    running.clock.now += timedelta(hours=720)
    running.start()
    for _ in range(60):
        await running.round()
        assert len(running.cluster.all(POD)) >= 3
        assert running.told(QUORUM) == "True/AsExpected"
    assert {*running.cluster.evictions[3:]} == left
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.campaign
@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER])
@pytest.mark.parametrize("connected", [True, False])
async def test_an_operator_killed_at_any_write_brings_all_back(
    running: Stage, mode: Mode, *, connected: bool
) -> None:
    for number in range(1, 40, 3):
        stage = running.copy()
        await after_long_absence(stage, connected=connected)
        if connected:
            await stage.round()
            accept(stage, word_in(stage))
        fault = Fault(at_write(number), mode=mode)
        stage.cluster.faults.append(fault)
        await stage.settle_with_restarts()
        assert stage.told(READY) == "True/AsExpected"
        if not fault.spent:
            return


async def test_a_chain_that_has_stopped_waits_for_no_approval(running: Stage) -> None:
    running.edit(rollout={"strategy": "Manual"})
    await running.settle()
    await after_long_absence(running, connected=False)
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert len(running.cluster.evictions) == 4
