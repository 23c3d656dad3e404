"""A chain that is well is asked little; whatever is off or to be done has all nodes asked at once.

That nothing is done by less than a full look is checked at the end of every test of this directory
(`Stage.hasty`).
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.changes import Standing
from consortium_operator.kube.kinds import POD, STATEFUL_SET, JsonObject
from consortium_operator.reconcile.quiet import LONGEST_CALM
from tests import chains
from tests.fakes.chain import Asked
from tests.fakes.operator import Stage
from tests.unit.reconcile.rebuilding import node_id

READY, NODES = ConditionType.READY, ConditionType.NODES_READY
FOUR = tuple(f"trade-{name}-node-0" for name in ("huawei", "ping-an", "tencent", "webank"))
WEBANK = FOUR[-1]


def everything(stage: Stage) -> set[str]:
    """The nodes that were asked everything in the last round."""
    return {name for name, much in stage.nodes.asked.items() if much is Asked.EVERYTHING}


def was_quiet(stage: Stage) -> bool:
    return len(everything(stage)) == 2 and set(stage.nodes.asked) == set(FOUR)


@pytest.fixture
async def quiet(running: Stage) -> Stage:
    await running.round()
    await running.round()
    assert was_quiet(running)
    return running


async def test_two_nodes_are_asked_everything_and_in_time_each_of_them(quiet: Stage) -> None:
    seen = set()
    for _ in range(2):
        await quiet.round()
        assert was_quiet(quiet)
        seen |= everything(quiet)
    assert seen == set(FOUR)


async def test_blocks_go_on_without_a_closer_look(quiet: Stage) -> None:
    for _ in range(5):
        quiet.nodes.heights["trade"] += 7
        await quiet.round()
        assert was_quiet(quiet)


async def test_now_and_then_all_are_asked_whatever_is_seen(quiet: Stage) -> None:
    start = quiet.clock.now
    full: list[datetime] = []
    while quiet.clock.now - start < timedelta(minutes=21):
        await quiet.round()
        quiet.clock.advance(seconds=13)
        if not was_quiet(quiet):
            full.append(quiet.clock.now)
    assert len(full) == 21 // (LONGEST_CALM.seconds // 60)


def _falls_silent(stage: Stage) -> None:
    stage.nodes.silent.add(WEBANK)


def _hangs(stage: Stage) -> None:
    pod = stage.cluster.find(POD, f"{WEBANK}-0")
    assert pod is not None
    stage.nodes.hung.add(pod["metadata"]["uid"])


def _forks(stage: Stage) -> None:
    stage.nodes.scripted[WEBANK] = {"latest_hash": "0xother"}


def _falls_behind(stage: Stage) -> None:
    stage.nodes.scripted[WEBANK] = {"height": 1}
    stage.nodes.heights["trade"] = 100


def _loses_its_peers(stage: Stage) -> None:
    for name in FOUR:
        stage.nodes.scripted[name] = {"peers": frozenset()}


def _is_voted_out(stage: Stage) -> None:
    stage.nodes.outvote("trade", node_id(stage, WEBANK), Standing.OBSERVER)


@pytest.mark.parametrize(
    ("what", "ready"),
    [
        (_falls_silent, "False/NodeDown"),
        (_hangs, "False/NodeDown"),
        (_forks, "False/ChainSplit"),
        (_falls_behind, "False/NodeDown"),
        (_loses_its_peers, "False/QuorumLost"),
        (_is_voted_out, "False/ChangedOnChain"),
    ],
)
async def test_what_becomes_of_a_node_is_told_in_the_round_that_sees_it(
    quiet: Stage, what: Callable[[Stage], None], ready: str
) -> None:
    what(quiet)
    await quiet.round()
    assert quiet.told(READY) == ready
    answering = {name for name in FOUR if name in quiet.nodes.asked}
    assert everything(quiet) == answering


async def test_as_long_as_something_is_off_all_are_asked(quiet: Stage) -> None:
    quiet.nodes.silent.add(WEBANK)
    for _ in range(5):
        await quiet.round()
        assert everything(quiet) == set(FOUR[:3])
    quiet.nodes.silent.clear()
    await quiet.round()
    assert everything(quiet) == set(FOUR)
    assert quiet.told(READY) == "True/AsExpected"
    await quiet.settle()
    assert was_quiet(quiet)


async def test_before_a_node_restarts_all_are_asked(quiet: Stage) -> None:
    quiet.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    while quiet.told(READY) != "True/AsExpected" or not quiet.cluster.evictions:
        gone = len(quiet.cluster.evictions)
        await quiet.round()
        if len(quiet.cluster.evictions) > gone:
            assert everything(quiet) == set(FOUR)
    assert len(quiet.cluster.evictions) == 4


async def test_before_the_chain_is_changed_all_are_asked(quiet: Stage) -> None:
    quiet.edit(members=[chains.member(one, chains.node("node", weight=2)) for one in _members()])
    while not quiet.nodes.enacted:
        await quiet.round()
    assert everything(quiet) == set(FOUR)


def _members() -> list[str]:
    return [name.removeprefix("trade-").removesuffix("-node-0") for name in FOUR]


def _annotated(stage: Stage) -> None:
    stage.annotate("consortium.dev/restart", f"{WEBANK}@1")


def _container_crashed(stage: Stage) -> None:
    def change(pod: JsonObject) -> None:
        pod["status"]["containerStatuses"][0]["restartCount"] += 1

    stage.cluster.edit(POD, f"{WEBANK}-0", change, actor="controller", subresource="status")


def _scaled_by_hand(stage: Stage) -> None:
    def change(found: JsonObject) -> None:
        found["spec"]["replicas"] = 0

    stage.cluster.edit(STATEFUL_SET, WEBANK, change)


def _operator_restarts(stage: Stage) -> None:
    stage.start()


@pytest.mark.parametrize(
    "what", [_annotated, _container_crashed, _scaled_by_hand, _operator_restarts]
)
async def test_whatever_has_changed_since_all_are_asked(
    quiet: Stage, what: Callable[[Stage], None]
) -> None:
    what(quiet)
    quiet.hear()
    await quiet.act()
    assert everything(quiet) == set(FOUR)


async def test_a_certificate_that_is_due_waits_for_no_full_look(quiet: Stage) -> None:
    expires = datetime.fromisoformat(quiet.status()["members"][3]["nodes"][0]["certificateExpires"])
    quiet.clock.now = expires - timedelta(hours=720, seconds=30)
    await quiet.settle()
    assert was_quiet(quiet)
    quiet.clock.advance(seconds=30)
    await quiet.round()
    assert quiet.told(ConditionType.CERTIFICATES_VALID) == "False/AwaitingRestart"


async def test_a_chain_that_waits_for_a_person_is_asked_everything(quiet: Stage) -> None:
    quiet.edit(rollout={"strategy": "Manual"}, fiscoBcos={"config": {"txpool": {"limit": "9"}}})
    await quiet.settle()
    assert quiet.told(ConditionType.STALLED) == "True/AwaitingApproval"
    for _ in range(3):
        await quiet.round()
        assert everything(quiet) == set(FOUR)
