"""Conditions and reasons are closed lists in the form that Kubernetes expects."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from consortium_operator.api.conditions import (
    REASONS,
    Condition,
    ConditionStatus,
    ConditionType,
    Reason,
)


def condition(moment: datetime) -> Condition:
    return Condition(
        type=ConditionType.QUORUM_HEALTHY,
        status=ConditionStatus.FALSE,
        reason=Reason.QUORUM_LOST,
        message="live weight 2 of 4, 3 required",
        last_transition_time=moment,
        observed_generation=2,
    )


def test_each_condition_has_reasons() -> None:
    assert REASONS.keys() == set(ConditionType)
    assert all(
        {Reason.AS_EXPECTED, Reason.PENDING, Reason.FORBIDDEN} <= r for r in REASONS.values()
    )


def test_each_reason_may_stand_on_a_condition_that_is_no_summary() -> None:
    summaries = {ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED}
    own = {
        reason for type_, reasons in REASONS.items() if type_ not in summaries for reason in reasons
    }
    assert own == set(Reason)


def test_a_condition_is_written_as_kubernetes_writes_it() -> None:
    moment = datetime(2026, 8, 1, 18, 0, 0, 999_999, timezone(timedelta(hours=8)))
    assert condition(moment).model_dump(mode="json", by_alias=True) == {
        "type": "QuorumHealthy",
        "status": "False",
        "reason": "QuorumLost",
        "message": "live weight 2 of 4, 3 required",
        "lastTransitionTime": "2026-08-01T10:00:00Z",
        "observedGeneration": 2,
    }


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        condition(datetime(2026, 8, 1))


def test_what_was_written_is_read_again() -> None:
    written = condition(datetime(2026, 8, 1, tzinfo=UTC))
    assert Condition.model_validate(written.model_dump(mode="json", by_alias=True)) == written
