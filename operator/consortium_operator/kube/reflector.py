"""Keeps the store in step with the API server: one list and one watch per kind.

Only objects with a chain's label are asked for, so foreign ones cost nothing. Lists come in
pages that are projected one by one, so memory stays small (12,000 pods: about 100 MB). A watch
that ends, breaks or falls silent is opened again from the last version seen; after anything that
casts doubt on that version everything is listed anew.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TypeAlias

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.kube.backoff import Backoff
from consortium_operator.kube.client import CONFIG_MAP_PAGE, PAGE, KubeClient, WatchEvent
from consortium_operator.kube.errors import (
    ApiError,
    Expired,
    Forbidden,
    TooManyRequests,
    Unavailable,
)
from consortium_operator.kube.kinds import CHILD_KINDS, CONFIG_MAP, Kind, ObjectKey
from consortium_operator.kube.projection import project
from consortium_operator.kube.store import Change, Store
from consortium_operator.kube.transport import Surroundings

# Seconds without a word of the API server after which a reflector is not healthy. Twice the
# client's idle time and a bit: one silent watch and one unanswered attempt to open it anew.
SILENCE_LIMIT = 180.0
# A watch that ends sooner is a refusal in disguise: do not race.
_SHORT_WATCH = 1.0
# After so many failures in a row the last version is no longer trusted. Not after the first: to
# list everything again is what a server that is short of breath can bear least.
_FAILURES_BEFORE_LIST = 5

# Told of each change of a projection: the object, and its labels (the old ones if it is gone).
OnChange: TypeAlias = Callable[[ObjectKey, Mapping[str, str]], None]

logger = logging.getLogger(__name__)


class Reflector:
    """One kind in one namespace, or everywhere (None). `run` never returns by itself."""

    def __init__(
        self,
        client: KubeClient,
        store: Store,
        on_change: OnChange,
        around: Surroundings,
        scope: tuple[Kind, str | None],
    ) -> None:
        self._client = client
        self._store = store
        self._on_change = on_change
        self._around = around
        self.kind, self.namespace = scope
        self.synced = asyncio.Event()
        self.heard = asyncio.Event()
        self.forbidden: Forbidden | None = None
        self.last_heard = around.clock()
        self._position: str | None = None
        self._backoff = Backoff(first=1.0, most=30.0)

    def healthy(self, now: float) -> bool:
        """Whether the API server was heard lately; `now` is of the clock that was injected.

        A refusal (403) is a word too: to restart the operator would not change its rights.
        """
        return now - self.last_heard < SILENCE_LIMIT

    async def run(self) -> None:
        """List, then watch, for ever."""
        while True:
            await self._around.sleep(await self._turn())

    async def _turn(self) -> float:
        """One list or one watch. Returns the seconds to wait before the next."""
        try:
            if self._position is None:
                self._position = await self._list()
                return 0
            return await self._watch(self._position)
        except Forbidden as refusal:
            self._hear()
            self._position, self.forbidden = None, refusal
            self.heard.set()
            logger.warning("not allowed to follow %s: %s", self._name, refusal)
            # Soon at first: an API server that has just started refuses until it knows its roles.
            return self._backoff.next()
        except ApiError as error:
            return self._failed(error)
        except Exception:
            # A bug must not end the watch in silence; the operator goes on with what it knows.
            logger.exception("following %s failed", self._name)
            self._position = None
            return self._backoff.next()

    def _failed(self, error: ApiError) -> float:
        logger.info("following %s: %s", self._name, error)
        wait = self._backoff.next()
        busy = isinstance(error, TooManyRequests | Unavailable)
        if not busy or self._backoff.attempts >= _FAILURES_BEFORE_LIST:
            self._position = None
        return max(wait, error.retry_after) if isinstance(error, TooManyRequests) else wait

    async def _list(self) -> str:
        listed: set[ObjectKey] = set()
        version = ""
        limit = CONFIG_MAP_PAGE if self.kind == CONFIG_MAP else PAGE
        pages = self._client.list_pages(self.kind, self.namespace, CHAIN_LABEL, limit)
        async with aclosing(pages):
            async for objects, version in pages:
                self._hear()
                self._store.begin_list(self.kind, self.namespace, version)
                for seen in map(project, objects):
                    listed.add(seen.key)
                    self._tell(self._store.see(seen))
        for change in self._store.end_list(self.kind, self.namespace, listed, version):
            self._tell(change)
        self.forbidden = None
        self.synced.set()
        self.heard.set()
        return version

    async def _watch(self, position: str) -> float:
        opened = self._around.clock()
        events = self._client.watch(
            self.kind, self.namespace, CHAIN_LABEL, resource_version=position
        )
        async with aclosing(events):
            async for event in events:
                self._take(event)
                self._calm_after(opened)
        return 0 if self._calm_after(opened) else self._backoff.next()

    def _calm_after(self, opened: float) -> bool:
        """Whether the watch has lasted long enough to forget earlier failures."""
        calm = self._around.clock() - opened >= _SHORT_WATCH
        if calm:
            self._backoff.reset()
        return calm

    def _take(self, event: WatchEvent) -> None:
        self._hear()
        version = event.resource_version
        if not self._store.advance(self.kind, self.namespace, version):
            message = f"version {version} is below one that was seen: was etcd restored?"
            raise Expired(0, "SteppedBack", message, "watch", self.kind)
        if event.type != "BOOKMARK":
            seen = project(event.object)
            gone = event.type == "DELETED"
            self._tell(self._store.lose(seen) if gone else self._store.see(seen))
        self._position = version

    def _tell(self, change: Change) -> None:
        if not change:
            return
        states = [state for state in (change.before, change.after) if state]
        # Both chains where somebody moved the label.
        for labels in {state.labels.get(CHAIN_LABEL): state.labels for state in states}.values():
            self._on_change(states[-1].key, labels)

    def _hear(self) -> None:
        self.last_heard = self._around.clock()

    @property
    def _name(self) -> str:
        return f"{self.kind} in {self.namespace or 'all namespaces'}"


class Reflectors:
    """A reflector for every kind of child in every one of `places`: namespaces, or (None) all."""

    def __init__(
        self,
        client: KubeClient,
        store: Store,
        on_change: OnChange,
        places: Sequence[str | None] = (None,),
        around: Surroundings | None = None,
    ) -> None:
        self._reflectors = [
            Reflector(client, store, on_change, around or Surroundings(), (kind, place))
            for place in places
            for kind in CHILD_KINDS
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to list and watch, in tasks of the running event loop."""
        self._tasks = [
            asyncio.create_task(one.run(), name=f"follow {one.kind} {one.namespace or '*'}")
            for one in self._reflectors
        ]

    async def wait_heard(self) -> None:
        """Wait until everything was listed once, or refused: what one namespace lacks, because it
        is gone or was never bound, must not stop the others."""
        for one in self._reflectors:
            await one.heard.wait()

    def is_synced(self, namespace: str | None = None) -> bool:
        """Whether all that concerns `namespace` (None: everything) was listed, and still may be."""
        return all(one.synced.is_set() and not one.forbidden for one in self._covering(namespace))

    def healthy(self, now: float) -> bool:
        """Whether every reflector runs and has heard the API server lately."""
        running = bool(self._tasks) and not any(task.done() for task in self._tasks)
        return running and all(one.healthy(now) for one in self._reflectors)

    def forbidden(self, namespace: str | None = None) -> list[Forbidden]:
        """The refusals that keep `namespace` (None: anything) from being followed."""
        return [one.forbidden for one in self._covering(namespace) if one.forbidden]

    async def stop(self) -> None:
        """End all watches."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def _covering(self, namespace: str | None) -> list[Reflector]:
        return [
            one
            for one in self._reflectors
            if namespace is None or one.namespace in (None, namespace)
        ]
