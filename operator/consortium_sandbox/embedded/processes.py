"""Starts processes that outlive us, knows them again, and ends them.

They are started by a shell that exits at once, so that init adopts and reaps them: as children of
this process they would stay zombies until it ends.
"""

import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.embedded.record import ProcessRecord
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.waiting import wait_until

# $0 is the log; the program's own words follow. `&` gives it a pid we can read from $!.
_LAUNCH = 'exec "$@" >>"$0" 2>&1 </dev/null & echo $!'
_PROC = Path("/proc")
# Go collects garbage each time the heap has doubled. The heaps of a sandbox are small, so that a
# third of the API server's time can go into that. At five times the heap it takes 250 MB more.
_GO_RUNTIME = {"GOGC": "400"}


@dataclass(frozen=True)
class ProcessSpec:
    """A process that should run.

    `files` are its configuration, written before it starts. `network` and `mounts` are names of a
    network namespace and paths of a mount namespace to run in; None is the machine's own.
    """

    key: str
    argv: tuple[str, ...]
    log: Path
    network: str | None = None
    mounts: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)

    @property
    def inputs(self) -> str:
        """A digest of everything that decides how the process behaves."""
        parts = [*self.argv, *map(str, sorted(self.environment.items()))]
        parts += [f"{path}\n{text}" for path, text in sorted(self.files.items())]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def command(self) -> list[str]:
        """nsenter, not `ip netns exec`: the latter mounts /sys anew and hides the cgroups."""
        entries = [f"--net=/run/netns/{self.network}"] if self.network else []
        entries += [f"--mount={self.mounts}"] if self.mounts else []
        return ["nsenter", *entries, "--", *self.argv] if entries else list(self.argv)


@cache
def boot_id() -> str:
    """Identifies this run of the kernel: process ids of an earlier one mean nothing."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if it is gone or a zombie."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The command may hold spaces and parentheses; the fields after it do not.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def is_alive(record: ProcessRecord | None) -> bool:
    """Whether the recorded process itself runs, not another one with its pid."""
    if record is None or record.boot != boot_id():
        return False
    return start_time(record.pid) == record.started


def start(spec: ProcessSpec) -> ProcessRecord:
    """Writes the configuration and starts the process in a session of its own."""
    for path, text in spec.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    said = shell.run(
        ["setsid", "sh", "-c", _LAUNCH, spec.log, *spec.command],
        env=shell.system_environment(**_GO_RUNTIME, **spec.environment),
        cwd=Path("/"),
    )
    pid = int(said)
    started = start_time(pid)
    if started is None:
        raise SandboxError(f"{spec.key} ended at once:\n{log_tail(spec.log)}")
    return ProcessRecord(pid=pid, started=started, boot=boot_id(), inputs=spec.inputs)


def stop(record: ProcessRecord, patience: float = 10.0) -> None:
    """Ends a recorded process: asks first, kills after `patience` seconds."""
    for number, limit in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        if not is_alive(record):
            return
        send(record.pid, number)
        wait_until(lambda: not is_alive(record), limit)


def send(pid: int, number: int) -> None:
    """Sends a signal; a process that is gone already is fine."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def kill_all(find: Callable[[], Iterable[int]], limit: float = 15.0) -> None:
    """Kills what `find` returns until it returns nothing: a dying parent may have forked."""
    deadline = time.monotonic() + limit
    while True:
        found = [pid for pid in find() if start_time(pid) is not None]
        if not found:
            return
        if time.monotonic() > deadline:
            raise SandboxError(f"processes {found} do not die: see `ps` and the kernel's log")
        for pid in found:
            send(pid, signal.SIGKILL)
        time.sleep(0.02)


def log_tail(path: Path, lines: int = 8) -> str:
    """The end of a log, for error messages."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return f"(no log {path})"
    return "\n".join([*(f"  {line[:300]}" for line in text.splitlines()[-lines:]), f"  ({path})"])


def every_pid() -> list[int]:
    """All processes of the machine."""
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def command_line(pid: int) -> list[str]:
    """A process's words; empty for kernel threads and what is gone."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode(errors="replace").rstrip("\0").split("\0") if raw else []


def network_namespace(pid: int) -> int | None:
    """The inode of the network namespace a process is in."""
    try:
        return (_PROC / str(pid) / "ns/net").stat().st_ino
    except OSError:
        return None
