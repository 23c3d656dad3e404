"""Which news of a resource is worth a round, and how a deaf watch is noticed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consortium_operator.chain.naming import ChainKey
from consortium_operator.reconcile.chains import ECHO_LIMIT, Chains, key_of
from tests import chains as resources

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ChainKey("chains", "trade")


def body(version: int = 1, uid: str = "u1", **changes: Any) -> dict[str, Any]:
    found = resources.resource()
    found["metadata"] |= {
        "uid": uid,
        "resourceVersion": str(version),
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    found["metadata"] |= changes.pop("metadata", {})
    return found | changes


@pytest.mark.parametrize("spec", ["x", [], {"fiscoBcos": "x"}, {"chainId": {}}])
def test_a_resource_without_any_shape_is_heard_of_and_disturbs_no_other(spec: Any) -> None:
    """As a CRD lets it pass that has lost its schema."""
    chains = Chains()
    odd = body(metadata={"name": "odd"}, spec=spec)
    for one in (odd, body(2), odd):
        assert chains.twins_of(one) == []
        chains.seen(one)
    assert [key.name for key in chains] == ["odd", "trade"]


def test_a_new_resource_is_news() -> None:
    assert Chains().seen(body())


@pytest.mark.parametrize(
    "change",
    [
        {"status": {"height": 1}},
        {"metadata": {"managedFields": [{"manager": "x"}]}},
        {"metadata": {"labels": {"team": "x"}}},
        {},
    ],
    ids=["status", "managed-fields", "labels", "version"],
)
def test_what_reconcile_does_not_read_is_no_news(change: dict[str, Any]) -> None:
    chains = Chains()
    chains.seen(body())
    assert not chains.seen(body(2, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {}},
        {"metadata": {"generation": 2}},
        {"metadata": {"annotations": {"consortium.dev/restart": "x"}}},
        {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
        {"metadata": {"uid": "u2"}},
    ],
    ids=["spec", "generation", "annotation", "deletion", "another-one"],
)
def test_what_reconcile_reads_is_news(change: dict[str, Any]) -> None:
    chains = Chains()
    chains.seen(body())
    assert chains.seen(body(2, **change))


def test_an_older_version_is_passed_over() -> None:
    """After a reconnect to an API server that lags behind."""
    chains = Chains()
    chains.seen(body(5, spec={"new": True}))
    assert not chains.seen(body(4, spec={"old": True}))
    found = chains.get(KEY)
    assert found is not None
    assert found["spec"] == {"new": True}


def test_the_end_of_an_earlier_resource_does_not_touch_its_successor() -> None:
    chains = Chains()
    chains.seen(body(1, "u1"))
    chains.seen(body(2, "u2"))
    chains.gone(body(3, "u1"))
    assert list(chains) == [KEY]
    chains.gone(body(4, "u2"))
    assert list(chains) == []
    assert chains.get(KEY) is None


def test_a_write_that_never_comes_back_shows_a_dead_watch() -> None:
    chains = Chains()
    chains.seen(body(1))
    chains.expect(KEY, body(2), NOW)
    assert not chains.is_deaf(NOW + ECHO_LIMIT)
    assert chains.is_deaf(NOW + ECHO_LIMIT + timedelta(seconds=1))


def test_any_later_version_is_an_echo() -> None:
    chains = Chains()
    chains.seen(body(1))
    chains.expect(KEY, body(2), NOW)
    chains.seen(body(7))
    assert not chains.is_deaf(NOW + timedelta(hours=1))


def test_later_writes_do_not_hide_the_first_that_was_lost() -> None:
    chains = Chains()
    chains.seen(body(1))
    for minute in range(5):
        chains.expect(KEY, body(2 + minute), NOW + timedelta(minutes=minute))
    assert chains.is_deaf(NOW + timedelta(minutes=4))


def test_an_echo_that_overtook_its_answer_is_not_waited_for() -> None:
    chains = Chains()
    chains.seen(body(3))
    chains.expect(KEY, body(2), NOW)
    assert not chains.is_deaf(NOW + timedelta(hours=1))


def test_a_deleted_resource_owes_no_echo() -> None:
    chains = Chains()
    chains.seen(body(1))
    chains.expect(KEY, body(2), NOW)
    chains.gone(body(1))
    assert not chains.is_deaf(NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("created", "elder"),
    [("2025-12-31T00:00:00Z", True), ("2026-01-02T00:00:00Z", False)],
)
def test_of_two_chains_of_one_id_the_older_one_is_right(created: str, elder: bool) -> None:
    chains = Chains()
    chains.seen(body())
    other = body(metadata={"name": "other", "creationTimestamp": created})
    chains.seen(other)
    assert chains.elder_twin(KEY) == (key_of(other) if elder else None)
    assert chains.elder_twin(key_of(other)) == (None if elder else KEY)


def test_of_two_chains_of_one_second_one_is_right() -> None:
    chains = Chains()
    keys = []
    for name in ("a", "b", "c"):
        found = body(metadata={"name": name})
        chains.seen(found)
        keys.append(key_of(found))
    assert [chains.elder_twin(key) is None for key in keys].count(True) == 1


def test_what_one_namespace_forgets_or_lacks_does_not_touch_another() -> None:
    """Each is watched on its own."""
    chains = Chains()
    here, there = body(), body(uid="u2", metadata={"namespace": "elsewhere"})
    chains.seen(here)
    chains.seen(there)
    assert chains.lost([], "5", "elsewhere") == [there]
    assert chains.forget_all("elsewhere") == [key_of(there)]
    assert list(chains) == [KEY]
    assert chains.lost([], "5", None) == [here]
    assert chains.forget_all(None) == [KEY]
