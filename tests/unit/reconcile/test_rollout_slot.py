"""Many chains, one operator: what changes all of them at once reaches them one after the other."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import ChainKey
from tests.fakes.operator import KEY, Stage

OTHER = ChainKey("others", "trade")
UP_TO_DATE = ConditionType.UP_TO_DATE
SETTING = {"config": {"txpool": {"limit": "20000"}}}


@pytest.fixture
async def two(running: Stage) -> Stage:
    """Two chains that run, both of whose nodes are to change."""
    running.create(namespace="others", chainId="chain1")
    await running.settle(OTHER)
    running.edit(fiscoBcos=SETTING)
    running.edit(namespace="others", fiscoBcos=SETTING)
    return running


def told(stage: Stage, key: ChainKey) -> str:
    return stage.told(UP_TO_DATE, key.name, key.namespace)


def message(stage: Stage, key: ChainKey) -> str:
    found: str = stage.condition(UP_TO_DATE, key.name, key.namespace)["message"]
    return found


async def both(stage: Stage) -> None:
    for key in (KEY, OTHER):
        await stage.round(key)


async def until(stage: Stage, *keys: ChainKey) -> None:
    """Rounds of these chains until each has what it should have."""
    for _ in range(120):
        for key in keys:
            await stage.round(key)
        if all(told(stage, key) == "True/AsExpected" for key in keys):
            return
    raise AssertionError([told(stage, key) for key in keys])


async def test_the_second_chain_rolls_when_the_first_is_done(two: Stage) -> None:
    for _ in range(60):
        await both(two)
        if len(two.cluster.evictions) == 4:
            break
    assert "waits for the chain chains/trade, which is rolling" in message(two, OTHER)
    await until(two, KEY, OTHER)
    assert len(two.cluster.evictions) == 8


async def test_what_is_down_changes_all_the_same(two: Stage) -> None:
    for _ in range(3):
        await two.round(KEY)
    two.nodes.silent.add("trade-webank-node-0")
    evicted = len(two.cluster.evictions)
    for _ in range(4):
        await two.round(OTHER)
    assert two.cluster.evictions[evicted:] == ["trade-webank-node-0-0"]


@pytest.mark.campaign
async def test_a_chain_that_falls_silent_loses_the_slot(two: Stage) -> None:
    for _ in range(3):
        await two.round(KEY)
    assert two.cluster.evictions
    two.delete()
    await two.round(KEY)
    await until(two, OTHER)


async def test_a_new_operator_begins_with_a_free_slot(two: Stage) -> None:
    for _ in range(3):
        await two.round(KEY)
    two.start()
    await until(two, KEY, OTHER)
