"""Probes that really fail: each says what is wrong, and nothing else makes it fail."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from consortium_operator.handlers.http import Checks, LagMeter, application
from consortium_operator.handlers.metrics import Metrics
from consortium_operator.kube.kinds import SECRET

Check = Callable[[], str | None]
Get = Callable[[str], Awaitable[tuple[int, str]]]


def well() -> str | None:
    return None


def ill() -> str | None:
    return "a watch is dead"


@asynccontextmanager
async def served(
    live: Check, ready: Check, registry: CollectorRegistry | None = None
) -> AsyncIterator[Get]:
    checks = Checks(live=(well, live), ready=(ready,))
    server = TestServer(application(checks, registry or CollectorRegistry()))
    async with TestClient(server) as client:

        async def get(path: str) -> tuple[int, str]:
            answer = await client.get(path)
            return answer.status, await answer.text()

        yield get


@pytest.mark.parametrize(
    ("live", "ready", "healthz", "readyz"),
    [(well, well, 200, 200), (well, ill, 200, 500), (ill, well, 500, 500)],
)
async def test_a_probe_fails_by_its_own_checks(
    live: Check, ready: Check, healthz: int, readyz: int
) -> None:
    async with served(live, ready) as get:
        for path, wanted in (("/healthz", healthz), ("/readyz", readyz)):
            status, text = await get(path)
            assert status == wanted
            assert text == ("ok\n" if wanted == 200 else "a watch is dead\n")


async def test_a_check_is_asked_at_every_probe() -> None:
    answers: list[str | None] = [None, "broken", None]
    async with served(lambda: answers.pop(0), well) as get:
        found = [(await get("/healthz"))[0] for _ in range(3)]
    assert found == [200, 500, 200]


async def test_metrics_tell_calls_by_verb_kind_and_status() -> None:
    metrics = Metrics()
    metrics.observe_call("get", SECRET, 404, 0.1)
    async with served(well, well, metrics.registry) as get:
        status, text = await get("/metrics")
    assert status == 200
    assert (
        'consortium_kubernetes_request_duration_seconds_count{kind="Secret",status="404",'
        'verb="get"} 1.0'
    ) in text


async def test_metrics_name_the_version_of_their_format() -> None:
    """Prometheus 3 does not guess it."""
    checks = Checks(live=(), ready=())
    async with TestClient(TestServer(application(checks, CollectorRegistry()))) as client:
        answer = await client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")


async def test_a_blocked_event_loop_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consortium_operator.handlers.http.MAX_LAG_SECONDS", 0.1)
    meter = LagMeter(interval=0.01)
    assert meter.check() is None
    meter.start()
    await asyncio.sleep(0.05)
    assert meter.check() is None
    time.sleep(0.2)  # noqa: ASYNC251  # this is what it has to notice
    assert meter.check() is not None
    await asyncio.sleep(0.05)
    assert meter.check() is None
    await meter.stop()
