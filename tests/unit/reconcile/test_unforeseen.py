"""What nobody has foreseen: a bug that one chain meets is told on it, and stops no other."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, SERVICE, STATEFUL_SET
from consortium_operator.reconcile.failures import PATIENCE
from tests.fakes.faults import Fault, on
from tests.fakes.operator import Stage

CANARY = "canary-of-a-private-key"


async def failing_rounds(stage: Stage, count: int) -> None:
    for _ in range(count):
        with pytest.raises(KeyError):
            await stage.round()


async def test_a_bug_is_told_and_the_rest_of_the_status_goes_on(running: Stage) -> None:
    running.cluster.delete_by_hand(SERVICE, "trade-webank-node-0")
    running.cluster.faults.append(Fault(on("get", SERVICE), error=lambda _: KeyError(CANARY)))
    await failing_rounds(running, PATIENCE - 1)
    assert running.told(ConditionType.READY) == "True/AsExpected"
    await failing_rounds(running, 2)
    found = running.condition(ConditionType.NODES_READY)
    assert (found["status"], found["reason"]) == ("False", "Pending")
    assert "(KeyError)" in found["message"]
    assert CANARY not in str(running.status())
    assert running.told(ConditionType.STALLED) == "True/Pending"
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    running.cluster.faults.clear()
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_resource_that_cannot_even_be_judged_is_told(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError(CANARY)

    objects = running.cluster.all(STATEFUL_SET)
    monkeypatch.setattr("consortium_operator.reconcile.reconciler.make_plan", fail)
    running.edit(rollout={"strategy": "Manual"})
    await failing_rounds(running, PATIENCE)
    assert running.told(ConditionType.STALLED) == "True/Pending"
    assert running.cluster.all(STATEFUL_SET) == objects
    monkeypatch.undo()
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


@pytest.mark.parametrize("status", ["x", {"conditions": "x"}, {"conditions": [{"type": []}]}])
async def test_a_status_of_any_shape_is_written_anew(running: Stage, status: Any) -> None:
    """As a CRD lets it pass that has lost its schema."""
    running.cluster.edit(CONSORTIUM_CHAIN, "trade", lambda body: body.update(status=status))
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"
