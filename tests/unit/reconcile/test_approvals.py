"""With `rollout.strategy: Manual` a person starts each rollout, by a word that is good for one."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import POD
from tests.campaigns import few_of
from tests.fakes.faults import Fault, Mode, at_write
from tests.fakes.operator import Stage

APPROVE = "consortium.dev/approve-rollout"
UP_TO_DATE, READY = ConditionType.UP_TO_DATE, ConditionType.READY
CERTIFICATES = ConditionType.CERTIFICATES_VALID
MANUAL = {"strategy": "Manual"}


def with_limit(limit: int) -> dict[str, object]:
    return {"config": {"txpool": {"limit": str(limit)}}}


@pytest.fixture
async def manual(running: Stage) -> Stage:
    """A chain whose nodes are to change, at generation 2."""
    running.edit(rollout=MANUAL, fiscoBcos=with_limit(20000))
    await running.settle()
    return running


def says(stage: Stage, number: int, condition: ConditionType = UP_TO_DATE) -> bool:
    command = (
        f"kubectl annotate consortiumchain trade --namespace chains --overwrite {APPROVE}={number}"
    )
    return command in stage.condition(condition)["message"]


async def test_nothing_changes_before_the_word(manual: Stage) -> None:
    assert manual.cluster.evictions == []
    assert manual.told(UP_TO_DATE) == "False/AwaitingApproval"
    assert manual.told(ConditionType.STALLED) == "True/AwaitingApproval"
    assert says(manual, 2)


async def test_with_the_word_all_nodes_change_one_by_one(manual: Stage) -> None:
    manual.annotate(APPROVE, "2")
    await manual.settle()
    assert len(manual.cluster.evictions) == 4
    assert manual.told(READY) == "True/AsExpected"


async def test_a_word_is_good_for_one_roll_out(manual: Stage) -> None:
    manual.annotate(APPROVE, "2")
    await manual.settle()
    manual.start()
    manual.edit(fiscoBcos=with_limit(30000))
    await manual.settle()
    assert len(manual.cluster.evictions) == 4
    assert says(manual, 3)
    manual.annotate(APPROVE, "3")
    await manual.settle()
    assert len(manual.cluster.evictions) == 8


async def test_what_changes_without_an_edit_asks_for_the_next_number(manual: Stage) -> None:
    """As a renewed certificate does."""
    manual.annotate(APPROVE, "2")
    await manual.settle()
    manual.clock.advance(days=340)
    await manual.settle()
    assert len(manual.cluster.evictions) == 4
    assert says(manual, 3)


async def test_a_renewal_that_waits_says_so_where_certificates_are_told(manual: Stage) -> None:
    assert manual.told(CERTIFICATES) == "True/AsExpected", (
        "what else changes is no matter of theirs"
    )
    manual.annotate(APPROVE, "2")
    await manual.settle()
    manual.clock.advance(days=340)
    await manual.settle()
    assert manual.told(CERTIFICATES) == "False/AwaitingRestart"
    assert says(manual, 3, CERTIFICATES)
    assert "the first of the old ones ends at" in manual.condition(CERTIFICATES)["message"]
    manual.annotate(APPROVE, "3")
    await manual.settle()
    assert manual.told(CERTIFICATES) == manual.told(READY) == "True/AsExpected"


async def test_an_edit_in_the_middle_asks_again(manual: Stage) -> None:
    manual.annotate(APPROVE, "2")
    for _ in range(20):
        await manual.round()
        if manual.cluster.evictions:
            break
    manual.edit(fiscoBcos=with_limit(30000))
    await manual.settle()
    assert len(manual.cluster.evictions) < 4
    assert says(manual, 3)


async def test_a_word_that_is_taken_back_stops_the_roll_out(manual: Stage) -> None:
    manual.annotate(APPROVE, "2")
    for _ in range(20):
        await manual.round()
        if manual.cluster.evictions:
            break
    manual.annotate(APPROVE, "")
    await manual.settle()
    assert len(manual.cluster.evictions) < 4
    assert manual.told(UP_TO_DATE) == "False/AwaitingApproval"


async def test_one_that_only_missed_an_answer_waits_for_the_word_too(manual: Stage) -> None:
    pod = manual.cluster.find(POD, "trade-webank-node-0-0")
    assert pod is not None
    manual.nodes.hung = {pod["metadata"]["uid"]}
    for _ in range(5):
        await manual.round()
    assert manual.cluster.evictions == []


async def test_what_is_down_changes_without_a_word(manual: Stage) -> None:
    manual.nodes.silent.add("trade-webank-node-0")
    for _ in range(4):
        await manual.round()
    assert manual.cluster.evictions == ["trade-webank-node-0-0"]


@pytest.mark.parametrize("number", few_of(range(1, 7), quick=[3]))
async def test_cut_off_anywhere_one_word_is_one_roll_out(manual: Stage, number: int) -> None:
    manual.cluster.faults.append(Fault(at_write(number), mode=Mode.AFTER))
    manual.annotate(APPROVE, "2")
    assert await manual.settle_with_restarts() == 1
    assert len(manual.cluster.evictions) == 4
    assert manual.told(READY) == "True/AsExpected"
