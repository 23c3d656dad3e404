"""What a chain loses with one region or zone."""

from consortium_operator.chain.fault_domains import DomainKind, fault_domains, unplaced_weight
from tests.chains import member, node, plan


def test_a_region_adds_up_the_weight_of_sealers_alone() -> None:
    there = {"region": "south"}
    chain = plan(
        member("webank", node("a", weight=2, placement=there), node("b", placement=there)),
        member("tencent", node("a", role="Observer", placement=there), node("b", count=4)),
    )
    (south,) = fault_domains(chain)
    assert (south.name, south.weight, south.sealers) == ("south", 3, 2)
    assert unplaced_weight(chain) == 4


def test_one_that_holds_more_than_f_is_told_and_one_that_holds_f_is_not() -> None:
    chain = plan(
        member("webank", node("a", count=3, placement={"zone": "x"})),
        member("tencent", node("a", count=2, placement={"zone": "y"})),
        member("huawei", node("a", count=2)),
    )
    heavy, light = fault_domains(chain)
    assert (heavy.weight, heavy.is_concentrated) == (3, True)
    assert (light.weight, light.is_concentrated) == (2, False)


def test_zones_of_one_name_in_two_regions_are_two() -> None:
    chain = plan(
        member("webank", node("a", placement={"region": "south", "zone": "a"})),
        member("tencent", node("a", placement={"region": "west", "zone": "a"})),
    )
    zones = [one.name for one in fault_domains(chain) if one.kind is DomainKind.ZONE]
    assert zones == ["south/a", "west/a"]


def test_the_heaviest_comes_first_and_a_tie_is_settled_by_name() -> None:
    weights = {"c": 1, "b": 1, "a": 1, "d": 2}
    chain = plan(
        *(
            member(f"m-{region}", node("n", weight=weight, placement={"region": region}))
            for region, weight in weights.items()
        )
    )
    assert [one.name for one in fault_domains(chain)] == ["d", "a", "b", "c"]
