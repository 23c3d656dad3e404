"""The one limit of the machine that several nodes on it run into.

A node takes about ten inotify instances, and all nodes run as the same user. Distributions allow a
user 128, so a few sandboxes side by side end in "too many open files" somewhere in a kubelet.
"""

import contextlib
from pathlib import Path

_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
_ENOUGH = 1024


def raise_inotify_limit(path: Path = _INSTANCES) -> None:
    """Raises the limit until the machine's next start, where it is low; `down` leaves it so.

    It costs nothing until it is used. Where it may not be changed, 128 is enough for one sandbox.
    """
    with contextlib.suppress(OSError):
        if int(path.read_text()) < _ENOUGH:
            path.write_text(str(_ENOUGH))
