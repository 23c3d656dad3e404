"""The processes of pods, as this machine's administrator sees them: all share one kernel."""

import os
import signal
from pathlib import Path

from tests.e2e.support.chain import Body

_PROGRAM = b"fisco-bcos"
# The switch of the stand-in node: its gateway hangs from now on, as the real one was seen to do.
HANG = signal.SIGRTMIN


def process_of(pod: Body) -> int:
    """The node's process in a pod that runs. Its control group carries the pod's uid."""
    uid = pod["metadata"]["uid"]
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            group = (directory / "cgroup").read_text().replace("_", "-")
            command = (directory / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if uid in group and _PROGRAM in command:
            return int(directory.name)
    raise ProcessLookupError(f"no node runs in pod {pod['metadata']['name']}")


def tell(pod: Body, what: signal.Signals | int) -> None:
    """Sends a signal to the node's process, past Kubernetes."""
    os.kill(process_of(pod), what)
