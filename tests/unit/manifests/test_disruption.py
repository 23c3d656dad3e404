"""PodDisruptionBudgets: what they let go never costs the quorum."""

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.quorum import Quorum
from consortium_operator.manifests.disruption import LiveSealers, disruption_budgets
from tests import chains

PLAN = chains.plan()


def budgets(weights: dict[str, int], total: int | None = None) -> dict[str, dict[str, Any]]:
    """Spec by name. `total`: the weight of all sealers, live or not."""
    quorum = Quorum(sum(weights.values()) if total is None else total)
    found = disruption_budgets(PLAN, LiveSealers(quorum, weights, quorum.total_weight))
    return {manifest["metadata"]["name"]: manifest["spec"] for manifest in found}


def nodes(spec: dict[str, Any]) -> list[str]:
    (requirement,) = spec["selector"]["matchExpressions"]
    assert (requirement["key"], requirement["operator"]) == ("consortium.dev/node", "In")
    found: list[str] = requirement["values"]
    return found


def test_of_four_equal_sealers_one_may_go() -> None:
    (spec,) = budgets({"a": 1, "b": 1, "c": 1, "d": 1}).values()
    assert spec["minAvailable"] == 3
    assert nodes(spec) == ["a", "b", "c", "d"]


def test_with_one_of_four_down_none_may_go() -> None:
    (spec,) = budgets({"a": 1, "b": 1, "c": 1}, total=4).values()
    assert spec["minAvailable"] == 3
    assert nodes(spec) == ["a", "b", "c"]


def test_one_may_go_while_the_margin_covers_the_heaviest_light_one() -> None:
    assert budgets({"a": 2, "b": 1, "c": 2, "d": 2})["trade-sealers"]["minAvailable"] == 3
    assert budgets({"a": 2, "b": 1, "c": 2}, total=7)["trade-sealers"]["minAvailable"] == 3


def test_a_sealer_heavier_than_f_never_goes() -> None:
    found = budgets({"a": 1, "b": 1, "c": 1, "d": 3})
    assert nodes(found["trade-heavy-sealers"]) == ["d"]
    assert found["trade-heavy-sealers"]["minAvailable"] == 1
    assert nodes(found["trade-sealers"]) == ["a", "b", "c"]


def test_of_three_sealers_none_may_go() -> None:
    (name, spec) = next(iter(budgets({"a": 1, "b": 1, "c": 1}).items()))
    assert name == "trade-heavy-sealers"
    assert spec["minAvailable"] == 3


def test_sealers_that_wait_for_their_turn_count_as_those_at_work() -> None:
    """RPBFT: four at work, of which one may fail, and three that the next epoch may call."""
    at_work = Quorum(4)
    seven = dict.fromkeys("abcdefg", 1)
    (spec,) = disruption_budgets(PLAN, LiveSealers(at_work, seven, 7))
    assert spec["spec"]["minAvailable"] == 6
    six = dict.fromkeys("abcdef", 1)
    (spec,) = disruption_budgets(PLAN, LiveSealers(at_work, six, 7))
    assert spec["spec"]["minAvailable"] == 6, "one that waits is down already"


def test_who_missed_an_answer_stays_listed_where_the_quorum_may_need_it() -> None:
    """One of four is away, so that the other three are needed, and one of them was not heard."""
    few = LiveSealers(Quorum(4), {}, 4, may_serve={"b": 1, "c": 1, "d": 1})
    (spec,) = disruption_budgets(PLAN, few)
    assert (nodes(spec["spec"]), spec["spec"]["minAvailable"]) == (["b", "c", "d"], 3)
    enough = LiveSealers(Quorum(4), {"a": 1, "b": 1, "c": 1}, 4, may_serve={"d": 1})
    (spec,) = disruption_budgets(PLAN, enough)
    assert (nodes(spec["spec"]), spec["spec"]["minAvailable"]) == (["a", "b", "c"], 3)


def test_where_none_is_live_there_is_no_budget() -> None:
    assert budgets({}, total=4) == {}


def test_a_pod_that_is_not_ready_never_blocks_a_drain() -> None:
    for spec in budgets({"a": 1, "b": 1, "c": 1, "d": 3}).values():
        assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_budgets_select_this_chain_only() -> None:
    (spec,) = budgets({"a": 1, "b": 1, "c": 1, "d": 1}).values()
    assert spec["selector"]["matchLabels"] == {"consortium.dev/chain": "trade"}


sealers = st.dictionaries(
    st.sampled_from("abcdefgh"), st.integers(min_value=1, max_value=6), min_size=1
)


@given(sealers, st.integers(min_value=0, max_value=12))
def test_no_allowed_set_of_evictions_costs_the_quorum(weights: dict[str, int], down: int) -> None:
    live = sum(weights.values())
    quorum = Quorum(live + down)
    found = budgets(weights, total=live + down).values()
    if not quorum.is_met_by(live):
        return
    for count in range(1, len(weights) + 1):
        for gone in combinations(weights, count):
            allowed = all(
                len(set(nodes(spec)) - set(gone)) >= spec["minAvailable"] for spec in found
            )
            if allowed:
                assert quorum.is_met_by(live - sum(weights[node] for node in gone))


@given(sealers, st.integers(min_value=0, max_value=12))
def test_every_live_sealer_is_in_one_budget(weights: dict[str, int], down: int) -> None:
    found = budgets(weights, total=sum(weights.values()) + down).values()
    assert sorted(node for spec in found for node in nodes(spec)) == sorted(weights)


@given(sealers, st.integers(min_value=0, max_value=12))
def test_what_must_stay_is_what_the_rules_say(weights: dict[str, int], down: int) -> None:
    """Light ones: all but one, or all while the margin is below the largest of them. Heavy: all."""
    live = sum(weights.values())
    quorum = Quorum(live + down)
    found = budgets(weights, total=live + down)
    light = [weight for weight in weights.values() if weight <= quorum.faulty]
    heavy = len(weights) - len(light)
    stay = {name: spec["minAvailable"] for name, spec in found.items()}
    wanted = {}
    if light:
        spare = live - quorum.required >= max(light)
        wanted["trade-sealers"] = len(light) - 1 if spare else len(light)
    if heavy:
        wanted["trade-heavy-sealers"] = heavy
    assert stay == wanted


@given(sealers, st.integers(min_value=0, max_value=12), st.data())
def test_a_node_that_left_the_list_counts_as_down(
    weights: dict[str, int], down: int, data: st.DataObject
) -> None:
    """Its pause was accepted, or it is not live: nobody else may go at the price of the quorum."""
    total = sum(weights.values()) + down
    gone = data.draw(st.sampled_from(sorted(weights)))
    rest = {name: weight for name, weight in weights.items() if name != gone}
    quorum = Quorum(total)
    for spec in budgets(rest, total=total).values():
        assert gone not in nodes(spec)
        may_go = len(nodes(spec)) - spec["minAvailable"]
        assert may_go in (0, 1)
        if may_go:
            heaviest = max(rest[name] for name in nodes(spec))
            assert quorum.is_met_by(sum(rest.values()) - heaviest)
