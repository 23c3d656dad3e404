"""Runs a command with the processor time that nothing else wants; shows its output at its end.

`make test` runs the unit tests so, beside the tests on clusters, which wait for pods much of the
time. To be nice is not enough: pods have cgroups of their own, and between cgroups a nice value
counts for nothing. Where no cgroup can be made, it is all there is.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# Where the controller of processors is in version 1; in version 2 there is one hierarchy.
ROOTS = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))
_NAME = "consortium-spare-time"
# The shell joins the group, so that all that the command starts is in it from its first moment.
_JOIN = 'echo $$ > "$0/cgroup.procs"; exec "$@"'


def run_in_spare_time(command: Sequence[str], roots: Sequence[Path] = ROOTS) -> tuple[int, bytes]:
    """The command's exit code, and all that it wrote."""
    with _idle_group(roots) as group:
        joined = command if group is None else ("sh", "-c", _JOIN, str(group), *command)
        done = subprocess.run(
            ("nice", "-n", "19", *joined),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode, done.stdout


@contextmanager
def _idle_group(roots: Sequence[Path]) -> Iterator[Path | None]:
    """A cgroup that yields to every other, or None; cpu.idle is there since Linux 5.15."""
    root = next((root for root in roots if root.is_dir()), None)
    for left in root.glob(f"{_NAME}-*") if root else ():
        with suppress(OSError):  # one that is in use cannot be removed
            left.rmdir()
    group = root and root / f"{_NAME}-{os.getpid()}"
    made = group is not None and _make_idle(group)
    try:
        yield group if made else None
    finally:
        if group is not None:
            with suppress(OSError):  # not made, or something that was started is still in it
                group.rmdir()


def _make_idle(group: Path) -> bool:
    try:
        group.mkdir()
        (group / "cpu.idle").write_text("1", encoding="ascii")
    except OSError:
        return False
    return True


if __name__ == "__main__":
    code, written = run_in_spare_time(sys.argv[1:])
    sys.stdout.buffer.write(written)
    sys.exit(code)
