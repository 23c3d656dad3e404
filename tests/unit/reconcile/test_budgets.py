"""A disruption budget lists the sealers that may be drained, as many as the quorum can spare."""

from typing import Any

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import POD, POD_DISRUPTION_BUDGET
from tests.fakes.operator import Stage

NAMES = [f"trade-{member}-node-0" for member in ("huawei", "ping-an", "tencent", "webank")]


def _budget(stage: Stage) -> dict[str, Any]:
    found = stage.cluster.find(POD_DISRUPTION_BUDGET, "trade-sealers")
    assert found is not None
    spec: dict[str, Any] = found["spec"]
    return spec


async def test_budgets_list_the_live_sealers(running: Stage) -> None:
    running.nodes.silent = {NAMES[0]}
    await running.settle()
    budget = _budget(running)
    assert budget["minAvailable"] == 3
    assert budget["selector"]["matchExpressions"][0]["values"] == NAMES[1:]
    running.nodes.silent = set()
    await running.settle()
    assert _budget(running)["selector"]["matchExpressions"][0]["values"] == NAMES


async def test_a_sealer_that_misses_an_answer_while_another_is_away_is_not_drained(
    running: Stage,
) -> None:
    """Three of four still make blocks, though only two of them are heard."""
    unheard = running.cluster.find(POD, f"{NAMES[2]}-0")
    assert unheard is not None
    running.nodes.silent, running.nodes.hung = {NAMES[1]}, {unheard["metadata"]["uid"]}
    await running.round()
    budget = _budget(running)
    assert budget["selector"]["matchExpressions"][0]["values"] == [NAMES[0], *NAMES[2:]]
    assert budget["minAvailable"] == 3


async def test_budgets_stay_while_nobody_answers(running: Stage) -> None:
    """It may be the operator that is cut off."""
    before = _budget(running)
    running.nodes.silent = set(NAMES)
    await running.settle()
    assert running.told(ConditionType.QUORUM_HEALTHY) == "Unknown/Unknown"
    assert _budget(running) == before
