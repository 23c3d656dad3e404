"""Applications that never stop: transactions all the time, through whichever node answers."""

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from tests.e2e.support.sdk import RpcError, Sdk, an_account

_PAUSE = 0.3
# Long enough for a change of the leader, too short to wait for a node that has gone.
_PATIENCE = 15.0


@dataclass(frozen=True)
class Mined:
    """A transaction that a block holds, and when its sender learned of it (monotonic seconds)."""

    block: int
    at: float


class Traffic:
    """Sends from the entry of the context to its end. A failure is tried at the next node."""

    def __init__(self, clients: Sequence[Sdk]) -> None:
        self._clients = itertools.cycle(clients)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.mined: list[Mined] = []

    def __enter__(self) -> "Traffic":
        self._begun = time.monotonic()
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

    def longest_pause(self) -> float:
        """Seconds without a block between the begin and now."""
        times = [self._begun, *(one.at for one in self.mined), time.monotonic()]
        return max(later - earlier for earlier, later in itertools.pairwise(times))

    def back_after(self, act: float) -> float:
        """Seconds from an act (monotonic) to the end of the longest pause that followed it, for a
        caller who has seen a block since."""
        times = [act, *(one.at for one in self.mined if one.at > act), time.monotonic()]
        _, end = max(itertools.pairwise(times), key=lambda pair: pair[1] - pair[0])
        return end - act

    def _send(self) -> None:
        account = an_account()
        while not self._ended.wait(_PAUSE):
            try:
                block = next(self._clients).send(account, within=_PATIENCE)
            except (OSError, RpcError):
                continue
            self.mined.append(Mined(block, time.monotonic()))
