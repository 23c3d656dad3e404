"""Who may take a Lease, and when: the decision alone, without a server or a clock."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from consortium_operator.kube.election import (
    NOBODY,
    TERMS,
    Record,
    Sighting,
    Step,
    held,
    lease,
    next_step,
    record_of,
    released,
    sight,
)
from consortium_operator.kube.kinds import LEASE, ObjectKey

KEY = ObjectKey(LEASE, "consortium-system", "consortium-operator")
NOW = datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC)
ANOTHERS = Record("7", "another", 15, "2026-03-01T12:00:00.000000Z", 2)


def step(record: Record | None, seen_at: float, now: float, *, is_holder: bool = False) -> Step:
    return next_step("me", Sighting(record, seen_at), now, is_holder=is_holder)


def test_the_first_one_makes_the_lease() -> None:
    assert step(None, 0, 0) is Step.CREATE


@pytest.mark.parametrize("is_holder", [True, False])
def test_what_is_ours_is_renewed(is_holder: bool) -> None:
    """Also where the answer to the write that took it was lost."""
    assert step(replace(ANOTHERS, holder="me"), 0, 99, is_holder=is_holder) is Step.RENEW


def test_what_another_holds_is_left_alone_for_its_whole_duration() -> None:
    assert step(ANOTHERS, 100, 114.9) is Step.WAIT
    assert step(ANOTHERS, 100, 115) is Step.TAKE


def test_the_duration_is_that_of_the_holder_and_not_ours() -> None:
    assert step(replace(ANOTHERS, duration=60), 100, 159) is Step.WAIT


def test_what_was_given_back_is_taken_at_once() -> None:
    assert step(released(ANOTHERS), 100, 100) is Step.TAKE


@pytest.mark.parametrize("record", [ANOTHERS, released(ANOTHERS)])
def test_who_works_never_takes_it_back(record: Record) -> None:
    assert step(record, 0, 99, is_holder=True) is Step.LEAVE


def test_a_lease_that_somebody_deleted_is_made_anew_by_its_holder() -> None:
    assert step(None, 0, 0, is_holder=True) is Step.CREATE


def test_only_a_write_is_a_sign_of_life() -> None:
    first = sight(None, ANOTHERS, 10)
    assert sight(first, ANOTHERS, 20) == first
    assert sight(first, replace(ANOTHERS, version="8"), 20).at == 20


def test_the_clock_of_the_holder_is_never_asked() -> None:
    """Its renewTime is for people."""
    ancient = lease(KEY, ANOTHERS, datetime(1999, 1, 1, tzinfo=UTC))
    ancient["metadata"]["resourceVersion"] = "7"
    assert record_of(ancient) == ANOTHERS


def test_who_takes_it_counts_one_more_transition() -> None:
    mine = held(ANOTHERS, "me", NOW, TERMS)
    assert (mine.holder, mine.transitions, mine.version) == ("me", 3, "7")
    assert mine.since == "2026-03-01T12:30:15.000250Z"
    assert held(mine, "me", datetime.now(UTC), TERMS) == mine


def test_the_object_is_bound_to_the_version_that_was_read() -> None:
    body = lease(KEY, held(ANOTHERS, "me", NOW, TERMS), NOW)
    assert body["metadata"]["resourceVersion"] == "7"
    assert body["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-03-01T12:30:15.000250Z",
        "renewTime": "2026-03-01T12:30:15.000250Z",
        "leaseTransitions": 3,
    }
    assert "resourceVersion" not in lease(KEY, held(None, "me", NOW, TERMS), NOW)["metadata"]


@pytest.mark.parametrize("spec", [{}, None, {"holderIdentity": None}])
def test_a_lease_without_content_is_nobodys(spec: Any) -> None:
    found = record_of({"metadata": {"resourceVersion": "1"}, "spec": spec})
    assert found.holder == NOBODY
    assert step(found, 0, 0) is Step.TAKE


def test_the_holder_gives_up_before_anybody_may_take_over() -> None:
    """What is left between the two is for requests that are on their way."""
    assert TERMS.renew_within + 2 * TERMS.retry < TERMS.duration
