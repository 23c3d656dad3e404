"""Waiting for what a cluster does in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Nothing here takes longer than one look at a chain that waits for a person, plus its round.
PATIENCE = 60.0
# On a young control plane the garbage collector learns of a new kind after half a minute.
UNTIL_COLLECTED = 60.0


def wait_until(
    look: Callable[[], T | None], what: str, report: Callable[[], str], seconds: float = PATIENCE
) -> T:
    """What `look` returns once it is neither None nor false; fails with `report()`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}\n{report()}")
        time.sleep(0.1)
