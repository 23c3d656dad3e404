"""How deep an object may be nested.

The API server takes 10,000 levels (1.37), and Python reads a thousand. Schemas do not help:
metadata.managedFields is anybody's to write, on every object that they may make. One such object
would keep all lists that hold it from being read, kopf's as well as ours.
"""

import sys

LEVELS = 10_000


def read_deep_objects() -> None:
    """Lets this process read whatever the API server may hold. A level takes one call, or two where
    it is copied; the stack of a thread has room for four times as many."""
    sys.setrecursionlimit(2 * LEVELS)
