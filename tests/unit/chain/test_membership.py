"""Which change a chain makes next, and whether it can stand it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.changes import MemberChange, Members, Standing
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.membership import Kind, Wish, strangers, why_unsafe, wishes
from consortium_operator.chain.plan import Departure
from consortium_operator.chain.quorum import Quorum
from consortium_operator.chain.view import ChainView, NodeView
from tests import chains

PLAN = chains.plan()
NODE_IDS = {node.names.node: f"id-{node.member}" for node in PLAN.nodes}
FOUR = {node_id: 1 for node_id in NODE_IDS.values()}


def view(weights: dict[str, int], down: frozenset[str] = frozenset()) -> ChainView:
    """All know each other but for those that are down, which do not answer."""
    nodes = tuple(
        NodeView(one, one, problem="it is silent")
        if one in down
        else NodeView(
            one,
            one,
            height=7,
            genesis_hash="g",
            block0_text="text",
            block0_hash="b",
            peers=frozenset(weights) - {one} - down,
            sealers=weights,
        )
        for one in weights
    )
    return ChainView(nodes, "text", weights)


def wish(change: MemberChange, kind: Kind) -> Wish:
    return Wish(PLAN.nodes[0], change, kind, was_achieved=False)


def test_a_chain_that_is_as_the_spec_says_leaves_no_wish() -> None:
    assert wishes(PLAN.nodes, NODE_IDS, Members(FOUR, frozenset()), Journal({})) == ()


def test_wishes_that_add_weight_come_first_and_removals_last() -> None:
    huawei, ping_an, tencent, webank = PLAN.nodes
    nodes = (
        replace(huawei, departure=Departure.LEAVING),
        ping_an,
        replace(tencent, weight=2),
        webank,
    )
    members = Members({"id-huawei": 1, "id-tencent": 1}, frozenset({"id-webank"}))
    kinds = [(one.node.member, one.kind) for one in wishes(nodes, NODE_IDS, members, Journal({}))]
    assert kinds == [
        ("ping-an", Kind.OBSERVE),
        ("webank", Kind.PROMOTE),
        ("tencent", Kind.REWEIGH),
        ("huawei", Kind.REMOVE),
    ]


def test_what_was_achieved_before_was_changed_by_others() -> None:
    members = Members({**FOUR, "id-webank": 3}, frozenset())
    webank = PLAN.nodes[3].names.node
    achieved = Journal({webank: JournalEntry(role="Sealer", weight=1)})
    assert [one.was_achieved for one in wishes(PLAN.nodes, NODE_IDS, members, achieved)] == [True]
    unknown = Journal({webank: JournalEntry(role="Sealer", weight=3)})
    assert [one.was_achieved for one in wishes(PLAN.nodes, NODE_IDS, members, unknown)] == [False]


def test_nodes_of_nobody_are_strangers() -> None:
    members = Members({**FOUR, "x": 1}, frozenset({"y"}))
    assert strangers(members, NODE_IDS.values()) == ("x", "y")


def test_the_fourth_of_four_is_needed() -> None:
    remove = wish(MemberChange("id-webank", Standing.OUTSIDE), Kind.REMOVE)
    assert "3 sealers would be left of 4" in str(why_unsafe(view(FOUR), remove))
    assert why_unsafe(view({**FOUR, "id-fifth": 1}), remove) is None


@pytest.mark.parametrize("weight", [2, 5])
def test_a_weight_that_the_others_cannot_balance_is_told_with_the_numbers(weight: int) -> None:
    """The node is down, so that its weight would be missing."""
    reweigh = wish(MemberChange("id-webank", Standing.SEALER, weight), Kind.REWEIGH)
    total = 3 + weight
    needed = Quorum(total).required
    found = why_unsafe(view(FOUR, frozenset({"id-webank"})), reweigh)
    assert found is not None
    assert f"weigh {total} together, so that {needed} must be live, and 3 are" in found


weights = st.dictionaries(
    st.sampled_from([f"n{i}" for i in range(8)]), st.integers(1, 4), min_size=1
)


@given(weights, st.data())
def test_whatever_is_allowed_leaves_a_quorum(sealers: dict[str, int], data: st.DataObject) -> None:
    down = frozenset(data.draw(st.sets(st.sampled_from(sorted(sealers)))))
    node = data.draw(st.sampled_from(sorted(sealers)))
    weight = data.draw(st.integers(1, 6))
    kind = data.draw(st.sampled_from([Kind.REWEIGH, Kind.DEMOTE, Kind.REMOVE]))
    seen = view(sealers, down)
    if why_unsafe(seen, wish(MemberChange(node, Standing.SEALER, weight), kind)) is not None:
        return
    after = {one: known for one, known in sealers.items() if one != node}
    if kind is Kind.REWEIGH:
        after[node] = weight
    live = sum(after.get(one, 0) for one in seen.live_sealers)
    assert Quorum(sum(after.values())).is_met_by(live)
    assert len(after) >= 4 or len(sealers) < 4 or len(after) == len(sealers)
