"""The operator as a process: it lists before it acts, hears of chains and children, and ends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import kopf
import pytest

from consortium_operator.handlers import kopf_handlers
from consortium_operator.handlers.operator import Operator, Options
from tests import chains
from tests.unit.kube.fake_api import FakeApi, hang, page


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


async def _probe(options: Options, path: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{options.port}/{path}") as answer,
    ):
        return answer.status


async def test_it_is_ready_once_everything_was_listed(api: FakeApi, options: Options) -> None:
    operator = Operator(options)
    await operator.start()
    assert await _probe(options, "readyz") == 200
    assert await _probe(options, "healthz") == 200
    await operator.stop()


async def test_it_is_live_but_not_ready_before(api: FakeApi, options: Options) -> None:
    api.by_path = {"configmaps": hang, "": page(1)}
    operator = Operator(options)
    starting = asyncio.create_task(operator.start())
    async with asyncio.timeout(5):
        while not await _reachable(options):  # noqa: ASYNC110  # another process would poll, too
            await asyncio.sleep(0.02)
    assert await _probe(options, "healthz") == 200
    assert await _probe(options, "readyz") == 500
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await operator.stop()


async def _reachable(options: Options) -> bool:
    try:
        await _probe(options, "healthz")
    except aiohttp.ClientError:
        return False
    return True


async def test_a_stopped_operator_leaves_no_task(api: FakeApi, options: Options) -> None:
    before = asyncio.all_tasks()
    operator = Operator(options)
    await operator.start()
    operator.chain_event("ADDED", _body())
    await operator.stop()
    await asyncio.sleep(0.05)
    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not [name for name in left if name.startswith(("follow", "reconcile", "queue", "loop"))]


async def test_a_new_chain_is_reconciled_at_once(api: FakeApi, options: Options) -> None:
    operator = Operator(options)
    await operator.start()
    operator.chain_event("ADDED", _body())
    async with asyncio.timeout(5):
        while not _patched(api):  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.02)
    assert _patched(api) == ["/status"]
    await operator.stop()


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


class Recorder:
    def __init__(self) -> None:
        self.calls: list[object] = []

    async def start(self) -> None:
        self.calls.append("start")

    async def stop(self) -> None:
        self.calls.append("stop")

    def chain_event(self, kind: str | None, body: object) -> None:
        self.calls.append((kind, body))


async def test_kopf_writes_nothing_by_itself() -> None:
    settings, recorder = kopf.OperatorSettings(), Recorder()
    await HANDLERS.start(settings=settings, memo=kopf.Memo(operator=recorder))
    assert settings.posting.enabled is False
    assert settings.scanning.disabled is True
    assert recorder.calls == ["start"]


async def test_every_event_reaches_the_operator() -> None:
    recorder = Recorder()
    memo = kopf.Memo(operator=recorder)
    for kind in (None, "ADDED", "MODIFIED", "DELETED"):
        await HANDLERS.chain_event(event={"type": kind, "object": {"a": 1}}, memo=memo)
    await HANDLERS.stop(memo=memo)
    assert recorder.calls == [
        (None, {"a": 1}),
        ("ADDED", {"a": 1}),
        ("MODIFIED", {"a": 1}),
        ("DELETED", {"a": 1}),
        "stop",
    ]


def test_no_handler_needs_a_finalizer_or_an_annotation() -> None:
    """Timers, daemons and handlers of changes would each leave something on the resource."""
    registry = HANDLERS.registry
    assert list(registry._spawning.get_all_handlers()) == []
    assert list(registry._changing.get_all_handlers()) == []
    assert len(list(registry._watching.get_all_handlers())) == 1
