"""What the status says of the places in which the weight of a chain is."""

from typing import Any

from consortium_operator.api.conditions import ConditionType
from tests import chains
from tests.fakes.operator import Stage


def placed(*zones: str) -> list[Any]:
    names = ("huawei", "ping-an", "tencent", "webank")
    return [
        chains.member(name, chains.node("node", placement={"zone": zone}))
        for name, zone in zip(names, zones, strict=True)
    ]


async def test_a_zone_that_holds_more_than_may_fail_is_warned_of(stage: Stage) -> None:
    stage.create(*placed("a", "a", "b", "c"))
    await stage.settle()
    assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/WeightConcentration"
    message = stage.condition(ConditionType.QUORUM_HEALTHY)["message"]
    assert "zone a holds 2 of the weight, more than may fail" in message
    assert stage.told(ConditionType.READY) == "True/AsExpected"


async def test_zones_of_which_each_may_fail_are_as_expected(stage: Stage) -> None:
    stage.create(*placed("a", "b", "c", "d"))
    await stage.settle()
    assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
