"""A chain that elects its sealers anew each epoch rolls: whoever waits for a turn now may be at
work at the next block, so that it counts as one."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import POD
from tests import chains
from tests.fakes.chain import Asked
from tests.fakes.operator import Stage

NAMES = tuple(f"trade-webank-node-{number}" for number in range(7))
READY, QUORUM = ConditionType.READY, ConditionType.QUORUM_HEALTHY
CONSENSUS = {"consensus": {"type": "RPBFT", "epochSealerNum": 4}}
CHANGED = {**CONSENSUS, "config": {"txpool": {"limit": "20000"}}}


@pytest.fixture
async def rpbft(stage: Stage) -> Stage:
    """Seven sealers, four of them at work."""
    stage.nodes.at_work["trade"] = 4
    stage.create(chains.member("webank", chains.node("node", count=7)), fiscoBcos=CONSENSUS)
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
    assert stage.status()["quorum"]["totalWeight"] == 4
    return stage


async def epoch(stage: Stage) -> list[str]:
    """A round in which others are at work than before. Returns whose pods went."""
    stage.nodes.heights["trade"] += 1
    before = len(stage.cluster.evictions)
    await stage.round()
    return [pod.removesuffix("-0") for pod in stage.cluster.evictions[before:]]


def waiting(stage: Stage) -> str:
    """A sealer that waits for its turn."""
    working = stage.nodes.working("trade", "chains")
    (member,) = stage.status()["members"]
    name: str = next(one["name"] for one in member["nodes"] if one["nodeId"] not in working)
    return f"trade-webank-{name}"


async def test_all_roll_one_at_a_time_while_the_epochs_go_by(rpbft: Stage) -> None:
    rpbft.edit(fiscoBcos=CHANGED)
    rolled: list[str] = []
    for _ in range(60):
        gone = await epoch(rpbft)
        if gone:
            assert rpbft.nodes.asked == dict.fromkeys(NAMES, Asked.EVERYTHING)
            assert gone[0] not in rolled
        rolled += gone
        assert len(gone) <= 1
        assert len(rpbft.cluster.all(POD)) >= 6
        assert rpbft.told(QUORUM).startswith("True")
        if rpbft.told(READY) == "True/AsExpected" and rolled:
            break
    assert sorted(rolled) == sorted(NAMES)


async def test_nobody_goes_while_one_that_waits_for_its_turn_is_down(rpbft: Stage) -> None:
    down = waiting(rpbft)
    rpbft.nodes.silent.add(down)
    rpbft.edit(fiscoBcos=CHANGED)
    for _ in range(20):
        assert {*await epoch(rpbft)} <= {down}
    rpbft.nodes.silent.clear()
    await rpbft.settle(rounds=80)
    assert rpbft.told(READY) == "True/AsExpected"
    assert {pod.removesuffix("-0") for pod in rpbft.cluster.evictions} == {*NAMES}
