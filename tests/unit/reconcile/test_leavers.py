"""Nodes that leave stay what they are for as long as the chain counts them, and the status says how
they are."""

from datetime import timedelta

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import CONFIG_MAP, POD, STATEFUL_SET, ObjectKey
from tests.fakes.faults import Call, Fault, on
from tests.fakes.operator import Stage
from tests.unit.reconcile.bringing import CERTIFICATES
from tests.unit.reconcile.test_mass_expiry import after_long_absence, word_in
from tests.unit.reconcile.test_membership import FOUNDERS, members

IN_SYNC, UP_TO_DATE = ConditionType.MEMBERSHIP_IN_SYNC, ConditionType.UP_TO_DATE
LEAVER = "trade-webank-node-0"
HUNG = "webank/node-0 counts until the chain is without it, and is down"


def forbidden(call: Call) -> Exception:
    return Forbidden(403, "Forbidden", "an admission policy", call.verb, call.key)


async def left(stage: Stage, *staying: str) -> None:
    """The rest leaves, which is refused: fewer than four sealers would be left."""
    stage.edit(members=members(*staying))
    await stage.round()
    assert stage.told(IN_SYNC) == "False/QuorumUnsafe"


def uid(stage: Stage) -> str:
    pod = stage.cluster.find(POD, f"{LEAVER}-0")
    assert pod is not None
    return str(pod["metadata"]["uid"])


async def test_one_that_hangs_is_told_and_restarted(running: Stage) -> None:
    before = uid(running)
    await left(running, "huawei", "ping-an", "tencent")
    running.nodes.hung.add(before)
    await running.round()
    assert HUNG in running.condition(IN_SYNC)["message"]
    for _ in range(12):
        running.clock.advance(seconds=12)
        await running.round()
    assert uid(running) != before
    assert HUNG not in running.condition(IN_SYNC)["message"]


async def test_a_rollout_that_cannot_go_on_without_it_is_stuck(running: Stage) -> None:
    await left(running, "huawei", "ping-an", "tencent")
    running.nodes.silent.add(LEAVER)
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    await running.round()
    assert running.told(UP_TO_DATE) == "False/RollingOut"
    running.clock.advance(minutes=6)
    await running.round()
    assert running.told(UP_TO_DATE) == "False/RolloutStuck"
    assert "webank/node-0 does not come back" in running.condition(UP_TO_DATE)["message"]
    assert running.cluster.evictions == []


async def test_one_that_cannot_be_written_holds_nothing_else_up(running: Stage) -> None:
    """The only nodes whose certificates end: the word by which they restart together is told."""
    running.cluster.faults.append(Fault(on("replace", STATEFUL_SET), error=forbidden))
    await left(running, "huawei", "ping-an")
    running.clock.advance(hours=8760 - 720, minutes=1)
    for _ in range(20):
        await running.round()
    assert running.told(IN_SYNC) == "False/QuorumUnsafe"
    assert running.told(ConditionType.NODES_READY) == "False/Forbidden"
    assert len(running.cluster.evictions) == 2
    running.clock.advance(hours=720)
    await running.round()
    assert running.told(CERTIFICATES) == "False/AwaitingRestart"
    assert "accept-change=" in running.condition(UP_TO_DATE)["message"]


async def test_a_word_for_all_outlives_the_operator_that_asked_for_it(running: Stage) -> None:
    await left(running, "huawei", "ping-an", "tencent")
    await after_long_absence(running, connected=True)
    await running.round()
    word = word_in(running)
    running.clock.now += timedelta(minutes=5)
    running.start()
    await running.round()
    assert word_in(running) == word


async def test_between_the_vote_and_the_restarts_that_follow_the_chain_is_not_called_ready(
    running: Stage,
) -> None:
    """Whoever waits for Ready after the edit would else be done before it is."""
    running.edit(members=members(*FOUNDERS, "newcomer"))
    await running.settle(rounds=80)
    running.edit(members=members("huawei", "ping-an", "tencent", "newcomer"))
    told = []
    while not running.cluster.evictions:
        await running.round()
        told.append(running.told(ConditionType.READY))
    assert "True/AsExpected" not in told
    assert told[:2] == ["False/Leaving", "False/Leaving"]


@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_files_of_it_that_somebody_deletes_are_there_again_for_its_next_pod(
    running: Stage, is_forgotten: bool
) -> None:
    """The same ones as long as the operator remembers them; else it restarts with a new one."""
    await left(running, "huawei", "ping-an", "tencent")
    for part in ("cert", "config"):
        lost = names_of(running, part)
        for name in lost:
            running.cluster.remove(ObjectKey(CONFIG_MAP, "chains", name))
        if is_forgotten:
            running.start()
        for _ in range(4):
            await running.round()
        assert (names_of(running, part) == lost) == (part == "config" or not is_forgotten)
    assert len(running.cluster.evictions) == is_forgotten
    running.cluster.remove(ObjectKey(POD, "chains", f"{LEAVER}-0"))
    await running.round()
    await running.round()
    assert HUNG not in running.condition(IN_SYNC)["message"]


def names_of(stage: Stage, part: str) -> list[str]:
    found = stage.cluster.all(CONFIG_MAP)
    return [n for one in found if (n := one["metadata"]["name"]).startswith(f"{LEAVER}-{part}-")]
