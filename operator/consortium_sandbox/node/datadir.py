"""The directories of a node's data: made, checked for space, locked against a second process."""

from __future__ import annotations

import fcntl
import os
import shutil

from consortium_sandbox.node.failure import StartFailed, runtime_error
from consortium_sandbox.node.log import Log

_LEAST_FREE = 1 << 30


def open_directory(path: str, log: Log) -> int:
    """Make and lock a data directory; the lock holds until the returned descriptor is closed.

    Raises StartFailed: not creatable, less than 1 GiB free (checked at every start), or in use.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise StartFailed(
            f"boost::filesystem::create_directories: {error.strerror} "
            f'[system:{error.errno}]: "{path}"',
            kind="boost::filesystem::filesystem_error",
        ) from error
    if shutil.disk_usage(path).free < _LEAST_FREE:
        log.info("available disk space is less than 1GB")
        raise runtime_error("available disk space is less than 1GB")
    return _lock(f"{path}/LOCK")


def _lock(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise _rocksdb_error(f"IO error: While open a file for lock: {path}", error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise _rocksdb_error(f"IO error: While lock file: {path}", error) from error
    return descriptor


def _rocksdb_error(text: str, error: OSError) -> StartFailed:
    return runtime_error(f"open rocksDB failed, msg:{text}: {error.strerror}")
