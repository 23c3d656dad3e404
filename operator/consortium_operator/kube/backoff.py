"""How long to wait before the next attempt: longer each time, and never in step with others."""

import random
from collections.abc import Callable


class Backoff:
    """Doubling waits with full jitter on their upper half."""

    def __init__(
        self, *, first: float, most: float, rand: Callable[[], float] = random.random
    ) -> None:
        self._first = first
        self._most = most
        self._rand = rand
        # Failures since the last success.
        self.attempts = 0

    def next(self) -> float:
        """Seconds to wait now: between half and all of first × 2ⁿ, at most `most`."""
        # Capped exponent: 2.0 ** 1024 overflows, and an API server may be away for days.
        ceiling = min(self._most, self._first * 2.0 ** min(self.attempts, 32))
        self.attempts += 1
        return ceiling * (0.5 + self._rand() / 2)

    def reset(self) -> None:
        """Start over after a success."""
        self.attempts = 0
