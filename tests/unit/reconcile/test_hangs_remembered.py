"""A hang outlives a restart of the operator, and a restart for it is made once."""

import pytest

from consortium_operator.kube.errors import ApiError
from consortium_operator.reconcile.suspicions import (
    MOST_BETWEEN_LIVES,
    NOTED_EVERY,
    SILENT_FOR,
)
from tests.campaigns import few_of
from tests.fakes.faults import Fault, Killed, Mode, at_write
from tests.fakes.operator import Stage
from tests.unit.reconcile.hanging import READY, ROUND, WEBANK, entry_of, hang, look_for


async def test_an_operator_that_is_restarted_again_and_again_restarts_it_all_the_same(
    running: Stage,
) -> None:
    hang(running, WEBANK)
    for _ in range(4):
        await look_for(running, SILENT_FOR / 2)
        running.start()
        running.clock.now += MOST_BETWEEN_LIVES / 2
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    await running.settle()
    assert running.told(READY) == "True/AsExpected"
    assert entry_of(running).suspect_for is None


async def test_what_an_operator_has_seen_long_ago_is_no_hang_now(running: Stage) -> None:
    """Nor is what it saw of another pod."""
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR - ROUND)
    assert entry_of(running).suspect_for == (SILENT_FOR - NOTED_EVERY).total_seconds()
    running.start()
    running.clock.now += MOST_BETWEEN_LIVES
    await look_for(running, SILENT_FOR - ROUND)
    assert running.cluster.evictions == []


async def test_one_look_of_a_new_operator_restarts_nobody(running: Stage) -> None:
    """It may starve at its start, as the one before did at its end."""
    running.cluster.refuses_evictions = "not now"
    hang(running, WEBANK)
    await look_for(running, 2 * SILENT_FOR)
    running.cluster.refuses_evictions = None
    running.start()
    await running.round()
    assert running.cluster.evictions == []
    await look_for(running, NOTED_EVERY + ROUND)
    assert running.cluster.evictions == [f"{WEBANK}-0"]


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, id=mode.name, marks=[pytest.mark.campaign] * (mode is not Mode.AFTER))
        for mode in Mode
    ],
)
@pytest.mark.parametrize("number", few_of([1, 2, 3, 4], quick=[2]))
async def test_a_restart_that_was_cut_off_is_done_once(
    running: Stage, mode: Mode, number: int
) -> None:
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR)
    running.cluster.faults.append(Fault(at_write(number), mode=mode))
    end = running.clock.now + 2 * SILENT_FOR
    while running.clock.now < end:
        try:
            await look_for(running, ROUND)
        except ApiError:
            continue
        except Killed:
            running.start()
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    assert entry_of(running).hangs == 1
    assert running.told(READY) == "True/AsExpected"
