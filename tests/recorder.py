"""The recorder: every change of every object that matters here, for as long as a cluster is used.

The API server remembers little more than a minute, so it is asked every few seconds for what is
new. Each test's namespace is judged by its whole history, by the rules of `tests.invariants`.
"""

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import TracebackType

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, POD, Kind
from tests.api_server import CHILDREN, Api, Happened, Refused, labels_of, with_actors
from tests.invariants import CHAIN_LABEL, violations

_RECORDED = (CONSORTIUM_CHAIN, *CHILDREN, POD)
# The server forgets after 75 s at the earliest.
_SWEEP_SECONDS = 15.0
_LAG_SECONDS = 10.0


class Recorder:
    """Records from the entry of the context to its end."""

    def __init__(self, kubeconfig: Path, kinds: Iterable[Kind] = _RECORDED) -> None:
        self._kubeconfig = kubeconfig
        self._api = Api(kubeconfig)
        self._ended = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._seen: dict[Kind, list[Happened]] = {kind: [] for kind in kinds}
        self._thread = threading.Thread(target=self._keep_up, daemon=True)
        self._failure: Exception | None = None
        # (monotonic seconds, version of the cluster) at the begin of each sweep that succeeded.
        self._checkpoints: list[tuple[float, int]] = []
        self._resumed: dict[Kind, int] = {}
        self._blind: list[tuple[int, int]] = []

    def __enter__(self) -> "Recorder":
        self._begin = int(self._api.version("default"))
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
        history = self.history(namespace)
        return violations([*self._unseen(namespace, history), *history])

    def _unseen(self, namespace: str, history: Iterable[Happened]) -> Iterator[Happened]:
        """Chains that may have been there while the record of chains had a hole."""
        for first, last in self._blind:
            seen = [event.object for event in history if first <= event.version <= last]
            for name in sorted({labels_of(obj).get(CHAIN_LABEL, "") for obj in seen}):
                metadata = {"name": name, "namespace": namespace}
                chain = {"kind": CONSORTIUM_CHAIN.kind, "metadata": metadata}
                yield Happened(first, "ADDED", chain, "somebody")

    def _keep_up(self) -> None:
        while not self._ended.wait(_SWEEP_SECONDS):
            try:
                self._sweep()
            except Exception as error:
                self._failure = error
                return

    def _sweep(self) -> None:
        with self._one_at_a_time, ThreadPoolExecutor(len(self._seen)) as pool:
            now = time.monotonic(), int(self._api.version("default"))
            for found, seen in zip(
                pool.map(self._new_of, self._seen), self._seen.values(), strict=True
            ):
                seen += found
            self._checkpoints.append(now)

    def _new_of(self, kind: Kind) -> list[Happened]:
        since = max(self._settled(), self._resumed.get(kind, 0))
        try:
            found = list(self._api.replay(kind, None, str(since)))
        except Refused:
            found = self._found_again(kind, since)
        last = max([event.version for event in self._seen[kind]], default=0)
        return [event for event in found if event.version > last]

    def _settled(self) -> int:
        """A version up to which everything was told for sure. What the server replays may lag
        behind what it answers by a moment, and its own last event of a kind may be too old for it
        to start from."""
        now = time.monotonic()
        old = [version for at, version in self._checkpoints if now - at >= _LAG_SECONDS]
        return max(old, default=self._begin)

    def _found_again(self, kind: Kind, since: int) -> list[Happened]:
        """What there is of a kind whose history ended: some tests take the CRD away, and now and
        then the server reads a kind anew from etcd and forgets what was before."""
        found = []
        with closing(Api(self._kubeconfig)) as api:  # an Api is for one thread
            with contextlib.suppress(Refused):
                for obj in api.all(kind, None):
                    version = int(obj["metadata"]["resourceVersion"])
                    found.append(Happened(version, "ADDED", obj, "somebody"))
            now = int(api.version("default"))
        self._resumed[kind] = now
        if kind == CONSORTIUM_CHAIN:
            self._blind.append((since, now))
        return sorted(found, key=lambda event: event.version)
