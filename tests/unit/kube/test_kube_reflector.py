"""A reflector and an API server that fails in every way: it comes through, without a storm."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import CONFIG_MAP, ObjectKey, key_of
from consortium_operator.kube.reflector import Reflector, Reflectors
from consortium_operator.kube.store import Store
from consortium_operator.kube.transport import Surroundings, Timeouts
from tests.unit.kube.fake_api import (
    Answer,
    FakeApi,
    answer,
    bookmark,
    config_map,
    event,
    failure,
    hang,
    lose,
    page,
    refuse,
    stream,
)

A = key_of(config_map("a", 1))


class Following:
    """A reflector of the ConfigMaps in "chains", with a clock that only its own waits move."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.store = Store()
        self.told: list[tuple[str, str | None]] = []
        self.waits: list[float] = []
        self.now = 0.0

    def on_change(self, key: ObjectKey, labels: Mapping[str, str]) -> None:
        self.told.append((key.name, labels.get(CHAIN_LABEL)))

    async def sleep(self, seconds: float) -> None:
        if seconds:
            self.waits.append(seconds)
            self.now += seconds

    @asynccontextmanager
    async def through(
        self, *answers: Answer, timeouts: Timeouts | None = None
    ) -> AsyncIterator[Reflector]:
        """Run until the server has given all answers and was asked once more."""
        self.api.will(*answers)
        around = Surroundings(clock=lambda: self.now, sleep=self.sleep)
        async with self.api.client(timeouts, around) as client:
            reflector = Reflector(
                client, self.store, self.on_change, around, (CONFIG_MAP, "chains")
            )
            task = asyncio.create_task(reflector.run())
            try:
                async with asyncio.timeout(30):
                    await self.api.all_asked.wait()
                yield reflector
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    @property
    def asked(self) -> list[str]:
        """What the server was asked: "list", or the version of a watch."""
        return [query.get("resourceVersion", "list") for query in self.api.queries]


@pytest.fixture
def following(api: FakeApi) -> Following:
    return Following(api)


async def test_a_list_is_followed_by_a_watch_from_its_version(following: Following) -> None:
    async with following.through(page(5, [config_map("a", 1)])) as reflector:
        assert reflector.synced.is_set()
    assert following.asked == ["list", "5"]
    assert following.told == [("a", "trade")]
    assert {query["labelSelector"] for query in following.api.queries} == {CHAIN_LABEL}


async def test_all_pages_belong_to_the_list(following: Following) -> None:
    pages = page(5, [config_map("a", 1)], token="more"), page(5, [config_map("b", 2)])
    async with following.through(*pages):
        assert len(following.store) == 2


async def test_a_list_whose_token_ran_out_loses_nothing(following: Following) -> None:
    first = page(5, [config_map("a", 1)], token="more")
    whole = page(9, [config_map("a", 1), config_map("b", 2)])
    async with following.through(first, refuse(410, "Expired"), whole):
        assert len(following.store) == 2
    assert following.told == [("a", "trade"), ("b", "trade")]


async def test_a_watch_that_ends_goes_on_from_the_last_version(following: Following) -> None:
    watch = stream(event("ADDED", config_map("a", 7)), bookmark(9))
    async with following.through(page(5), watch, stream()):
        assert following.store.get(A) is not None
    assert following.asked == ["list", "5", "9", "9"]


async def test_a_frozen_watch_goes_on_from_the_last_version(following: Following) -> None:
    frozen = stream(event("ADDED", config_map("a", 7)), then="hang")
    async with following.through(page(5), frozen, timeouts=Timeouts(idle=0.05)):
        pass
    assert following.asked[:3] == ["list", "5", "7"]


async def test_a_version_that_is_too_old_means_to_list_again(following: Following) -> None:
    gone = stream(event("ERROR", failure(410, "Expired")))
    async with following.through(page(5, [config_map("a", 1)]), gone, page(9)):
        assert following.store.get(A) is None
    assert following.asked == ["list", "5", "list", "9"]
    assert following.told == [("a", "trade"), ("a", "trade")]


async def test_a_lost_connection_does_not_mean_to_list_again(following: Following) -> None:
    async with following.through(page(5), lose, stream(bookmark(6), then="break"), refuse(503)):
        pass
    assert following.asked == ["list", "5", "5", "6", "6"]


async def test_a_server_that_is_away_for_long_is_asked_less_and_less(following: Following) -> None:
    away = [refuse(500)] * 4
    async with following.through(page(5), *away, *[lose] * 16, page(9)):
        pass
    assert following.waits[0] <= 1
    assert max(following.waits) >= 15
    assert following.asked[0:6] == ["list", "5", "5", "5", "5", "5"]
    assert following.asked[-1] == "9"


async def test_a_busy_server_is_left_alone_as_long_as_it_asks(following: Following) -> None:
    busy = answer(failure(429), 429, **{"Retry-After": "20"})
    async with following.through(page(5), busy):
        pass
    assert following.waits == [20.0]
    assert following.asked == ["list", "5", "5"]


async def test_a_watch_that_always_ends_at_once_is_not_raced(following: Following) -> None:
    async with following.through(page(5), *[stream()] * 6):
        pass
    assert len(following.waits) == 6
    assert sum(following.waits) > 20


async def test_nonsense_that_does_not_end_means_to_list_again(following: Following) -> None:
    async with following.through(page(5), *[stream("nonsense")] * 5, page(9)):
        pass
    assert following.asked == ["list", *["5"] * 5, "list", "9"]


async def test_an_object_that_cannot_be_read_does_not_end_the_reflector(
    following: Following, caplog: pytest.LogCaptureFixture
) -> None:
    odd = config_map("a", 7) | {"kind": "Oddity"}
    async with following.through(page(5), stream(event("ADDED", odd)), page(9)):
        pass
    assert following.asked == ["list", "5", "list", "9"]
    assert "following ConfigMap in chains failed" in caplog.text


async def test_a_version_that_steps_back_means_to_list_again(following: Following) -> None:
    restored = stream(event("ADDED", config_map("b", 300)))
    old = page(300, [config_map("a", 200, old="1")])
    async with following.through(page(500, [config_map("a", 450)]), restored, old):
        known = following.store.get(A)
        assert known is not None
        assert known.detail == {"old": "1"}
        assert len(following.store) == 1
    assert following.asked == ["list", "500", "list", "300"]


async def test_deleted_objects_are_told_with_their_last_labels(following: Following) -> None:
    gone = stream(event("DELETED", config_map("a", 7)))
    async with following.through(page(5, [config_map("a", 1)]), gone):
        assert following.store.get(A) is None
    assert following.told == [("a", "trade"), ("a", "trade")]


async def test_both_chains_hear_of_an_object_that_moved(following: Following) -> None:
    moved = config_map("a", 7)
    moved["metadata"]["labels"][CHAIN_LABEL] = "other"
    async with following.through(page(5, [config_map("a", 1)]), stream(event("MODIFIED", moved))):
        pass
    assert following.told == [("a", "trade"), ("a", "trade"), ("a", "other")]


async def test_an_event_that_changes_nothing_is_not_told(following: Following) -> None:
    same = stream(event("MODIFIED", config_map("a", 7)), event("MODIFIED", config_map("a", 8)))
    async with following.through(page(5, [config_map("a", 1)]), same):
        pass
    assert following.told == [("a", "trade")]


async def test_missing_rights_are_visible_and_heal(following: Following) -> None:
    async with following.through(*[refuse(403, "Forbidden", "may not")] * 8) as reflector:
        assert isinstance(reflector.forbidden, Forbidden)
        assert not reflector.synced.is_set()
        assert following.waits[0] <= 1
        assert 15 <= following.waits[-1] <= 30


async def test_rights_that_are_granted_later_are_used(following: Following) -> None:
    async with following.through(refuse(403, "Forbidden"), page(5)) as reflector:
        assert reflector.forbidden is None
        assert reflector.synced.is_set()


async def test_health_is_to_have_heard_the_server_lately(following: Following) -> None:
    async with following.through(page(5), stream(bookmark(6))) as reflector:
        heard = reflector.last_heard
        assert reflector.healthy(heard + 179)
        assert not reflector.healthy(heard + 180)


async def test_lost_connections_are_not_heard(following: Following) -> None:
    async with following.through(page(5), *[lose] * 3) as reflector:
        assert following.now > 0
        assert reflector.last_heard == 0


async def test_a_refusal_is_heard(following: Following) -> None:
    refusals = [refuse(403, "Forbidden")] * 5
    async with following.through(*refusals) as reflector:
        assert reflector.healthy(following.now)


async def test_reflectors_together_are_as_healthy_as_the_worst(api: FakeApi) -> None:
    async with api.client() as client:
        all_kinds = Reflectors(client, Store(), lambda key, labels: None, ["one", "two"])
        assert not all_kinds.healthy(0)
        all_kinds.start()
        await api.all_asked.wait()
        now = asyncio.get_running_loop().time()
        assert all_kinds.healthy(now)
        assert not all_kinds.healthy(now + 200)
        await all_kinds.stop()
        assert not all_kinds.healthy(now)


async def test_a_namespace_that_is_refused_does_not_stop_another(api: FakeApi) -> None:
    """It was heard of, and nothing is known of it."""
    api.by_path = {"/namespaces/one/": page(5), "/namespaces/two/": refuse(403, "Forbidden")}
    async with api.client() as client:
        both = Reflectors(client, Store(), lambda key, labels: None, ["one", "two"])
        both.start()
        async with asyncio.timeout(30):
            await both.wait_heard()
        assert both.is_synced("one")
        assert not both.is_synced("two")
        assert not both.is_synced()
        assert {refusal.status for refusal in both.forbidden()} == {403}
        await both.stop()


async def test_what_gets_no_answer_is_waited_for(api: FakeApi) -> None:
    api.by_path = {"/namespaces/one/": page(5), "/namespaces/two/": hang}
    async with api.client() as client:
        both = Reflectors(client, Store(), lambda key, labels: None, ["one", "two"])
        both.start()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await both.wait_heard()
        await both.stop()
