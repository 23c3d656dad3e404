"""Child processes that a test sends signals to."""

import signal
import time
from pathlib import Path

# A job that a shell put in the background starts with SIGINT ignored, one under nohup with
# SIGHUP, and children inherit that. `env` becomes the program itself, so the pid is the program's.
DEFAULT_SIGNALS = ("env", "--default-signal=HUP,INT,TERM")


def wait_until_it_catches(pid: int, number: signal.Signals, seconds: float = 30.0) -> None:
    """Until the process has a handler of its own for the signal: before that it would just die, and
    how long a program takes to start is the machine's affair."""
    end = time.monotonic() + seconds
    while not _caught(pid) >> (number - 1) & 1:
        assert time.monotonic() < end, f"{pid} does not catch {number.name} after {seconds} s"
        time.sleep(0.02)


def _caught(pid: int) -> int:
    (line,) = (
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("SigCgt:")
    )
    return int(line.split()[1], 16)
