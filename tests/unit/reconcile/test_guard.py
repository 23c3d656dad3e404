"""The guard: what it may never grant, whatever the nodes say."""

from dataclasses import dataclass
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.api.conditions import ConditionStatus, ConditionType
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.quiet import QuietLook
from consortium_operator.chain.quorum import Quorum
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.reconcile.enactment import enact
from consortium_operator.reconcile.findings import Findings
from consortium_operator.reconcile.guard import Candidate, Verdict, judge
from consortium_operator.reconcile.handover import hand_over
from consortium_operator.reconcile.hangs import notice_hangs
from consortium_operator.reconcile.judgement import Evidence
from consortium_operator.reconcile.judgement import judge as conditions
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.on_chain import bring_about_settings
from consortium_operator.reconcile.probes import found_if_due
from tests import chains

TEXT, HASH = "block 0", "0xgenesis"


@dataclass(frozen=True)
class Chain:
    """A planned chain of sealers n0, n1, … of given weights, and what each says of itself."""

    plan: Plan
    view: ChainView

    def verdict(self, number: int, *, has_blocks: bool = True, **about: bool) -> Verdict:
        """`about`: as in Candidate."""
        return judge(self.view, self.candidate(number, **about), has_blocks=has_blocks)

    def candidate(self, number: int, **about: bool) -> Candidate:
        return Candidate(self.plan.nodes[number], chains.node_register(number).node_id, **about)


def chain(*weights: int, down: tuple[int, ...] = (), **fields: Any) -> Chain:
    """`down` are silent; `fields` are of every answer, or by number in `each`."""
    each: dict[int, dict[str, Any]] = fields.pop("each", {})
    plan = chains.plan(
        *(chains.member(f"m{n:02}", chains.node("n", weight=w)) for n, w in enumerate(weights))
    )
    ids = [chains.node_register(n).node_id for n in range(len(weights))]
    up = [n for n in range(len(weights)) if n not in down]
    by_id = dict(zip(ids, weights, strict=True))
    views = []
    for n, node in enumerate(plan.nodes):
        if n in down:
            views.append(NodeView(node.names.node, problem="silent"))
            continue
        answer: dict[str, Any] = {
            "height": 7,
            "latest_hash": "0xblock",
            "genesis_hash": HASH,
            "block0_text": TEXT,
            "peers": frozenset(ids[other] for other in up if other != n),
            "sealers": by_id,
        }
        answer |= fields | each.get(n, {})
        views.append(NodeView(node.names.node, node_id=ids[n], **answer))
    return Chain(plan, ChainView(tuple(views), TEXT, by_id))


@pytest.mark.parametrize(
    ("weights", "down", "number", "granted"),
    [
        ((1, 1, 1, 1), (), 0, True),
        ((1, 1, 1, 1), (3,), 0, False),
        ((1, 1, 1, 1), (3,), 3, True),
        ((1, 1, 1, 1), (2, 3), 3, True),
        ((1, 1, 1, 1), (0, 1, 2, 3), 0, True),
        ((1, 1, 1), (), 0, False),
        ((1,), (), 0, False),
        ((3, 1, 1, 1), (), 0, False),
        ((3, 1, 1, 1), (), 1, True),
        ((2, 2, 2, 2, 2), (), 0, True),
        ((2, 2, 2, 2, 2), (1,), 0, False),
        ((1,) * 7, (6,), 0, True),
        ((1,) * 7, (5, 6), 0, False),
    ],
)
def test_a_node_goes_where_it_is_down_or_the_others_are_a_quorum(
    weights: tuple[int, ...], down: tuple[int, ...], number: int, granted: bool
) -> None:
    assert chain(*weights, down=down).verdict(number).granted is granted


def test_a_refusal_tells_the_numbers() -> None:
    why = chain(1, 1, 1, 1, down=(3,)).verdict(0).why
    assert why == "m00/n-0 has weight 1; of 4 are 3 live and 3 are needed"


def test_one_that_may_be_at_work_goes_only_where_the_others_are_enough() -> None:
    assert chain(1, 1, 1, 1, down=(3,)).verdict(3, may_serve=True).granted
    assert not chain(1, 1, 1, 3, down=(3,)).verdict(3, may_serve=True).granted
    assert chain(1, 1, 1, 1, down=(2, 3)).verdict(3, may_serve=True).why == (
        "m03/n-0 gives no answer, but may be at work; without it 2 of 4 are live and 3 are needed"
    )


def test_a_chain_that_was_not_read_is_left_alone() -> None:
    one = chain(1, 1, 1, 1)
    assert not judge(None, one.candidate(0), has_blocks=True).granted


def test_before_the_first_block_nothing_that_works_is_touched() -> None:
    """Not even a silent one: it may be on its way up, and a second start would lose it."""
    young = chain(1, 1, 1, 1, height=0, down=(3,))
    silent = chain(1, 1, 1, 1, down=(0, 1, 2, 3))
    for number in range(4):
        assert not young.verdict(number, has_blocks=False).granted
        assert not silent.verdict(number, has_blocks=False).granted
    assert young.verdict(3, has_blocks=False, works=False).granted
    assert silent.verdict(3, has_blocks=False, works=False).granted


def test_where_those_with_blocks_are_silent_they_may_be_helped() -> None:
    one_rebuilt = chain(1, 1, 1, 1, height=0, down=(1, 2, 3))
    assert one_rebuilt.verdict(1).granted
    assert not one_rebuilt.verdict(0).granted


def test_a_node_without_a_block_is_left_alone() -> None:
    joining = chain(1, 1, 1, 1, each={3: {"height": 0}})
    assert not joining.verdict(3).granted
    behind = chain(1, 1, 1, 1, height=50, each={3: {"height": 0}})
    assert not behind.verdict(3).granted


def test_a_node_that_is_lost_to_the_others_may_go_at_any_height() -> None:
    young = chain(1, 1, 1, 1, height=0, each={3: {"genesis_hash": "0xother"}})
    assert young.verdict(3, is_lost=True).granted
    assert young.verdict(0, is_lost=True).granted


@pytest.mark.parametrize("weights", [(1, 1, 1, 3), (1, 1, 1), (1,)])
def test_a_sealer_that_stops_the_chain_waits_for_a_person(weights: tuple[int, ...]) -> None:
    one, last = chain(*weights), len(weights) - 1
    verdict = one.verdict(last)
    assert not verdict.granted
    assert verdict.needs_acceptance
    assert "no block is made while it restarts" in verdict.why
    assert one.verdict(last, is_accepted=True).granted


def test_once_it_is_down_a_heavy_sealer_waits_for_nobody() -> None:
    assert chain(1, 1, 1, 3, down=(3,)).verdict(3).granted
    assert chain(1, 1, 1, down=(2,)).verdict(2).granted


def test_acceptance_is_of_a_pause_and_of_nothing_else() -> None:
    split = chain(1, 1, 1, 3, each={3: {"latest_hash": "0xother"}})
    assert not split.verdict(3, is_accepted=True).granted
    short = chain(1, 1, 1, 1, down=(3,))
    refused = short.verdict(0, is_accepted=True)
    assert (refused.granted, refused.needs_acceptance) == (False, False)


@pytest.mark.parametrize("number", range(4))
def test_where_nodes_disagree_nobody_is_touched(number: int) -> None:
    split = chain(1, 1, 1, 1, each={3: {"latest_hash": "0xother"}})
    foreign = chain(1, 1, 1, 1, each={3: {"block0_text": "another"}})
    assert not split.verdict(number).granted
    assert not foreign.verdict(number).granted


@pytest.mark.parametrize("number", range(4))
def test_one_node_alone_cannot_have_the_others_count_as_no_loss(number: int) -> None:
    itself = {chains.node_register(3).node_id: 1}
    lying = chain(1, 1, 1, 1, each={3: {"height": 8, "sealers": itself}})
    assert not lying.verdict(number).granted
    told = conditions(Evidence(Findings(), view=lying.view))[ConditionType.CHAIN_CONSISTENT]
    assert told.status is ConditionStatus.UNKNOWN
    assert told.message.startswith(f"{lying.plan.nodes[3].names.node} tells other sealers")


def test_a_node_that_the_others_do_not_see_costs_nothing() -> None:
    ids = [chains.node_register(n).node_id for n in range(4)]
    without_3 = {n: {"peers": frozenset(ids[:3]) - {ids[n]}} for n in range(3)}
    cut_off = chain(1, 1, 1, 1, each=without_3)
    assert cut_off.verdict(3).granted
    assert not cut_off.verdict(0).granted


weights = st.lists(st.integers(1, 5), min_size=1, max_size=9)


@st.composite
def any_chain(draw: st.DrawFn) -> Chain:
    of = draw(weights)
    numbers = range(len(of))
    down = tuple(n for n in numbers if draw(st.booleans()))
    each = {
        n: {
            "height": draw(st.sampled_from([0, 1, 7, 30])),
            "genesis_hash": draw(st.sampled_from([HASH, HASH, HASH, "0xother"])),
            "peers": frozenset(
                chains.node_register(other).node_id for other in numbers if draw(st.booleans())
            ),
        }
        for n in numbers
    }
    return chain(*of, down=down, each=each, latest_hash="")


@given(any_chain(), st.data())
def test_a_live_node_never_goes_where_the_quorum_would_go_with_it(
    one: Chain, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(one.plan.nodes) - 1))
    view, node_id = one.view, chains.node_register(number).node_id
    if not one.verdict(number).granted:
        return
    if node_id in view.live:
        assert view.live_weight - view.weights[node_id] >= view.quorum.required
    if node_id in view.up:
        seen = view.of(one.plan.nodes[number].names.node)
        assert seen is not None
        assert seen.height > 0


@given(any_chain())
def test_a_silent_node_may_always_be_helped(one: Chain) -> None:
    for number, node in enumerate(one.plan.nodes):
        seen = one.view.of(node.names.node)
        assert seen is not None
        if not seen.answers:
            assert one.verdict(number).granted


# Whole stories: what the guard grants, one after the other, while nodes fall and come back.


@st.composite
def stories(draw: st.DrawFn) -> tuple[tuple[int, ...], list[tuple[str, int]]]:
    """Weights, and what happens: a node fails, comes back, or is asked for and goes if granted."""
    of = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=8)))
    numbers = st.integers(0, len(of) - 1)
    acts = st.tuples(st.sampled_from(["fails", "returns", "is wanted", "is wanted"]), numbers)
    return of, draw(st.lists(acts, max_size=30))


@given(stories())
def test_no_sequence_of_granted_disturbances_costs_a_quorum_that_was_held(
    story: tuple[tuple[int, ...], list[tuple[str, int]]],
) -> None:
    of, acts = story
    quorum = Quorum(sum(of))
    down: set[int] = set()

    def live() -> int:
        return sum(weight for number, weight in enumerate(of) if number not in down)

    for act, number in acts:
        held = quorum.is_met_by(live())
        if act == "fails":
            down.add(number)
        elif act == "returns":
            down.discard(number)
        elif chain(*of, down=tuple(down)).verdict(number).granted:
            down.add(number)
            assert not held or quorum.is_met_by(live()), (of, down)


@given(stories())
def test_all_that_are_down_may_be_helped_at_any_moment(
    story: tuple[tuple[int, ...], list[tuple[str, int]]],
) -> None:
    of, acts = story
    down = {number for act, number in acts if act == "fails"}
    one = chain(*of, down=tuple(down))
    assert all(one.verdict(number).granted for number in down)


def rpbft(*down: int) -> Chain:
    """Seven sealers of weight 1: the first four are at work, the others wait for their turn."""
    ids = [chains.node_register(n).node_id for n in range(7)]
    answer = {"sealers": dict.fromkeys(ids[:4], 1), "candidates": dict.fromkeys(ids[4:], 1)}
    return chain(*[1] * 7, down=down, **answer)


@pytest.mark.parametrize(
    ("down", "number", "granted"),
    [((), 0, True), ((), 5, True), ((6,), 5, False), ((6,), 0, False), ((0,), 5, False)],
)
def test_a_sealer_that_waits_for_its_turn_goes_only_while_all_others_are_there(
    down: tuple[int, ...], number: int, granted: bool
) -> None:
    """RPBFT: the next epoch may call whoever is down."""
    assert rpbft(*down).verdict(number).granted is granted


def test_one_that_waits_and_is_down_may_be_restarted() -> None:
    assert rpbft(5, 6).verdict(5).granted


def test_a_quiet_look_is_no_view_for_the_guard() -> None:
    """mypy refuses it: took it one, the comment below would be an error of its own."""
    four = chain(1, 1, 1, 1)
    look = QuietLook(four.view.nodes, TEXT, four.view.weights, witnesses=frozenset())
    judge(look, four.candidate(0), has_blocks=True)  # type: ignore[arg-type]
    assert not isinstance(look, ChainView)
    for takes in (judge, enact, found_if_due, hand_over, bring_about_settings, notice_hangs):
        assert get_type_hints(takes)["view"] in (ChainView, ChainView | None), takes
    assert get_type_hints(Knowledge)["view"] == ChainView | None
