"""The running operator: everything that a process holds, put together and taken apart again."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from consortium_operator.chain.naming import CHAIN_LABEL, ChainKey
from consortium_operator.chain.plan import Settings
from consortium_operator.engines.registry import ENGINES, connect
from consortium_operator.handlers.chain_metrics import ChainMetrics
from consortium_operator.handlers.http import Checks, LagMeter, application
from consortium_operator.handlers.metrics import Metrics
from consortium_operator.kube.backoff import Backoff
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import ApiError
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, ObjectKey
from consortium_operator.kube.lease import Candidate, Election
from consortium_operator.kube.reflector import SILENCE_LIMIT, Reflectors
from consortium_operator.kube.store import Store
from consortium_operator.kube.transport import Surroundings
from consortium_operator.reconcile.chains import Chains, key_of
from consortium_operator.reconcile.outside import random_serial, utc_now
from consortium_operator.reconcile.queue import ReconcileQueue
from consortium_operator.reconcile.reconciler import Reconciler
from consortium_operator.reconcile.world import World

log = logging.getLogger(__name__)

_LOOK_FOR_CRD_SECONDS = 2.0
_LOOK_OVER_SECONDS = 300.0
# A watch that has lasted so long has made up for those that failed before.
_CALM_SECONDS = 60.0

Place = str | None
"""A namespace that is watched, or all of them."""

Follow = Callable[[Callable[[str | None, Mapping[str, Any]], None], Place], Awaitable[None]]
"""Tells of every event of a ConsortiumChain in a place until it cannot any more, and raises why."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the process was started. `kubeconfig`: None inside a cluster. `places`: what it watches.
    `candidate`: where one of several processes works, who this one is."""

    settings: Settings
    host: str
    port: int
    kubeconfig: Path | None
    places: tuple[Place, ...] = (None,)
    candidate: Candidate | None = None


class SteppedBack(Exception):
    """etcd was restored from a backup. What is remembered never was: the process begins anew."""


class Operator:
    """`follow`: where the resources are heard of."""

    def __init__(self, options: Options, follow: Follow) -> None:
        self._options = options
        self._follow = follow
        self._metrics = Metrics()
        self._chain_metrics = ChainMetrics()
        self._metrics.registry.register(self._chain_metrics)
        self._chains = Chains()
        self._lag = LagMeter()
        self._synced = False
        self._is_served = False
        self._exit = contextlib.AsyncExitStack()
        self._client: KubeClient
        self._election: Election | None = None
        self._queue: ReconcileQueue
        self._reconciler: Reconciler
        self._reflectors: Reflectors | None = None

    async def run(self) -> None:
        """Until it is cancelled, or has lost its Lease. Raises SteppedBack."""
        try:
            await self.open()
            if self._election is None:
                await self._work()
            else:
                await self._election.win()
                # Before all that works, so that it comes last when they stop.
                self._exit.push_async_callback(self._election.release)
                async with asyncio.TaskGroup() as together:
                    together.create_task(self._election.keep(), name="lease")
                    together.create_task(self._work(), name="work")
        finally:
            await self.stop()

    async def _work(self) -> None:
        self._metrics.active.set(1)
        await self.start()
        places = self._options.places
        await asyncio.gather(*map(self._follow_chains, places), *map(self._look_over, places))

    async def open(self) -> None:
        """Opens the API, and answers to probes. Nothing is read or written yet."""
        surroundings = Surroundings(observer=self._metrics.observe_call)
        self._client = client = await self._exit.enter_async_context(
            KubeClient.connect(self._options.kubeconfig, surroundings=surroundings)
        )
        if self._options.candidate is not None:
            self._election = Election(client, self._options.candidate)
        self._lag.start()
        self._exit.push_async_callback(self._lag.stop)
        await self._serve()

    async def start(self) -> None:
        """Lists the children, and only then reconciles."""
        store = Store(self._chains.are_in)
        self._reflectors = Reflectors(
            self._client, store, self._child_changed, self._options.places
        )
        world = World(
            client=self._client,
            store=store,
            settings=self._options.settings,
            engines=ENGINES,
            connect=connect,
            now=utc_now,
            serial=random_serial,
            refusals=self._reflectors.forbidden,
            reporter=socket.gethostname(),
        )
        self._reconciler = Reconciler(world, self._chains, self._chain_metrics.observe)
        self._queue = ReconcileQueue(self._reconcile, waited=self._metrics.queue_waits.observe)
        self._metrics.follow(self._queue, self._lag.lag)
        self._reflectors.start()
        self._exit.push_async_callback(self._reflectors.stop)
        await self._reflectors.wait_heard()
        self._queue.start()
        self._exit.push_async_callback(self._queue.stop)
        self._synced = True

    async def stop(self) -> None:
        await self._exit.aclose()

    async def _follow_chains(self, place: Place) -> None:
        """For ever: the CRD may be deleted and come back, and rights may come late."""
        backoff = Backoff(first=1.0, most=30.0)
        while True:
            await self._wait_served()
            began = time.monotonic()
            try:
                await self._follow(self.chain_event, place)
            except Exception as error:
                log.warning("the watch of ConsortiumChains ended, and begins anew: %s", error)
            # What was deleted meanwhile nobody tells: only what is listed then exists.
            for key in self._chains.forget_all(place):
                self._queue.forget(key)
                self._chain_metrics.observe(key, None)
            self._count_chains()
            if time.monotonic() - began > _CALM_SECONDS:
                backoff.reset()
            await asyncio.sleep(backoff.next())

    async def _look_over(self, place: Place) -> None:
        """For ever: what the watch has missed. Above all an end: where kopf lists anew, it tells
        nothing of what that list lacks."""
        while True:
            await asyncio.sleep(_LOOK_OVER_SECONDS)
            try:
                await self.look_over(place)
            except ApiError as error:
                log.info("looking over the ConsortiumChains: %s", error)

    async def look_over(self, place: Place) -> None:
        newest, listed, at = self._chains.newest, set[ChainKey](), "0"
        async for bodies, version in self._client.list_pages(CONSORTIUM_CHAIN, place):
            at = version
            if int(version) < newest:
                raise SteppedBack(f"ConsortiumChains are listed at {version}, after {newest}")
            for body in bodies:
                listed.add(key_of(body))
                self.chain_event(None, body)
        for gone in self._chains.lost(listed, at, place):
            self.chain_event("DELETED", gone)

    async def _wait_served(self) -> None:
        """kopf looks once which kinds there are, and would never see one that comes later."""
        while True:
            try:
                self._is_served = await self._client.serves(CONSORTIUM_CHAIN)
            except ApiError as error:
                self._is_served = False
                log.info("looking for the CRD: %s", error)
            if self._is_served:
                return
            await asyncio.sleep(_LOOK_FOR_CRD_SECONDS)

    def chain_event(self, kind: str | None, body: Mapping[str, Any]) -> None:
        """A ConsortiumChain as a watch tells it; `kind` as in a watch event, None: listed."""
        twins = self._chains.twins_of(body)
        if kind == "DELETED":
            self._chains.gone(body)
            self._queue.forget(key_of(body))
        elif not self._chains.seen(body):
            return
        self._count_chains()
        self._queue.poke(key_of(body))
        # A younger chain waits for its elder's end.
        for twin in twins:
            self._queue.poke(twin)

    def _count_chains(self) -> None:
        self._metrics.chains.set(len(list(self._chains)))

    def _child_changed(self, key: ObjectKey, labels: Mapping[str, str]) -> None:
        chain = ChainKey(key.namespace, labels.get(CHAIN_LABEL, ""))
        if self._synced and self._chains.get(chain) is not None:
            self._queue.poke(chain)

    async def _reconcile(self, key: ChainKey) -> float | None:
        with self._metrics.reconciles.time(), self._metrics.reconcile_errors.count_exceptions():
            return await self._reconciler.reconcile(key)

    async def _serve(self) -> None:
        checks = Checks(
            live=(self._lag.check, self._check_lease, self._check_watches, self._check_echo),
            ready=(self._check_synced, self._check_served),
        )
        runner = web.AppRunner(application(checks, self._metrics.registry))
        await runner.setup()
        self._exit.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, self._options.host, self._options.port).start()

    def _check_lease(self) -> str | None:
        """Who waits may wait for months, and meanwhile the cluster's CA may have been replaced: a
        process trusts the one that it has read at its start."""
        if self._election is None or self._election.silence < SILENCE_LIMIT:
            return None
        return "the API server has not answered about the Lease for too long"

    def _check_watches(self) -> str | None:
        if self._reflectors is None or self._reflectors.healthy(time.monotonic()):
            return None
        return "a watch of the chains' objects has heard nothing for too long"

    def _check_echo(self) -> str | None:
        if not self._chains.is_deaf(utc_now()):
            return None
        return "the watch of ConsortiumChains does not show the operator's own writes"

    def _check_synced(self) -> str | None:
        """Who waits for the Lease is ready: to take over is all that it is for."""
        if self._election is not None and not self._election.is_holder:
            return self._election.problem
        if self._reflectors is None or not self._synced:
            return "the chains' objects have not been listed yet"
        if any(map(self._reflectors.is_synced, self._options.places)):
            return None
        return "; ".join(map(str, self._reflectors.forbidden()))

    def _check_served(self) -> str | None:
        if not self._synced or self._is_served:
            return None
        return "the API server does not know the kind ConsortiumChain: install its CRD"
