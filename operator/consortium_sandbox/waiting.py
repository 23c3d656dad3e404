"""Waiting for something outside to become true."""

import time
from collections.abc import Callable


def wait_until(true: Callable[[], bool], limit: float, interval: float = 0.05) -> bool:
    """Asks until the answer is yes; False after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True
