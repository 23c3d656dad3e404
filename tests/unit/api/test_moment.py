"""Moments as text."""

from datetime import UTC, datetime, timedelta, timezone

from consortium_operator.api.moment import moment_of, rfc3339

EVENING = datetime(2026, 1, 2, 19, 4, 5, 678901, timezone(timedelta(hours=8)))


def test_a_moment_is_written_in_utc_to_the_second() -> None:
    assert rfc3339(EVENING) == "2026-01-02T11:04:05Z"


def test_what_was_written_is_read_as_a_moment_of_utc() -> None:
    assert moment_of(rfc3339(EVENING)) == datetime(2026, 1, 2, 11, 4, 5, tzinfo=UTC)
