"""From one committee to another: in what order, and what is left to others."""

from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.changes import GovernorChange, RatesChange
from consortium_operator.chain.committee import Committee
from consortium_operator.chain.handover import Achieved, Goal, achieved_by, plan_handover
from tests.fakes.chain import can_pass, changed

ADMIN, OURS, THEIRS, LAST = (f"0x{digit * 40}" for digit in "abcd")
FOUNDED = Committee({ADMIN: 1}, 0, 0)
WANTED = Committee({OURS: 1, THEIRS: 1, LAST: 1}, 51, 51)


def goal(wanted: Committee, *keys: str, achieved: Achieved | None = None) -> Goal:
    return Goal(wanted, achieved or Achieved(), frozenset(keys), ADMIN)


def test_governors_come_first_then_the_founder_leaves_and_the_rates_come_last() -> None:
    plan = plan_handover(FOUNDED, goal(WANTED, ADMIN, OURS))
    assert plan.due == (
        GovernorChange(OURS, 1),
        GovernorChange(THEIRS, 1),
        GovernorChange(LAST, 1),
        GovernorChange(ADMIN, 0),
        RatesChange(51, 51),
    )
    assert (plan.for_others, plan.changed_on_chain) == ((), ())


def test_without_another_key_the_founder_waits_for_others() -> None:
    plan = plan_handover(FOUNDED, goal(WANTED, ADMIN))
    assert plan.due[-1] == RatesChange(51, 51)
    assert GovernorChange(ADMIN, 0) not in plan.due
    assert plan.for_others == (ADMIN,)


def test_a_founder_that_is_asked_for_stays() -> None:
    wanted = Committee({ADMIN: 1, THEIRS: 1}, 0, 0)
    assert plan_handover(FOUNDED, goal(wanted, ADMIN)).due == (GovernorChange(THEIRS, 1),)


def test_what_others_changed_is_told_and_not_undone() -> None:
    achieved = Achieved(dict(WANTED.governors), (51, 51))
    now = Committee({OURS: 5, THEIRS: 1, "0x" + "e" * 40: 1}, 60, 51)
    plan = plan_handover(now, goal(WANTED, OURS, achieved=achieved))
    assert plan.due == ()
    assert plan.changed_on_chain == (
        f"governor {OURS} has weight 5, not 1",
        f"governor {LAST} has weight 0, not 1",
        f"governor 0x{'e' * 40} is not in the resource",
        "the rates are 60 and 51, not 51 and 51",
    )


def test_a_governor_that_is_listed_no_longer_leaves() -> None:
    achieved = Achieved(dict(WANTED.governors), (51, 51))
    fewer = Committee({OURS: 1, THEIRS: 1}, 51, 51)
    plan = plan_handover(WANTED, goal(fewer, OURS, achieved=achieved))
    assert plan.due == (GovernorChange(LAST, 0),)
    after = achieved_by(WANTED, goal(fewer, OURS, achieved=achieved))
    assert after.governors == WANTED.governors
    assert achieved_by(fewer, goal(fewer, OURS, achieved=after)).governors == fewer.governors


weights = st.integers(min_value=1, max_value=5)
rates = st.integers(min_value=0, max_value=100)
everybody = st.sampled_from([ADMIN, OURS, THEIRS, LAST])
committees = st.builds(Committee, st.dictionaries(everybody, weights, min_size=1), rates, rates)


@given(committees, committees, st.frozensets(everybody, min_size=1))
def test_ours_can_pass_all_that_they_could_at_both_ends(
    now: Committee, wanted: Committee, keys: frozenset[str]
) -> None:
    """With the rates as they are, until those change as the last."""
    at_end = Committee(wanted.governors, now.participation, now.win)
    if not (can_pass(now, keys) and can_pass(at_end, keys)):
        return
    achieved = Achieved({address: 0 for address in now.governors}, None)
    for _ in range(12):
        plan = plan_handover(now, goal(wanted, *keys, achieved=achieved))
        if not plan.due:
            break
        assert can_pass(now, keys)
        now = changed(now, plan.due[0])
    assert now.governors.keys() - set(plan.for_others) == wanted.governors.keys()
    assert (now.participation, now.win) == (wanted.participation, wanted.win)
