"""/healthz, /readyz and /metrics.

/healthz fails when the process cannot recover on its own (a watch that hears nothing, an event
loop that lags): the kubelet then restarts it. /readyz fails until the first lists are complete.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.hdrs import CONTENT_TYPE
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Check = Callable[[], str | None]
"""None, or a sentence that says what is wrong."""

MAX_LAG_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Checks:
    live: Sequence[Check]
    ready: Sequence[Check]


def _answer(checks: Sequence[Check]) -> web.Response:
    wrong = [problem for check in checks if (problem := check()) is not None]
    return web.Response(status=500 if wrong else 200, text="\n".join(wrong or ["ok"]) + "\n")


def application(checks: Checks, metrics: CollectorRegistry) -> web.Application:
    async def healthz(_: web.Request) -> web.Response:
        return _answer(checks.live)

    async def readyz(_: web.Request) -> web.Response:
        return _answer([*checks.live, *checks.ready])

    async def metricsz(_: web.Request) -> web.Response:
        # With the version of the format: scrapers of today refuse to guess it.
        return web.Response(
            body=generate_latest(metrics), headers={CONTENT_TYPE: CONTENT_TYPE_LATEST}
        )

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metricsz)
    return app


class LagMeter:
    """How late the event loop is: a blocked loop cannot renew watches, whatever they say."""

    def __init__(self, interval: float = 1.0) -> None:
        self._interval = interval
        self._expected: float | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._tick(), name="loop-lag")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def lag(self) -> float:
        """Seconds; 0 where it is on time, or not measured."""
        if self._expected is None:
            return 0.0
        return max(asyncio.get_running_loop().time() - self._expected, 0.0)

    def check(self) -> str | None:
        lag = self.lag()
        return f"the event loop lags by {lag:.1f} s" if lag > MAX_LAG_SECONDS else None

    async def _tick(self) -> None:
        while True:
            self._expected = asyncio.get_running_loop().time() + self._interval
            await asyncio.sleep(self._interval)
