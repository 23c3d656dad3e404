"""A node whose volume is lost, or that moves, is rebuilt once, whatever cuts the operator off."""

from typing import Any

import pytest

from consortium_operator.kube.errors import ApiError
from tests.campaigns import few_of
from tests.fakes.faults import Fault, Killed, Mode, at_write
from tests.fakes.operator import Stage
from tests.unit.reconcile.rebuilding import (
    BACK_AND_FORTH,
    READY,
    WEBANK,
    changes,
    entry,
    lose,
    mounted,
    say,
)


def _lost(stage: Stage) -> None:
    lose(stage, WEBANK)


def _moved(stage: Stage) -> None:
    say(stage, f"{WEBANK}@2")


@pytest.mark.parametrize("begin", few_of([_lost, _moved], quick=[_lost]))
@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, id=mode.name, marks=[pytest.mark.campaign] * (mode is not Mode.AFTER))
        for mode in Mode
    ],
)
@pytest.mark.parametrize("number", few_of(range(1, 8), quick=(2, 5)))
async def test_cut_off_anywhere_a_node_is_rebuilt_once(
    running: Stage, number: int, mode: Mode, begin: Any
) -> None:
    running.cluster.faults.append(Fault(at_write(number), mode=mode))
    begin(running)
    while True:
        try:
            await running.settle()
            break
        except Killed:
            running.start()
        except ApiError:
            continue
    assert running.cluster.faults[0].spent
    assert mounted(running, WEBANK) == "g2"
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert entry(running, WEBANK).rebuilding is None
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.campaign
@pytest.mark.parametrize("begin", [_lost, _moved])
async def test_an_operator_that_is_new_in_each_round_rebuilds_it(
    running: Stage, begin: Any
) -> None:
    begin(running)
    for _ in range(30):
        running.start()
        await running.round()
    await running.settle()
    assert mounted(running, WEBANK) == "g2"
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert running.told(READY) == "True/AsExpected"
