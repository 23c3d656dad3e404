"""The operator as a process: it lists before it acts, hears of chains and children, and ends."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import kopf
import pytest
from aiohttp import web

from consortium_operator.handlers import kopf_handlers
from consortium_operator.handlers.operator import Operator, Options, Place, SteppedBack
from consortium_operator.kube.election import TERMS
from consortium_operator.kube.kinds import LEASE, ObjectKey
from consortium_operator.kube.lease import Candidate
from consortium_operator.kube.reflector import SILENCE_LIMIT
from consortium_operator.reconcile.outside import utc_now
from tests import chains
from tests.unit.kube.fake_api import FakeApi, answer, hang, page, refuse


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[FakeApi]:
    """Lists are empty, watches silent, everything else is never answered."""
    api = FakeApi(tmp_path)
    api.by_path[""] = page(1)
    async with api.client():
        yield api


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(chains.SETTINGS, "127.0.0.1", _free_port(), tmp_path / "kubeconfig")


Tell = Callable[[str | None, Mapping[str, Any]], None]


class Following:
    """In kopf's place. `gives_up`: set to have it fail as kopf does."""

    def __init__(self) -> None:
        self.tell: list[Tell] = []
        self.places: list[Place] = []
        self.gives_up = asyncio.Event()

    async def __call__(self, tell: Tell, place: Place) -> None:
        self.tell.append(tell)
        self.places.append(place)
        await self.gives_up.wait()
        self.gives_up.clear()
        raise RuntimeError("the watch was refused")

    async def begun(self, times: int) -> None:
        async with asyncio.timeout(30):
            while len(self.tell) < times:  # noqa: ASYNC110  # as another process would
                await asyncio.sleep(0.02)


async def _nothing(tell: Tell, place: Place) -> None:
    await asyncio.Event().wait()


async def _started(options: Options) -> Operator:
    operator = Operator(options, _nothing)
    await operator.open()
    await operator.start()
    return operator


async def _probe(options: Options, path: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{options.port}/{path}") as answer,
    ):
        return answer.status


_APIS = answer(
    {
        "groups": [{"name": "consortium.dev"}],
        "resources": [{"name": "consortiumchains"}],
    }
)


async def test_it_is_ready_once_everything_was_listed(api: FakeApi, options: Options) -> None:
    following = Following()
    api.by_path = {"/apis/consortium.dev/v1alpha1": _APIS, "/apis/": page(1), "/apis": _APIS}
    api.by_path[""] = page(1)
    running = asyncio.create_task(Operator(options, following).run())
    await following.begun(1)
    assert await _probe(options, "readyz") == 200
    assert await _probe(options, "healthz") == 200
    await _end(running)


async def _end(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_without_the_crd_it_is_live_and_waits(api: FakeApi, options: Options) -> None:
    following = Following()
    api.by_path = {"/apis/consortium.dev/v1alpha1": refuse(404), "/apis/": page(1), "/apis": _APIS}
    api.by_path[""] = page(1)
    running = asyncio.create_task(Operator(options, following).run())
    await _reached(options)
    async with asyncio.timeout(30):
        while "discover" not in await _metrics(options):  # noqa: ASYNC110  # as Prometheus would
            await asyncio.sleep(0.02)
    assert await _probe(options, "healthz") == 200
    assert await _probe(options, "readyz") == 500
    assert following.tell == []
    api.by_path["/apis/consortium.dev/v1alpha1"] = _APIS
    await following.begun(1)
    assert await _probe(options, "readyz") == 200
    await _end(running)


async def test_a_watch_that_ends_begins_anew_and_what_is_not_listed_then_is_gone(
    api: FakeApi, options: Options
) -> None:
    following = Following()
    api.by_path = {"/apis/consortium.dev/v1alpha1": _APIS, "/apis/": page(1), "/apis": _APIS}
    api.by_path[""] = page(1)
    operator = Operator(options, following)
    running = asyncio.create_task(operator.run())
    await following.begun(1)
    following.tell[0]("ADDED", _body())
    assert "consortium_chains 1.0" in await _metrics(options)
    following.gives_up.set()
    await following.begun(2)
    assert "consortium_chains 0.0" in await _metrics(options)
    assert await _probe(options, "readyz") == 200
    await _end(running)


async def test_each_named_namespace_is_followed_on_its_own(api: FakeApi, options: Options) -> None:
    following = Following()
    api.by_path = {"/apis/consortium.dev/v1alpha1": _APIS, "/apis/": page(1), "/apis": _APIS}
    api.by_path[""] = page(1)
    running = asyncio.create_task(Operator(replace(options, places=("a", "b")), following).run())
    await following.begun(2)
    assert set(following.places) == {"a", "b"}
    listed = {request.path for request in api.requests if request.path.endswith("/configmaps")}
    assert listed == {f"/api/v1/namespaces/{place}/configmaps" for place in "ab"}
    await _end(running)


async def test_a_namespace_that_is_refused_is_left_alone_and_the_others_are_not(
    api: FakeApi, options: Options
) -> None:
    """What cannot be seen in it may be there all the same. It is told, and nothing else is done."""
    refused = refuse(403, "Forbidden")
    api.by_path = {"/namespaces/a/configmaps": refused, "/secrets": refused, "": page(1)}
    operator = Operator(replace(options, places=("a", "chains")), _nothing)
    await operator.open()
    await operator.start()
    unseen = _body()
    unseen["metadata"]["namespace"] = "a"
    operator.chain_event("ADDED", unseen)
    operator.chain_event("ADDED", _body())
    async with asyncio.timeout(30):
        while not _patched(api):  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.02)
    async with asyncio.timeout(30):
        while not _written(api, "a"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await operator.stop()
    assert {path.rpartition("/")[2] for path in _written(api, "a")} <= {"status", "events"}


async def test_who_waits_for_the_lease_is_ready_and_asks_for_nothing_else(
    api: FakeApi, options: Options
) -> None:
    metadata = {"name": "operator", "namespace": "ops", "resourceVersion": "1"}
    spec = {"holderIdentity": "another", "leaseDurationSeconds": 15}
    api.by_path = {"/leases/": answer({"metadata": metadata, "spec": spec})}
    asked = asyncio.Event()

    async def sleep(_: float) -> None:
        asked.set()
        await asyncio.Event().wait()

    key = ObjectKey(LEASE, "ops", "operator")
    candidate = Candidate(key, "me", TERMS, lambda _: None, utc_now, sleep=sleep)
    following = Following()
    running = asyncio.create_task(Operator(replace(options, candidate=candidate), following).run())
    await asyncio.wait_for(asked.wait(), 5)
    assert await _probe(options, "readyz") == 200
    assert "consortium_operator_active 0.0" in await _metrics(options)
    assert {request.path.rpartition("/")[0] for request in api.requests} == {
        "/apis/coordination.k8s.io/v1/namespaces/ops/leases"
    }
    assert following.tell == []
    await _end(running)


async def test_who_may_not_even_ask_for_the_lease_is_not_ready(
    api: FakeApi, options: Options
) -> None:
    api.by_path = {"/leases/": refuse(403, "Forbidden", "no right to leases")}
    key = ObjectKey(LEASE, "ops", "operator")
    candidate = Candidate(key, "me", TERMS, lambda _: None, utc_now)
    running = asyncio.create_task(Operator(replace(options, candidate=candidate), _nothing).run())
    await _reached(options)
    async with asyncio.timeout(30):
        while await _probe(options, "readyz") == 200:  # noqa: ASYNC110  # as the kubelet would
            await asyncio.sleep(0.02)
    assert await _probe(options, "healthz") == 200
    await _end(running)


async def test_who_waits_in_vain_for_any_answer_is_started_anew(
    api: FakeApi, options: Options
) -> None:
    """Such as one that does not trust the cluster's new CA."""
    now = [0.0]
    key = ObjectKey(LEASE, "ops", "operator")
    candidate = Candidate(key, "me", TERMS, lambda _: None, utc_now, lambda: now[0])
    api.by_path = {"/leases/": hang}
    running = asyncio.create_task(Operator(replace(options, candidate=candidate), _nothing).run())
    await _reached(options)
    assert await _probe(options, "healthz") == 200
    now[0] = SILENCE_LIMIT
    assert await _probe(options, "healthz") == 500
    await _end(running)


async def test_an_end_that_no_watch_has_told_is_noticed(api: FakeApi, options: Options) -> None:
    """And a beginning. What is newer than the list is left to the watch."""
    chains_path = "/apis/consortium.dev/v1alpha1/consortiumchains"
    late, new = _body(), _body()
    late["metadata"] |= {"name": "late", "resourceVersion": "12"}
    new["metadata"] |= {"name": "new", "resourceVersion": "9"}
    api.by_path = {"": page(1)}
    operator = await _started(options)
    operator.chain_event("ADDED", _body())

    async def overtaken(request: web.Request) -> web.StreamResponse:
        operator.chain_event("ADDED", late)
        return await page(11, [new])(request)

    api.by_path = {chains_path: overtaken, "": page(1)}
    await operator.look_over(None)
    assert sorted(key.name for key in operator._chains) == ["late", "new"]
    await operator.stop()


async def test_after_a_restore_of_etcd_the_process_begins_anew(
    api: FakeApi, options: Options
) -> None:
    """Else what it has seen would count as newer than all that is there, for hours."""
    operator = await _started(options)
    operator.chain_event("ADDED", _body())
    api.by_path = {"/consortiumchains": page(3), "": page(1)}
    with pytest.raises(SteppedBack):
        await operator.look_over(None)
    await operator.stop()


async def _metrics(options: Options) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{options.port}/metrics") as answer,
    ):
        return await answer.text()


async def test_it_is_live_but_not_ready_before(api: FakeApi, options: Options) -> None:
    api.by_path = {"configmaps": hang, "": page(1)}
    operator = Operator(options, _nothing)
    await operator.open()
    starting = asyncio.create_task(operator.start())
    await _reached(options)
    assert await _probe(options, "healthz") == 200
    assert await _probe(options, "readyz") == 500
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await operator.stop()


async def _reached(options: Options) -> None:
    async with asyncio.timeout(30):
        while not await _reachable(options):  # noqa: ASYNC110  # another process would poll, too
            await asyncio.sleep(0.02)


async def _reachable(options: Options) -> bool:
    try:
        await _probe(options, "healthz")
    except aiohttp.ClientError:
        return False
    return True


async def test_a_stopped_operator_leaves_no_task(api: FakeApi, options: Options) -> None:
    before = asyncio.all_tasks()
    operator = await _started(options)
    operator.chain_event("ADDED", _body())
    await operator.stop()
    await asyncio.sleep(0.05)
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not [name for name in left if name.startswith(("follow", "reconcile", "queue", "loop"))]


async def test_a_new_chain_is_reconciled_at_once(api: FakeApi, options: Options) -> None:
    operator = await _started(options)
    operator.chain_event("ADDED", _body())
    async with asyncio.timeout(30):
        while not _patched(api):  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.02)
    assert _patched(api) == ["/status"]
    await operator.stop()


def _written(api: FakeApi, namespace: str) -> list[str]:
    place = f"/namespaces/{namespace}/"
    return [r.path for r in api.requests if r.method != "GET" and place in r.path]


def _patched(api: FakeApi) -> list[str]:
    chain = "/apis/consortium.dev/v1alpha1/namespaces/chains/consortiumchains/trade"
    return [r.path.removeprefix(chain) for r in api.requests if r.method == "PATCH"]


def _body() -> dict[str, Any]:
    """An invalid one: its round makes one call, the status."""
    body = chains.resource(chainId="not-alnum")
    body["metadata"] |= {"resourceVersion": "7", "generation": 1}
    return body


# kopf. Its own types ask for every argument that it would give.

HANDLERS: Any = kopf_handlers


def test_kopf_writes_nothing_by_itself() -> None:
    settings = kopf_handlers.settings()
    assert settings.posting.enabled is False
    assert settings.scanning.disabled is True


def test_kopf_does_not_end_the_process() -> None:
    """It would kill it a while after it has given up its watch."""
    assert kopf_handlers.settings().process.ultimate_exiting_timeout is None


async def test_every_event_is_told() -> None:
    told: list[object] = []
    memo = kopf.Memo(tell=lambda kind, body: told.append((kind, body)))
    for kind in (None, "ADDED", "MODIFIED", "DELETED"):
        await HANDLERS.chain_event(event={"type": kind, "object": {"a": 1}}, memo=memo)
    assert told == [
        (None, {"a": 1}),
        ("ADDED", {"a": 1}),
        ("MODIFIED", {"a": 1}),
        ("DELETED", {"a": 1}),
    ]


def test_no_handler_needs_a_finalizer_or_an_annotation() -> None:
    """Timers, daemons and handlers of changes would each leave something on the resource."""
    registry = HANDLERS.registry
    assert list(registry._spawning.get_all_handlers()) == []
    assert list(registry._changing.get_all_handlers()) == []
    assert len(list(registry._watching.get_all_handlers())) == 1
