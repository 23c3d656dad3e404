"""Who is up, who is live, whether the nodes agree."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.view import CATCH_UP_BLOCKS, ChainView, NodeView

IDS = ("a", "b", "c", "d")
EQUAL = dict.fromkeys(IDS, 1)


def healthy(node_id: str, weights: Mapping[str, int] = EQUAL, **changes: Any) -> NodeView:
    view = NodeView(
        node=f"node-{node_id}",
        node_id=node_id,
        height=100,
        latest_hash="0xlatest",
        genesis_hash="0xgenesis",
        block0_text="ours",
        block0_hash="0x0",
        peers=frozenset(weights) - {node_id},
        sealers=weights,
    )
    return replace(view, **changes)


def silent(node_id: str) -> NodeView:
    return NodeView(node=f"node-{node_id}", node_id=node_id, problem="timed out")


def chain(*nodes: NodeView, weights: Mapping[str, int] = EQUAL) -> ChainView:
    return ChainView(nodes, block0_text="ours", founding_weights=weights)


def test_four_healthy_nodes_are_all_live() -> None:
    view = chain(*map(healthy, IDS))
    assert view.live == set(IDS)
    assert view.live_weight == 4
    assert view.has_quorum()


def test_sealers_that_wait_for_their_turn_are_sealers_without_weight_in_the_quorum() -> None:
    """RPBFT: only those at work in an epoch vote."""
    working = {"a": 1, "b": 1, "c": 1}
    view = chain(*(healthy(one, working, candidates={"d": 1}) for one in IDS))
    assert view.quorum.total_weight == 3
    assert view.live == set("abc")
    assert view.all_sealers == EQUAL


def test_before_any_node_tells_all_sealers_are_those_of_the_founding() -> None:
    assert chain(*map(silent, IDS)).all_sealers == EQUAL


def test_a_silent_node_is_down_and_the_rest_goes_on() -> None:
    view = chain(*map(healthy, "abc"), silent("d"))
    assert view.live == set("abc")
    assert view.has_quorum()


def test_two_of_four_up_are_counted_though_none_is_live() -> None:
    view = chain(*map(healthy, "ab"), silent("c"), silent("d"))
    assert view.live == set()
    assert view.live_weight == 2
    assert not view.has_quorum()


def test_nodes_that_do_not_see_each_other_are_up_but_not_live() -> None:
    view = chain(*(healthy(node_id, peers=frozenset()) for node_id in IDS))
    assert view.up == set(IDS)
    assert view.live == set()
    assert view.live_weight == 4
    assert not view.has_quorum()


def test_a_node_that_the_others_lost_is_not_live() -> None:
    view = chain(*(healthy(i, peers=frozenset("abc") - {i}) for i in "abc"), healthy("d"))
    assert view.live == set("abc")


def test_a_node_far_behind_is_not_up() -> None:
    assert "d" in chain(*map(healthy, "abc"), healthy("d", height=100 - CATCH_UP_BLOCKS)).up
    assert "d" not in chain(*map(healthy, "abc"), healthy("d", height=99 - CATCH_UP_BLOCKS)).up


def test_a_node_with_another_block_0_is_not_ours() -> None:
    view = chain(*map(healthy, "abc"), healthy("d", block0_text="theirs", height=9000))
    assert view.foreign_block0 == ("node-d",)
    assert "d" not in view.up
    assert view.height == 100


def test_a_foreign_node_does_not_say_who_our_sealers_are() -> None:
    theirs = healthy("d", {"x": 1}, block0_text="theirs", height=9000)
    assert chain(*map(healthy, "abc"), theirs).weights == EQUAL


def test_one_node_alone_that_names_other_sealers_is_told() -> None:
    """Taken over, it would be enough to have every other node count as no loss."""
    liar = healthy("d", {"d": 1}, height=101)
    view = chain(*map(healthy, "abc"), liar)
    assert view.alone == "node-d"
    assert view.disagrees
    assert not chain(*map(healthy, IDS)).disagrees


def test_a_change_of_sealers_is_believed_once_more_than_may_fail_tell_it() -> None:
    changed = EQUAL | {"a": 5}
    behind = [healthy(one, height=99) for one in "cd"]
    assert chain(healthy("a", changed), healthy("b"), *behind).alone == "node-a"
    assert chain(healthy("a", changed), healthy("b", changed), *behind).alone is None


def test_nodes_that_have_yet_to_follow_the_chain_put_nobody_in_doubt() -> None:
    """They tell the founders, among whom they are not."""
    grown = EQUAL | {"e": 1}
    new = [healthy(one, height=0) for one in "fghijklm"]
    assert chain(*(healthy(one, grown) for one in grown), *new).alone is None


def test_where_none_may_fail_the_highest_is_believed() -> None:
    three = dict.fromkeys("abc", 1)
    ahead = healthy("a", three | {"a": 5}, height=101)
    assert chain(ahead, healthy("b", three), healthy("c", three)).alone is None
    assert chain(healthy("a", EQUAL | {"a": 5}), *map(healthy, "bc"), silent("d")).alone is None


def test_whose_turn_it_is_may_differ_from_node_to_node() -> None:
    """RPBFT: at the end of an epoch some have the next one's sealers already."""
    last, following = {"a": 1, "b": 1, "c": 1}, {"b": 1, "c": 1, "d": 1}
    ahead = healthy("a", following, height=101, candidates={"a": 1})
    behind = [healthy(one, last, candidates={"d": 1}) for one in "bcd"]
    assert chain(ahead, *behind).alone is None


def test_a_node_with_another_genesis_hash_is_down() -> None:
    # It was started twice at height 0; the others refuse it.
    view = chain(*map(healthy, "abc"), healthy("d", genesis_hash="0xother"))
    assert view.up == set("abc")


def test_the_genesis_hash_is_that_of_most_weight() -> None:
    weights = {"a": 1, "b": 1, "c": 1, "d": 4}
    nodes = [healthy(i, weights) for i in "abc"]
    view = chain(*nodes, healthy("d", weights, genesis_hash="0xheavy"), weights=weights)
    assert view.genesis_hash == "0xheavy"


def test_weights_are_the_chains_and_before_that_the_founders() -> None:
    changed = EQUAL | {"a": 5}
    assert chain(*map(silent, IDS)).weights == EQUAL
    assert chain(healthy("a", changed), *map(silent, "bcd")).weights == changed


def test_weights_are_those_of_the_highest_node() -> None:
    changed = EQUAL | {"a": 5}
    view = chain(healthy("a", changed, height=101), *map(healthy, "bcd"))
    assert view.weights == changed


def test_an_observer_is_live_where_a_quorum_sees_it_and_weighs_nothing() -> None:
    seen = [healthy(i, peers=frozenset("abcdo") - {i}) for i in "abc"]
    observer = healthy("o", peers=frozenset(IDS))
    view = chain(*seen, healthy("d"), observer)
    assert "o" in view.live
    assert view.live_sealers == set(IDS)
    assert view.live_weight == 4
    unseen = chain(*map(healthy, IDS), observer)
    assert "o" in unseen.up
    assert "o" not in unseen.live


def test_a_node_is_listed_where_one_that_is_up_says_so() -> None:
    assert chain(*map(healthy, "abc"), silent("d")).is_listed("d")
    lonely = [healthy(i, peers=frozenset("abc") - {i}) for i in "abc"]
    assert not chain(*lonely, silent("d")).is_listed("d")
    behind = healthy("c", height=1)
    assert not chain(*lonely[:2], behind, silent("d")).is_listed("d")


def test_behind_is_a_node_of_our_chain_that_has_begun() -> None:
    others = [healthy(i) for i in "abc"]
    for height, is_behind in ((100, False), (90, False), (89, True), (1, True), (0, False)):
        node = healthy("d", height=height)
        assert chain(*others, node).has_fallen_behind(node) is is_behind
    strangers: tuple[dict[str, Any], ...] = (
        {"block0_text": "theirs"},
        {"genesis_hash": "0x1"},
        {"problem": "silent"},
    )
    for strange in strangers:
        node = replace(healthy("d", height=1), **strange)
        assert not chain(*others, node).has_fallen_behind(node)


def test_one_height_has_one_hash() -> None:
    assert chain(*map(healthy, IDS)).splits == ()
    split = chain(*map(healthy, "abc"), healthy("d", latest_hash="0xother"))
    assert split.splits == (("node-a", "node-d"),)
    lagging = chain(*map(healthy, "abc"), healthy("d", latest_hash="0xother", height=99))
    assert lagging.splits == ()


def test_nodes_at_different_heights_are_compared_where_both_have_been() -> None:
    high = healthy("a", height=103, marks={100: "0x100", 90: "0x90"})
    low = healthy("b", height=97, latest_hash="0x97", marks={90: "0x90", 80: "0x80"})
    assert chain(high, low, silent("c"), silent("d")).splits == ()
    forked = replace(low, marks={90: "0xfork", 80: "0xfork"})
    assert chain(high, forked, silent("c"), silent("d")).splits == (("node-a", "node-b"),)


def test_the_own_hash_of_block_0_is_compared_too() -> None:
    view = chain(*map(healthy, "abc"), healthy("d", block0_hash="0x1"))
    assert view.foreign_block0 == ("node-d",)
    assert view.up == set("abc")


def test_nothing_heard_is_no_chain() -> None:
    view = chain()
    assert view.height == -1
    assert view.up == view.live == set()
    assert not view.has_quorum()


def test_a_view_is_found_by_the_nodes_object_name() -> None:
    view = chain(*map(healthy, IDS))
    found = view.of("node-b")
    assert found is not None
    assert found.node_id == "b"
    assert view.of("node-x") is None


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5), min_size=1),
    st.sets(st.sampled_from("abcdef")),
)
def test_with_all_links_up_a_quorum_is_exactly_enough_weight(
    weights: dict[str, int], down: set[str]
) -> None:
    nodes = [silent(i) if i in down else healthy(i, weights) for i in weights]
    view = chain(*nodes, weights=weights)
    up_weight = sum(weight for node_id, weight in weights.items() if node_id not in down)
    assert view.live_weight == up_weight
    assert view.has_quorum() == (up_weight >= view.quorum.required)
