"""Operators in a moment: a process that has imported everything, and becomes one by a fork.

A start of the operator is mostly Python reading its libraries. A test that kills it at each of a
hundred writes cannot wait for that a hundred times. What is forked is a process as any other: it
has a pid of its own, and knows nothing of what another one did.

Run as a program, it reads orders (a JSON object a line) and answers with a pid a line.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


class Zygote:
    """The parent of operators. It ends when nobody can order any more. `kubeconfig`: theirs, which
    the Kubernetes client looks for when it is imported."""

    def __init__(self, kubeconfig: Path) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": path, "KUBECONFIG": str(kubeconfig)},
        )

    def fork(self, arguments: Sequence[str], log: Path) -> "Forked":
        """An operator with these arguments, whose words are added to `log`."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        order = {"arguments": arguments, "log": str(log)}
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        return Forked(int(stdout.readline()))

    def close(self) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


class Forked:
    """What tests need of subprocess.Popen, for a process that is not a child of theirs: so its
    exit code, which its parent alone can know, is always told as 0."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle: int | None = os.pidfd_open(pid)

    def send_signal(self, number: signal.Signals) -> None:
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self._handle is not None:
            if not select.select([self._handle], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"pid {self.pid}", timeout or 0)
            os.close(self._handle)
            self._handle = None
        return 0


def _become_an_operator(operate: Callable[[list[str]], object], order: Mapping[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for end, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(end, standard)
    operate(order["arguments"])


def main() -> None:
    # What takes so long, and nobody who only imports this module needs.
    from consortium_operator.handlers.main import main as operate

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_an_operator(operate, json.loads(line))
            return
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
