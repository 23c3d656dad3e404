"""A person asks for a restart: it comes once, under the guard, whatever interrupts it."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import POD
from tests.fakes.operator import Stage

RESTART = "consortium.dev/restart"
WEBANK, HUAWEI = "trade-webank-node-0", "trade-huawei-node-0"
UP_TO_DATE, READY = ConditionType.UP_TO_DATE, ConditionType.READY


async def test_a_named_node_restarts_once_for_a_token(running: Stage) -> None:
    running.annotate(RESTART, f"{WEBANK}@monday")
    await running.settle()
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    assert running.told(READY) == "True/AsExpected"
    running.start()
    await running.settle()
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    running.annotate(RESTART, f"{WEBANK}@tuesday")
    await running.settle()
    assert running.cluster.evictions == [f"{WEBANK}-0"] * 2


async def test_several_go_one_at_a_time(running: Stage) -> None:
    running.annotate(RESTART, f"{WEBANK}@1, {HUAWEI}@1")
    await running.settle()
    assert sorted(running.cluster.evictions) == [f"{HUAWEI}-0", f"{WEBANK}-0"]
    assert running.told(READY) == "True/AsExpected"


async def test_it_waits_until_the_chain_can_spare_the_node(running: Stage) -> None:
    running.nodes.silent.add(HUAWEI)
    running.annotate(RESTART, f"{WEBANK}@monday")
    for _ in range(6):
        await running.round()
    assert running.cluster.evictions == []
    assert running.told(UP_TO_DATE) == "False/RollingOut"
    assert (
        "webank/node-0 restarts, as a person asked; it waits"
        in (running.condition(UP_TO_DATE)["message"])
    )
    running.nodes.silent.clear()
    await running.settle()
    assert running.cluster.evictions == [f"{WEBANK}-0"]


async def test_a_pod_that_went_meanwhile_uses_the_token_up(running: Stage) -> None:
    """It was noted, and before a budget let it happen somebody else was faster."""
    running.annotate(RESTART, f"{WEBANK}@monday")
    running.cluster.refuses_evictions = "a drain has the slot"
    for _ in range(3):
        await running.round()
    assert "a drain has the slot" in running.condition(UP_TO_DATE)["message"]
    running.cluster.delete_by_hand(POD, f"{WEBANK}-0")
    running.cluster.refuses_evictions = None
    await running.settle()
    assert running.cluster.evictions == []
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.parametrize("word", [WEBANK, f"{WEBANK}@", "trade-nobody-0@1", "@1", ""])
async def test_a_word_that_names_no_node_or_no_token_does_nothing(
    running: Stage, word: str
) -> None:
    running.annotate(RESTART, word)
    running.cluster.forget_calls()
    await running.settle()
    assert running.cluster.evictions == []


@pytest.mark.campaign
async def test_a_new_operator_in_every_round_restarts_it_once(running: Stage) -> None:
    running.annotate(RESTART, f"{WEBANK}@monday")
    for _ in range(12):
        await running.round()
        running.start()
    await running.settle()
    assert running.cluster.evictions == [f"{WEBANK}-0"]
