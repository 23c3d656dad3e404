"""The recorder: every change of every object that matters here, for as long as a cluster is used.

One watch for each kind goes on all the time: the API server remembers only some of what was, and
under load forgets it early. Each test's namespace is judged by its whole history, by the rules of
`tests.invariants`.
"""

import http.client
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, POD, Kind
from tests.api_server import (
    CHILDREN,
    Body,
    Happened,
    Refused,
    labels_of,
    tells_all,
    uid_of,
    version_of,
    with_actors,
)
from tests.invariants import CHAIN_LABEL, violations

_RECORDED = (CONSORTIUM_CHAIN, *CHILDREN, POD)
_GONE = frozenset({404, 410})
"""How a watch is refused: the kind is not there, or what it asks for is forgotten."""
_NOT_NOW = frozenset({429, 500, 503, 504})
"""As while the server makes its store of a kind anew, whose CRD has changed."""
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.05
_LAG_SECONDS = 0.2
"""What came and went is in no list that a watch could be held against: so much may one lag."""


class Source(Protocol):
    """What is recorded: `tests.api_server.Api`. Only `watch` is called by several threads."""

    def version(self, namespace: str) -> str: ...
    def all(self, kind: Kind, namespace: str | None) -> list[Body]: ...
    def watch(
        self, kind: Kind, namespace: str | None, since: str | None
    ) -> AbstractContextManager[Iterator[Happened]]: ...


class RecordHasHole(AssertionError):
    """Something may have happened that was not recorded: nothing can be judged."""


class Recorder:
    """Records from the entry of the context to its end."""

    def __init__(self, source: Source, kinds: Iterable[Kind] = _RECORDED) -> None:
        self._source = source
        self._ended = threading.Event()
        self._tracks = [_Track(source, kind, self._ended) for kind in kinds]

    def __enter__(self) -> "Recorder":
        begin = int(self._source.version("default"))
        for track in self._tracks:
            track.start(begin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The threads end with the process at the latest: most wait for what never comes.
        self._ended.set()

    def history(self, namespace: str) -> list[Happened]:
        """All of it up to now, in the order in which it happened: one etcd numbers all writes, so
        the versions of different kinds compare. Raises RecordHasHole."""
        time.sleep(_LAG_SECONDS)
        now = int(self._source.version("default"))
        events = [event for track in self._tracks for event in track.of(namespace, now)]
        return list(with_actors(sorted(events, key=lambda event: event.version)))

    def violations(self, namespace: str) -> list[str]:
        """What the operator did there that it never may."""
        history = self.history(namespace)
        return violations([*self._unseen(namespace, history), *history])

    def _unseen(self, namespace: str, history: Iterable[Happened]) -> Iterator[Happened]:
        """Chains that may have been there while nobody could tell."""
        holes = [hole for track in self._tracks for hole in track.blind]
        for first, last in holes:
            seen = [event.object for event in history if first <= event.version <= last]
            for name in sorted({labels_of(obj).get(CHAIN_LABEL, "") for obj in seen}):
                metadata = {"name": name, "namespace": namespace}
                chain = {"kind": CONSORTIUM_CHAIN.kind, "metadata": metadata}
                yield Happened(first, "ADDED", chain, "somebody")


class _Track:
    """The record of one kind. `blind`: from which version to which nobody could see its objects.
    That happens to our own kind alone, whose CRD some tests take away."""

    def __init__(self, source: Source, kind: Kind, ended: threading.Event) -> None:
        self.blind: list[tuple[int, int]] = []
        self._source, self._kind, self._ended = source, kind, ended
        self._events: list[Happened] = []
        self._failure: str | None = None
        self._last = 0
        self._is_gone = False

    def start(self, begin: int) -> None:
        self._last = begin
        threading.Thread(target=self._record, daemon=True).start()

    def of(self, namespace: str, now: int) -> list[Happened]:
        """All that was told up to version `now`: a watch tells in order, so nothing is missing once
        it has told how each object that is listed became what it is, and that the others went."""
        listed = {uid_of(obj): version_of(obj) for obj in self._listed(namespace)}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._failure is None and time.monotonic() < deadline:
            told = self._told(namespace)
            if tells_all(told, listed, now):
                return told
            time.sleep(_PAUSE_SECONDS)
        raise RecordHasHole(f"{self._kind}: {self._failure or 'the watch lags behind'}")

    def _listed(self, namespace: str) -> list[Body]:
        try:
            return self._source.all(self._kind, namespace)
        except Refused as refused:
            if self._may_be_gone(refused):
                return []
            raise

    def _told(self, namespace: str) -> list[Happened]:
        return [e for e in self._events if e.object["metadata"].get("namespace") == namespace]

    def _record(self) -> None:
        try:
            while not self._ended.wait(_PAUSE_SECONDS):
                self._watch()
        except Exception as error:
            self._failure = f"{type(error).__name__}: {error}"

    def _watch(self) -> None:
        """For as long as one connection lasts; the next goes on where it broke."""
        since = None if self._is_gone else str(self._last)
        try:
            with self._source.watch(self._kind, None, since) as events:
                for event in events:
                    self._note(event)
                    if self._ended.is_set():
                        return
        except (OSError, http.client.HTTPException):
            return
        except Refused as refused:
            if refused.status in _NOT_NOW:
                return
            if not self._may_be_gone(refused):
                raise
            self._lose_sight()

    def _note(self, event: Happened) -> None:
        if event.type != "BOOKMARK":
            self._events.append(event)
        elif self._is_gone:
            self.blind.append((self._last, event.version))
            self._is_gone = False
        if not self._is_gone:
            self._last = max(self._last, event.version)

    def _may_be_gone(self, refused: Refused) -> bool:
        return self._kind == CONSORTIUM_CHAIN and refused.status in _GONE

    def _lose_sight(self) -> None:
        """With its CRD went every object; what there is of it later begins with a bookmark."""
        if self._is_gone:
            return
        self._is_gone = True
        last = {uid_of(event.object): event for event in self._events}
        self._events += [
            Happened(self._last, "DELETED", event.object, "somebody")
            for event in last.values()
            if event.type != "DELETED"
        ]
