"""The running operator: everything that a process holds, put together and taken apart again."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from consortium_operator.chain.naming import CHAIN_LABEL, ChainKey
from consortium_operator.chain.plan import Settings
from consortium_operator.engines.registry import ENGINES, connect
from consortium_operator.handlers.http import Checks, LagMeter, application
from consortium_operator.handlers.metrics import Metrics
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.kinds import ObjectKey
from consortium_operator.kube.reflector import Reflectors
from consortium_operator.kube.store import Store
from consortium_operator.kube.transport import Surroundings
from consortium_operator.reconcile.chains import Chains, key_of
from consortium_operator.reconcile.outside import random_serial, utc_now
from consortium_operator.reconcile.queue import ReconcileQueue
from consortium_operator.reconcile.reconciler import Reconciler
from consortium_operator.reconcile.world import World

SYNC_LIMIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Options:
    """How the process was started. `kubeconfig`: None inside a cluster."""

    settings: Settings
    host: str
    port: int
    kubeconfig: Path | None


class Operator:
    """Started once by kopf's start-up handler, stopped by its clean-up handler."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._metrics = Metrics()
        self._chains = Chains()
        self._lag = LagMeter()
        self._synced = False
        self._exit = contextlib.AsyncExitStack()
        self._queue: ReconcileQueue
        self._reconciler: Reconciler
        self._reflectors: Reflectors

    async def start(self) -> None:
        """Opens the API, lists the children, and only then reconciles."""
        surroundings = Surroundings(observer=self._metrics.observe_call)
        client = await self._exit.enter_async_context(
            KubeClient.connect(self._options.kubeconfig, surroundings=surroundings)
        )
        store = Store()
        world = World(
            client=client,
            store=store,
            settings=self._options.settings,
            engines=ENGINES,
            connect=connect,
            now=utc_now,
            serial=random_serial,
        )
        self._reconciler = Reconciler(world, self._chains)
        self._queue = ReconcileQueue(self._reconcile)
        self._reflectors = Reflectors(client, store, self._child_changed)
        self._reflectors.start()
        self._exit.push_async_callback(self._reflectors.stop)
        self._lag.start()
        self._exit.push_async_callback(self._lag.stop)
        await self._serve()
        await asyncio.wait_for(self._reflectors.wait_synced(), SYNC_LIMIT_SECONDS)
        self._queue.start()
        self._exit.push_async_callback(self._queue.stop)
        self._synced = True

    async def stop(self) -> None:
        await self._exit.aclose()

    def chain_event(self, kind: str | None, body: Mapping[str, Any]) -> None:
        """A ConsortiumChain as kopf's watch tells it; `kind` as in a watch event."""
        if kind == "DELETED":
            self._chains.gone(body)
            self._queue.forget(key_of(body))
        elif not self._chains.seen(body):
            return
        self._metrics.chains.set(len(list(self._chains)))
        self._queue.poke(key_of(body))

    def _child_changed(self, key: ObjectKey, labels: Mapping[str, str]) -> None:
        chain = ChainKey(key.namespace, labels.get(CHAIN_LABEL, ""))
        if self._synced and self._chains.get(chain) is not None:
            self._queue.poke(chain)

    async def _reconcile(self, key: ChainKey) -> float | None:
        self._metrics.queue_depth.set(self._queue.depth)
        with self._metrics.reconciles.time(), self._metrics.reconcile_errors.count_exceptions():
            return await self._reconciler.reconcile(key)

    async def _serve(self) -> None:
        checks = Checks(
            live=(self._lag.check, self._check_watches, self._check_echo),
            ready=(self._check_synced,),
        )
        runner = web.AppRunner(application(checks, self._metrics.registry))
        await runner.setup()
        self._exit.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, self._options.host, self._options.port).start()

    def _check_watches(self) -> str | None:
        if self._reflectors.healthy(time.monotonic()):
            return None
        return "a watch of the chains' objects has heard nothing for too long"

    def _check_echo(self) -> str | None:
        if not self._chains.is_deaf(utc_now()):
            return None
        return "the watch of ConsortiumChains does not show the operator's own writes"

    def _check_synced(self) -> str | None:
        return None if self._synced else "the chains' objects have not been listed yet"
