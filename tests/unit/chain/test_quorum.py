"""Quorum arithmetic by weight, and the guard's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.quorum import Quorum, may_disturb

totals = st.integers(min_value=1, max_value=10_000)


@pytest.mark.parametrize(
    ("total", "faulty", "required"),
    [(1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 1, 3), (6, 1, 5), (7, 2, 5), (8, 2, 6), (14, 4, 10)],
)
def test_the_figures_are_those_of_the_node(total: int, faulty: int, required: int) -> None:
    quorum = Quorum(total)
    assert (quorum.faulty, quorum.required) == (faulty, required)


@given(totals)
def test_two_quorums_always_share_an_honest_sealer(total: int) -> None:
    quorum = Quorum(total)
    assert 2 * quorum.required - total > quorum.faulty


@given(totals)
def test_the_chain_goes_on_without_f_and_not_without_more(total: int) -> None:
    quorum = Quorum(total)
    assert quorum.is_met_by(total - quorum.faulty)
    assert not quorum.is_met_by(total - quorum.faulty - 1)


def test_nothing_known_is_no_quorum() -> None:
    assert not Quorum(0).is_met_by(0)
    assert Quorum(0).faulty == 0


def test_the_margin_is_what_may_still_go() -> None:
    assert Quorum(8).margin(8) == 2
    assert Quorum(4).margin(2) == -1


def test_a_sealer_heavier_than_f_stops_the_chain_alone() -> None:
    assert Quorum(6).is_too_heavy(3)
    assert not Quorum(6).is_too_heavy(1)
    # Where f = 0 every sealer does.
    assert Quorum(3).is_too_heavy(1)


def test_a_node_that_costs_nothing_may_always_be_disturbed() -> None:
    assert may_disturb(Quorum(4), live_weight=1, cost=0)


@given(totals, st.data())
def test_the_guard_lets_go_only_what_leaves_a_quorum(total: int, data: st.DataObject) -> None:
    live = data.draw(st.integers(min_value=0, max_value=total))
    cost = data.draw(st.integers(min_value=1, max_value=total))
    allowed = may_disturb(Quorum(total), live_weight=live, cost=cost)
    assert allowed == Quorum(total).is_met_by(live - cost)
