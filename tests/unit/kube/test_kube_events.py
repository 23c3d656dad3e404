from datetime import UTC, datetime, timedelta, timezone

from consortium_operator.kube.events import Happening, event_about

CHAIN = {
    "apiVersion": "consortium.dev/v1alpha1",
    "kind": "ConsortiumChain",
    "metadata": {"name": "trade", "namespace": "chains", "uid": "u"},
}


def test_an_event_points_at_its_object_in_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    happening = Happening(
        "QuorumLost", "2 of 4", datetime(2026, 1, 1, 8, tzinfo=shanghai), "Warning"
    )
    event = event_about(CHAIN, happening, "operator-0")
    assert event["involvedObject"] == {
        "apiVersion": "consortium.dev/v1alpha1",
        "kind": "ConsortiumChain",
        "namespace": "chains",
        "name": "trade",
        "uid": "u",
    }
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "QuorumLost", "2 of 4")


def test_a_message_that_is_too_long_is_cut() -> None:
    long = Happening("X", "x" * 2000, datetime(2026, 1, 1, tzinfo=UTC))
    assert len(event_about(CHAIN, long, "operator-0")["message"]) == 1024
