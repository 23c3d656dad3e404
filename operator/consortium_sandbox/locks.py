"""A lock on a directory, so that two commands never build or start the same thing at once.

The lock is on the directory itself: there is no lock file that could be left behind. Whoever waits
while the directory is removed takes the lock on a fresh one.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consortium_sandbox.progress import Progress


def _open(directory: Path) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY)


def _is_current(descriptor: int, directory: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(directory))
    except FileNotFoundError:
        return False


def _acquire(descriptor: int, directory: Path, progress: Progress) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with progress.step(f"Wait for another command that works in {directory}"):
            fcntl.flock(descriptor, fcntl.LOCK_EX)


@contextmanager
def locked(directory: Path, progress: Progress) -> Iterator[None]:
    """Holds the lock of `directory`, which is made if it is missing."""
    while True:
        try:
            descriptor = _open(directory)
        except FileNotFoundError:
            continue  # removed between mkdir and open
        try:
            _acquire(descriptor, directory, progress)
            if _is_current(descriptor, directory):
                yield
                return
        finally:
            os.close(descriptor)
