"""The keyed work queue: many triggers, one worker a chain, back-off on errors.

A key that is poked while its worker runs is run once more afterwards, however often it was poked.
A bound on workers keeps a fleet of chains from starting all at once.
"""

import asyncio
import contextlib
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable

from consortium_operator.chain.naming import ChainKey
from consortium_operator.kube.backoff import Backoff
from consortium_operator.kube.errors import ApiError, TooManyRequests

log = logging.getLogger(__name__)

Handler = Callable[[ChainKey], Awaitable[float | None]]
"""Reconciles one chain; returns after how many seconds to come again, or None."""

Waited = Callable[[float], None]
"""Told how many seconds a chain has waited for a worker."""


class ReconcileQueue:
    """Runs `handler` for poked keys, at most `workers` at a time and never twice for one key."""

    def __init__(
        self,
        handler: Handler,
        *,
        workers: int = 8,
        longest_wait: float = 120.0,
        waited: Waited = lambda _: None,
    ) -> None:
        self._handler = handler
        self._waited = waited
        self._at_work: set[ChainKey] = set()
        self._slots = asyncio.Semaphore(workers)
        self._longest_wait = longest_wait
        self._waiting: set[ChainKey] = set()
        self._running: dict[ChainKey, asyncio.Task[None]] = {}
        self._failing: dict[ChainKey, Backoff] = {}
        self._failed_at: dict[ChainKey, str] = {}
        self._not_before: dict[ChainKey, float] = {}
        self._due: dict[ChainKey, float] = {}
        self._timers: list[tuple[float, int, ChainKey]] = []
        self._order = itertools.count()
        self._timer_changed = asyncio.Event()
        self._clock_task: asyncio.Task[None] | None = None
        self._stopped = False

    def start(self) -> None:
        self._clock_task = asyncio.create_task(self._run_timers(), name="queue-timers")

    async def stop(self) -> None:
        self._stopped = True
        tasks = [*self._running.values()] + ([self._clock_task] if self._clock_task else [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def poke(self, key: ChainKey) -> None:
        """Have the chain reconciled soon; where the API server named a time to stay away, then."""
        if self._stopped:
            return
        wait = self._not_before.get(key, 0.0) - asyncio.get_running_loop().time()
        if wait > 0 and key not in self._running:
            self.poke_after(key, wait)
            return
        self._not_before.pop(key, None)
        self._due.pop(key, None)
        if key in self._running:
            self._waiting.add(key)
        else:
            self._running[key] = asyncio.create_task(self._run(key), name=f"reconcile {key}")

    def poke_after(self, key: ChainKey, seconds: float) -> None:
        """Have the chain reconciled in `seconds`, unless it is poked before or due earlier."""
        due = asyncio.get_running_loop().time() + seconds
        if self._due.get(key, due + 1) <= due:
            return
        self._due[key] = due
        heapq.heappush(self._timers, (due, next(self._order), key))
        self._timer_changed.set()

    def forget(self, key: ChainKey) -> None:
        """The chain's resource is gone: no retry, no timer."""
        self._recovered(key)
        self._not_before.pop(key, None)
        self._due.pop(key, None)
        self._waiting.discard(key)

    @property
    def depth(self) -> int:
        """Chains that run or wait to."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Chains that wait for a worker."""
        return len(self._running) - len(self._at_work)

    @property
    def failing(self) -> int:
        """Chains whose last round failed: they are tried again, later each time."""
        return len(self._failing)

    async def _run(self, key: ChainKey) -> None:
        poked = asyncio.get_running_loop().time()
        try:
            async with self._slots:
                self._at_work.add(key)
                self._waited(asyncio.get_running_loop().time() - poked)
                again = await self._attempt(key)
        finally:
            self._at_work.discard(key)
            del self._running[key]
        if key in self._waiting:
            self._waiting.discard(key)
            self.poke(key)
        elif again is not None:
            self.poke_after(key, again)

    async def _attempt(self, key: ChainKey) -> float | None:
        self._waiting.discard(key)
        try:
            again = await self._handler(key)
        except ApiError as error:
            # Another step than the last time: there was progress, and the server is not gone.
            step = f"{error.verb} {error.key}"
            if self._failed_at.get(key) != step:
                self._recovered(key)
            self._failed_at[key] = step
            delay = self._back_off(key)
            if isinstance(error, TooManyRequests):
                delay = max(delay, error.retry_after)
                self._not_before[key] = asyncio.get_running_loop().time() + error.retry_after
            log.warning("%s; next try in %.1f s", error, delay, extra={"chain": str(key)})
            return delay
        except Exception:
            # The one place that catches everything: a chain's bug must not stop the others.
            delay = self._back_off(key)
            log.exception("reconcile failed, next try in %.1f s", delay, extra={"chain": str(key)})
            return delay
        self._recovered(key)
        return again

    def _recovered(self, key: ChainKey) -> None:
        self._failing.pop(key, None)
        self._failed_at.pop(key, None)

    def _back_off(self, key: ChainKey) -> float:
        backoff = self._failing.setdefault(key, Backoff(first=1.0, most=self._longest_wait))
        return backoff.next()

    async def _run_timers(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._timer_changed.clear()
            timeout = self._timers[0][0] - loop.time() if self._timers else None
            if timeout is None or timeout > 0:
                # Not wait_for: that of Python 3.11 loses a cancellation which comes together with
                # what it waits for (https://github.com/python/cpython/issues/86296).
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(timeout):
                        await self._timer_changed.wait()
                continue
            due, _, key = heapq.heappop(self._timers)
            if self._due.get(key) == due:
                del self._due[key]
                self.poke(key)
