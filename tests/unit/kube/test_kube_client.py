"""The client against an API server that misbehaves: what is repeated, what is never."""

import json
import logging
from pathlib import Path

import pytest

from consortium_operator.kube.client import KubeClient, WatchEvent
from consortium_operator.kube.errors import (
    ApiError,
    Conflict,
    Expired,
    Invalid,
    TooManyRequests,
    Unavailable,
)
from consortium_operator.kube.kinds import CONFIG_MAP, POD, SECRET, Kind, ObjectKey, key_of
from consortium_operator.kube.transport import Call, Surroundings, Timeouts
from tests.unit.kube.fake_api import (
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

KEY = ObjectKey(CONFIG_MAP, "chains", "settings")
CANARY = "canary-of-a-private-key"


class Waits:
    """Stands for sleeping: notes how long, and does not."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)

    @property
    def around(self) -> Surroundings:
        return Surroundings(sleep=self.sleep)


async def test_a_read_waits_as_long_as_a_busy_server_asks_for(api: FakeApi) -> None:
    api.will(answer(failure(429), 429, **{"Retry-After": "7"}), answer(config_map("settings", 1)))
    waits = Waits()
    async with api.client(surroundings=waits.around) as client:
        assert await client.get(KEY) == config_map("settings", 1)
    assert waits.seconds == [7.0]


async def test_a_read_does_not_wait_for_ever_where_the_server_asks_for_it(api: FakeApi) -> None:
    busy = answer(failure(429), 429, **{"Retry-After": "86400"})
    api.will(busy, answer(config_map("settings", 1)))
    waits = Waits()
    async with api.client(surroundings=waits.around) as client:
        await client.get(KEY)
    assert waits.seconds == [30.0]


@pytest.mark.parametrize("trouble", [refuse(500), refuse(503), lose, answer("<html>", 502)])
async def test_a_read_survives_a_moment_of_trouble(api: FakeApi, trouble: object) -> None:
    api.will(trouble, trouble, trouble, answer(config_map("settings", 1)))  # type: ignore[arg-type]  # parametrised
    waits = Waits()
    async with api.client(surroundings=waits.around) as client:
        assert await client.get(KEY) == config_map("settings", 1)
    assert waits.seconds == sorted(waits.seconds)
    assert len(waits.seconds) == 3


async def test_a_read_gives_up_in_the_end(api: FakeApi) -> None:
    api.will(*[refuse(500)] * 5)
    async with api.client(surroundings=Waits().around) as client:
        with pytest.raises(Unavailable):
            await client.get(KEY)
    assert len(api.requests) == 4


@pytest.mark.parametrize(
    "verb", ["create", "apply", "replace", "delete", "patch_status", "evict", "grow", "patch"]
)
@pytest.mark.parametrize("trouble", [refuse(500), refuse(429), lose], ids=["500", "429", "lost"])
async def test_a_write_is_sent_once(api: FakeApi, verb: str, trouble: object) -> None:
    api.will(trouble, answer(config_map("settings", 1)))  # type: ignore[arg-type]  # parametrised
    writes = {
        "delete": (KEY, "uid-settings"),
        "patch_status": (KEY, {}),
        "evict": ("chains", "node-0", "uid"),
        "grow": (KEY, "30Gi"),
        "patch": (KEY, []),
    }
    arguments = writes.get(verb, (config_map("settings", 1),))
    more = {"uid": "uid-settings"} if verb in ("patch_status", "grow") else {}
    async with api.client(surroundings=Waits().around) as client:
        with pytest.raises((Unavailable, TooManyRequests)):
            await getattr(client, verb)(*arguments, **more)
    assert len(api.requests) == 1


async def test_a_write_that_is_not_answered_in_time_has_an_unknown_outcome(api: FakeApi) -> None:
    api.will(hang)
    async with api.client(Timeouts(request=0.05)) as client:
        with pytest.raises(Unavailable) as lost:
            await client.create(config_map("settings", 1))
    assert lost.value.status == 0


async def test_a_busy_server_says_when_a_write_may_come_again(api: FakeApi) -> None:
    api.will(answer(failure(429), 429, **{"Retry-After": "5"}))
    async with api.client() as client:
        with pytest.raises(TooManyRequests) as busy:
            await client.create(config_map("settings", 1))
    assert busy.value.retry_after == 5


@pytest.mark.parametrize(
    "missing",
    [
        answer("404 page not found\n", 404),
        answer("<html>no such site</html>", 404),
        refuse(404, "NotFound", "the server could not find the requested resource"),
        refuse(404, "NotFound", 'configmaps "other" not found', name="other"),
    ],
    ids=["no such path", "a load balancer", "no such resource", "another object"],
)
async def test_only_the_api_servers_own_word_counts_as_absence(
    api: FakeApi, missing: object
) -> None:
    api.will(missing, missing)  # type: ignore[arg-type]  # parametrised
    async with api.client() as client:
        with pytest.raises(Unavailable):
            await client.get(KEY)
        with pytest.raises(ApiError):
            await client.delete(KEY, "uid-settings")


async def test_what_the_api_server_says_is_absent_is_none(api: FakeApi) -> None:
    gone = refuse(404, "NotFound", 'configmaps "settings" not found', name="settings")
    api.will(gone, gone)
    async with api.client() as client:
        assert await client.get(KEY) is None
        assert await client.delete(KEY, "uid-settings") is None


@pytest.mark.parametrize("nonsense", ["", "[1]", '{"half": ', '{"deep":' * 5000 + "1" + "}" * 5000])
async def test_an_answer_that_is_no_object_is_no_answer(api: FakeApi, nonsense: str) -> None:
    api.will(answer(nonsense))
    async with api.client() as client:
        with pytest.raises(Unavailable, match="not a JSON object"):
            await client.get(KEY)


async def test_what_somebody_answers_in_the_servers_place_is_no_answer(api: FakeApi) -> None:
    """With 200 and JSON of its own: neither an object, nor a list that lacks everything."""
    api.will(*[answer({"status": "ok", "metadata": []})] * 2)
    async with api.client() as client:
        with pytest.raises(Unavailable, match="no object of Kubernetes"):
            await client.get(KEY)
        with pytest.raises(Unavailable, match="no object of Kubernetes"):
            async for _ in client.list_pages(CONFIG_MAP):
                pass


async def test_a_get_asks_for_the_newest_state(api: FakeApi) -> None:
    api.will(answer(config_map("settings", 1)))
    async with api.client() as client:
        await client.get(KEY)
    assert api.requests[0].path_qs == "/api/v1/namespaces/chains/configmaps/settings"
    assert api.requests[0].headers["Authorization"].lower() == "bearer the-token"


async def test_names_cannot_change_the_path(api: FakeApi) -> None:
    api.will(answer(config_map("settings", 1)))
    async with api.client() as client:
        await client.get(ObjectKey(CONFIG_MAP, "chains", "../../secrets?x=1"))
    assert api.requests[0].raw_path.endswith("/configmaps/..%2F..%2Fsecrets%3Fx=1")


async def test_an_apply_forces_in_the_operators_name(api: FakeApi) -> None:
    wanted = config_map("settings", 1, a="微众 𠀀 \u2028")
    api.will(answer(wanted))
    async with api.client() as client:
        await client.apply(wanted)
    assert api.queries == [
        {"fieldManager": "consortium-operator", "fieldValidation": "Strict", "force": "true"}
    ]
    assert json.loads(api.bodies[0]) == wanted
    assert "𠀀".encode() in api.bodies[0]
    assert "\u2028".encode() not in api.bodies[0]


async def test_a_dry_run_says_so_to_the_server(api: FakeApi) -> None:
    api.will(answer(config_map("settings", 1)))
    async with api.client() as client:
        await client.apply(config_map("settings", 1), dry_run=True)
    assert api.queries[0]["dryRun"] == "All"


async def test_a_list_follows_the_pages(api: FakeApi) -> None:
    first, second = config_map("a", 1), config_map("b", 2)
    api.will(page(5, [first], token="more"), page(5, [second]))
    async with api.client() as client:
        pages = [one async for one in client.list_pages(CONFIG_MAP, "chains", "x", limit=1)]
    assert pages == [([first], "5"), ([second], "5")]
    assert api.queries == [
        {"labelSelector": "x", "limit": "1"},
        {"labelSelector": "x", "limit": "1", "continue": "more"},
    ]


async def test_a_list_whose_token_ran_out_must_start_over(api: FakeApi) -> None:
    api.will(page(5, [config_map("a", 1)], token="more"), refuse(410, "Expired"))
    async with api.client() as client:
        pages = client.list_pages(CONFIG_MAP)
        await anext(pages)
        with pytest.raises(Expired):
            await anext(pages)


async def watched(client: KubeClient, kind: Kind = CONFIG_MAP) -> list[WatchEvent]:
    return [one async for one in client.watch(kind, "chains", resource_version="5")]


@pytest.mark.parametrize("length", [1, 9_500_000], ids=["short", "as long as etcd can hold"])
async def test_a_watch_tells_that_it_was_accepted_and_then_what_happens(
    api: FakeApi, length: int
) -> None:
    added = config_map("a", 6, escaped="x" * length)
    api.will(stream(event("ADDED", added), bookmark(9)))
    async with api.client() as client:
        events = await watched(client)
    assert [(one.type, one.resource_version) for one in events] == [
        ("BOOKMARK", "5"),
        ("ADDED", "6"),
        ("BOOKMARK", "9"),
    ]
    assert events[1].object == added
    query = api.queries[0]
    assert query["allowWatchBookmarks"] == "true"
    assert query["resourceVersion"] == "5"
    assert 240 <= int(query["timeoutSeconds"]) <= 360


async def test_a_frozen_watch_ends(api: FakeApi) -> None:
    api.will(stream(bookmark(6), then="hang"))
    async with api.client(Timeouts(idle=0.05)) as client:
        assert len(await watched(client)) == 2


async def test_a_watch_that_is_never_accepted_is_no_quiet_watch(api: FakeApi) -> None:
    api.will(hang)
    async with api.client(Timeouts(idle=0.05)) as client:
        with pytest.raises(Unavailable):
            await watched(client)


@pytest.mark.parametrize(
    "broken",
    [
        stream(bookmark(6), then="break"),
        stream('{"type": "ADDED", "obj'),
        stream("[]"),
        stream({"type": "ADDED"}),
        stream({"type": "ADDED", "object": {"metadata": {}}}),
        stream({"type": "RENAMED", "object": config_map("a", 6)}),
        stream(event("ERROR", failure(500, "InternalError"))),
        stream("x" * 17_000_000),
    ],
    ids=["cut", "half", "list", "no object", "no version", "type", "error", "endless line"],
)
async def test_a_watch_that_breaks_or_makes_no_sense_is_unavailable(
    api: FakeApi, broken: object
) -> None:
    api.will(broken)  # type: ignore[arg-type]  # parametrised
    async with api.client() as client:
        with pytest.raises(Unavailable):
            await watched(client)


@pytest.mark.parametrize(
    "gone", [refuse(410, "Expired"), stream(event("ERROR", failure(410, "Expired")))]
)
async def test_a_version_that_is_too_old_is_expired(api: FakeApi, gone: object) -> None:
    api.will(gone)  # type: ignore[arg-type]  # parametrised
    async with api.client() as client:
        with pytest.raises(Expired):
            await watched(client)


async def test_a_status_of_another_uid_is_a_conflict_and_one_against_the_schema_is_invalid(
    api: FakeApi,
) -> None:
    cause = {"field": "status.height", "message": "must be an integer"}
    api.will(refuse(422, "Invalid"), refuse(422, "Invalid", name="settings", causes=[cause]))
    async with api.client() as client:
        with pytest.raises(Conflict):
            await client.patch_status(KEY, {}, uid="uid-settings")
        with pytest.raises(Invalid):
            await client.patch_status(KEY, {}, uid="uid-settings")


async def test_watches_do_not_starve_requests(api: FakeApi) -> None:
    api.will(*[stream(then="hang")] * 150, answer(config_map("settings", 1)))
    async with api.client() as client:
        watches = [client.watch(CONFIG_MAP, resource_version="5") for _ in range(150)]
        for watch in watches:
            await anext(watch)
        assert await client.get(KEY) is not None
        for watch in watches:
            await watch.aclose()


async def test_every_call_is_observed(api: FakeApi) -> None:
    seen: list[tuple[str, str, int]] = []

    def observer(verb: str, kind: Kind, status: int, seconds: float) -> None:
        assert seconds >= 0
        seen.append((verb, kind.kind, status))

    api.will(answer(config_map("settings", 1)), refuse(409, "AlreadyExists"), lose)
    async with api.client(surroundings=Surroundings(observer=observer)) as client:
        await client.get(KEY)
        for _ in range(2):
            with pytest.raises(ApiError):
                await client.create(config_map("settings", 1))
    assert seen == [
        ("get", "ConfigMap", 200),
        ("create", "ConfigMap", 409),
        ("create", "ConfigMap", 0),
    ]


async def test_a_secret_appears_in_no_log_and_no_error(
    api: FakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key", "namespace": "chains"},
        "data": {"node.pem": CANARY},
    }
    api.will(
        answer(secret),
        refuse(422, "Invalid", f"data: Invalid value: {CANARY}", name="key"),
        refuse(403, "Forbidden", f'admission webhook "x" denied the request: {CANARY}'),
        answer(json.dumps(secret)[:-1]),
        lose,
    )
    async with api.client() as client:
        await client.create(secret)
        for _ in range(4):
            with pytest.raises(ApiError) as refused:
                await client.create(secret)
            chain = [refused.value, refused.value.__cause__, refused.value.__context__]
            assert CANARY not in "".join(map(repr, chain)) + str(refused.value)
    assert CANARY not in caplog.text


def test_a_call_that_a_traceback_shows_hides_its_body() -> None:
    assert CANARY not in repr(Call("create", KEY, "POST", "/", body={"data": CANARY}))


async def test_an_address_without_a_server_is_unavailable(tmp_path: Path, api: FakeApi) -> None:
    async with api.client():
        pass
    async with KubeClient.connect(tmp_path / "kubeconfig", surroundings=Waits().around) as client:
        with pytest.raises(Unavailable):
            await client.get(key_of(config_map("settings", 1)))
        with pytest.raises(Unavailable):
            await client.get(ObjectKey(SECRET, "chains", "key"))


async def test_a_log_is_read_by_lines_and_its_bytes_are_anybodys(api: FakeApi) -> None:
    pod = ObjectKey(POD, "chains", "node-0")
    api.will(answer("info|one\n\r\ntwo"))
    async with api.client() as client:
        lines = client.logs(pod, "node", since_seconds=60, follow=True)
        assert [line async for line in lines] == ["info|one", "", "two"]
    (request,) = api.requests
    assert request.path == "/api/v1/namespaces/chains/pods/node-0/log"
    assert api.queries == [{"container": "node", "sinceSeconds": "60", "follow": "true"}]


async def test_a_log_of_a_container_that_has_not_started_is_refused(api: FakeApi) -> None:
    pod = ObjectKey(POD, "chains", "node-0")
    api.will(refuse(400, "BadRequest", "container node is waiting to start"))
    async with api.client() as client:
        with pytest.raises(Invalid, match="waiting to start"):
            await anext(client.logs(pod, "node", since_seconds=60, follow=False))
