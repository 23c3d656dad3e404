"""When a look at a few nodes shows that all is well, and when it does not."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.quiet import (
    WITNESSES,
    Glance,
    QuietLook,
    Settled,
    heights_to_compare,
)
from consortium_operator.chain.view import CATCH_UP_BLOCKS, ChainView, NodeView, Silence
from tests.unit.chain.test_view import EQUAL, IDS, chain, healthy

SETTLED = Settled.by(chain(*map(healthy, IDS)))
WITNESS = frozenset({"node-a", "node-b"})
Changed = Mapping[str, Mapping[str, Any]]


def glance(node_id: str, **changes: Any) -> Glance:
    seen = healthy(node_id)
    fields: dict[str, Any] = {
        "node_id": node_id,
        "height": seen.height,
        "latest_hash": seen.latest_hash,
        "genesis_hash": seen.genesis_hash,
        "peers": seen.peers,
    }
    return Glance(seen.node, **(fields | changes))


def look(settled: Settled, changed: Changed) -> QuietLook:
    """a and b are asked everything; of each node given by name, these answers are other ones."""
    witnesses = [healthy(one, **changed.get(one, {})) for one in ("a", "b")]
    others = [settled.now(glance(one, **changed.get(one, {}))) for one in ("c", "d")]
    return QuietLook((*witnesses, *others), "ours", EQUAL, WITNESS)


def why(changed: Changed, settled: Settled = SETTLED) -> str | None:
    return settled.why_look_closer(look(settled, changed))


def test_where_all_is_as_it_was_nobody_looks_closer() -> None:
    assert why({}) is None


def test_blocks_that_the_witnesses_have_as_well_are_no_news() -> None:
    later = {"height": 105, "latest_hash": "0xe", "marks": {103: "0xc", 104: "0xd"}}
    c, d = ({"height": 103, "latest_hash": "0xc"}, {"height": 104, "latest_hash": "0xd"})
    assert why({"a": later, "b": later, "c": c, "d": d}) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"c": {"problem": "refuses connections"}}, "node-c refuses connections"),
        ({"a": {"problem": "hangs", "silence": Silence.HANGS}}, "node-a hangs"),
        ({"c": {"height": 99}}, "node-c went back from block 100 to 99"),
        ({"c": {"genesis_hash": "0xother"}}, "node-c is another process"),
        ({"a": {"version": "9.9.9"}}, "node-a is another process"),
        ({"a": {"block0_text": "another"}}, "node-a is another process"),
        ({"c": {"latest_hash": "0xother"}}, "the nodes disagree about the chain"),
        ({"c": {"height": 101}}, "nobody else has the latest block of node-c"),
        ({"c": {"peers": frozenset("abd")}, "d": {"peers": frozenset()}}, None),
        ({"c": {"peers": frozenset()}, "d": {"peers": frozenset()}}, "other nodes are live"),
        ({"a": {"sealers": EQUAL | {"e": 1}}}, "node-a tells other members of the chain"),
        ({"b": {"sealers": EQUAL | {"d": 2}}}, "node-b tells other members of the chain"),
        ({"b": {"observers": frozenset("e")}}, "node-b tells other members of the chain"),
        ({"b": {"candidates": {"e": 1}}}, "node-b tells other members of the chain"),
    ],
)
def test_what_leads_to_a_closer_look(changed: Changed, reason: str | None) -> None:
    assert why(changed) == reason


def test_a_fork_is_seen_though_no_two_nodes_are_at_one_height() -> None:
    """Each latest block is compared with the witnesses' block of that height."""
    ahead = {"height": 105, "latest_hash": "0xe", "marks": {103: "0xc", 104: "0xd"}}
    c, fork = ({"height": 103, "latest_hash": "0xc"}, {"height": 104, "latest_hash": "0xfork"})
    seen = {"a": ahead, "b": ahead, "c": c, "d": fork}
    assert why(seen) == "the nodes disagree about the chain"


def test_a_node_that_is_stopped_is_no_news_and_one_that_comes_back_is() -> None:
    stopped = NodeView("node-d", problem="it has no pod")
    settled = Settled.by(chain(*map(healthy, "abc"), stopped))
    assert why({"d": {"problem": "it has no pod"}}, settled) is None
    assert why({}, settled) == "node-d answers again"


def test_of_a_node_that_was_asked_little_nothing_is_made_up() -> None:
    seen = look(SETTLED, {}).of("node-c")
    assert seen is not None
    assert (seen.sealers, seen.leader, seen.view, seen.pending) == (None, "", -1, None)
    assert seen.version == SETTLED.nodes["node-c"].version


def test_of_a_silent_node_nothing_is_remembered() -> None:
    seen = SETTLED.now(Glance("node-c", problem="hangs", silence=Silence.HANGS))
    assert seen == NodeView("node-c", node_id="c", problem="hangs", silence=Silence.HANGS)


@given(count=st.integers(1, 40), start=st.integers(0, 1000))
def test_every_node_is_a_witness_in_its_turn(count: int, start: int) -> None:
    names = [f"n{number:02}" for number in range(count)]
    nodes = tuple(NodeView(name, node_id=name) for name in names)
    settled = Settled.by(ChainView(nodes, "ours", dict.fromkeys(names, 1)))
    turns = -(-count // WITNESSES)
    seen = [settled.witnesses(turn) for turn in range(start, start + turns)]
    assert frozenset().union(*seen) == frozenset(names)
    assert {len(one) for one in seen} == {min(count, WITNESSES)}


@given(st.lists(st.integers(-1, 10**12), max_size=300))
def test_nobody_has_the_witnesses_asked_for_many_hashes(heights: list[int]) -> None:
    found = heights_to_compare(Glance("n", height=height) for height in heights)
    assert len(found) <= CATCH_UP_BLOCKS + 1
    assert max(found, default=-1) == max((one for one in heights if one > 0), default=-1)
