"""The recorder: every change of every object that matters here, for as long as a cluster is used.

The API server remembers little more than a minute, so it is asked every few seconds for what is
new. Each test's namespace is judged by its whole history, by the rules of `tests.invariants`.
"""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, POD, Kind
from tests.api_server import CHILDREN, Api, Happened, with_actors
from tests.invariants import violations

_RECORDED = (CONSORTIUM_CHAIN, *CHILDREN, POD)
# The server forgets after 75 s at the earliest.
_SWEEP_SECONDS = 15.0


class Recorder:
    """Records from the entry of the context to its end."""

    def __init__(self, kubeconfig: Path, kinds: Iterable[Kind] = _RECORDED) -> None:
        self._api = Api(kubeconfig)
        self._ended = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._seen: dict[Kind, list[Happened]] = {kind: [] for kind in kinds}
        self._thread = threading.Thread(target=self._keep_up, daemon=True)
        self._failure: Exception | None = None

    def __enter__(self) -> "Recorder":
        self._since = self._api.version("default")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._api.close()

    def history(self, namespace: str) -> list[Happened]:
        """All of it up to now, in the order in which it happened: one etcd numbers all writes, so
        the versions of different kinds compare."""
        self._sweep()
        assert self._failure is None, f"the record has a hole: {self._failure}"
        events = [
            event
            for events in self._seen.values()
            for event in events
            if event.object["metadata"].get("namespace") == namespace
        ]
        return list(with_actors(sorted(events, key=lambda event: event.version)))

    def violations(self, namespace: str) -> list[str]:
        """What the operator did there that it never may."""
        return violations(self.history(namespace))

    def _keep_up(self) -> None:
        while not self._ended.wait(_SWEEP_SECONDS):
            try:
                self._sweep()
            except Exception as error:
                self._failure = error
                return

    def _sweep(self) -> None:
        with self._one_at_a_time, ThreadPoolExecutor(len(self._seen)) as pool:
            for found, seen in zip(
                pool.map(self._new_of, self._seen), self._seen.values(), strict=True
            ):
                seen += found

    def _new_of(self, kind: Kind) -> list[Happened]:
        seen = self._seen[kind]
        since = str(seen[-1].version) if seen else self._since
        return list(self._api.replay(kind, None, since))
