"""Waiting for a cluster, and saying what was seen where the wait was in vain."""

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

_POLL_SECONDS = 0.5


def wait_until(
    look: Callable[[], _T], what: str, explain: Callable[[], str], seconds: float = 60.0
) -> _T:
    """The first true answer of `look`. `what` ends the sentence "in vain waited for …", and
    `explain` is asked for the state of things where it was in vain."""
    begun = time.monotonic()
    while not (found := look()):
        waited = time.monotonic() - begun
        if waited > seconds:
            raise AssertionError(f"in vain waited {waited:.0f} s for {what}\n{explain()}")
        time.sleep(_POLL_SECONDS)
    return found
