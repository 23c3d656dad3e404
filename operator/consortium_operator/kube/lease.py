"""The Lease by which one of several operators works, and no other (see `election`).

Its holder has the kernel end the process at the moment until which the Lease surely is its own,
and has that moment moved with every renewal. So it stops in time even where nothing of it runs: a
process that was frozen, or whose event loop is busy, ends before it writes another word. Checks
before each write could not promise that, and would have to stand in front of the nodes, too.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.election import (
    Sighting,
    Step,
    Terms,
    held,
    lease,
    next_step,
    record_of,
    released,
    sight,
)
from consortium_operator.kube.errors import AlreadyExists, ApiError, Conflict, Forbidden, NotFound
from consortium_operator.kube.kinds import ObjectKey

log = logging.getLogger(__name__)

_GOODBYE_SECONDS = 3.0


class LeaseLost(Exception):
    """This process must not work any more. Nobody sees it but tests: it has ended by then."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who wants which Lease. `me`: a name that no other process has, before or after.

    `end_in`: has the process end in so many seconds (0: now), whatever it does then, and forgets
    what it was told before; None: not at all.
    """

    key: ObjectKey
    me: str
    terms: Terms
    end_in: Callable[[float | None], None]
    now: Callable[[], datetime]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Election:
    """One process's part in it."""

    def __init__(self, client: KubeClient, candidate: Candidate) -> None:
        self._client = client
        self._candidate = candidate
        self._seen: Sighting | None = None
        # Whether what was seen is the last that was written.
        self._is_current = False
        self._held_until: float | None = None
        self._last_heard = candidate.clock()
        self.problem: str | None = None

    @property
    def is_holder(self) -> bool:
        """Whether this process may work."""
        return self._held_until is not None

    @property
    def silence(self) -> float:
        """For how many seconds the API server has not said a word about the Lease that makes sense
        to whoever has a good CA and token."""
        return self._candidate.clock() - self._last_heard

    async def win(self) -> None:
        """Returns once the Lease is ours."""
        while True:
            await self._attempt()
            if self.is_holder:
                log.info("this process holds %s", self._candidate.key)
                return
            await self._candidate.sleep(self._candidate.terms.retry)

    async def keep(self) -> None:
        """Renews what was won, until it is another's or could not be renewed in time."""
        while True:
            await self._candidate.sleep(self._candidate.terms.retry)
            await self._attempt()
            if self._held_until is None or self._candidate.clock() >= self._held_until:
                self._lose(f"could not be renewed: {self.problem}")

    async def release(self) -> None:
        """Once the work has ended: the next holder need not wait for the Lease to run out."""
        if not self.is_holder or self._seen is None or self._seen.record is None:
            return
        self._held_until = None
        self._candidate.end_in(None)
        free = lease(self._candidate.key, released(self._seen.record), self._candidate.now())
        with contextlib.suppress(ApiError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._client.replace(free)

    def _lose(self, why: str) -> NoReturn:
        message = f"{self._candidate.key} {why}: the work ends here"
        log.error(message)
        self._candidate.end_in(0)
        raise LeaseLost(message)

    async def _attempt(self) -> None:
        """Looks, where needed, and writes, where that is right."""
        try:
            async with asyncio.timeout(self._candidate.terms.renew_within / 2):
                while not await self._is_done():
                    pass  # somebody else has written: look at it again, and now
            self.problem = None
            self._last_heard = self._candidate.clock()
        except (ApiError, TimeoutError) as error:
            # Whether it was done, the next look tells.
            self._is_current = False
            if isinstance(error, Forbidden):  # a new process would have no other rights
                self._last_heard = self._candidate.clock()
            self.problem = str(error) or "no answer in time"
            log.warning("%s: %s", self._candidate.key, self.problem)

    async def _is_done(self) -> bool:
        me, key = self._candidate.me, self._candidate.key
        if not self._is_current or self._seen is None:
            found = await self._client.get(key)
            record = None if found is None else record_of(found)
            self._seen = sight(self._seen, record, self._candidate.clock())
        step = next_step(me, self._seen, self._candidate.clock(), is_holder=self.is_holder)
        if step is Step.LEAVE:
            self._lose("is another's by now")
        self._is_current = step is not Step.WAIT
        return step is Step.WAIT or await self._is_written(step, self._seen)

    async def _is_written(self, step: Step, seen: Sighting) -> bool:
        candidate = self._candidate
        sent = candidate.clock()
        record = held(seen.record, candidate.me, candidate.now(), candidate.terms)
        body = lease(candidate.key, record, candidate.now())
        write = self._client.create if step is Step.CREATE else self._client.replace
        try:
            written = await write(body)
        except (AlreadyExists, Conflict, NotFound):
            self._is_current = False
            return False
        self._seen = Sighting(record_of(written), sent)
        self._held_until = sent + candidate.terms.renew_within
        left = self._held_until - candidate.clock()
        if left <= 0:
            self._lose("was renewed too late")
        candidate.end_in(left)
        return True
