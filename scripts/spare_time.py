"""Runs a command with little processor time where others want it; shows its output at its end.

`make test` runs the unit tests so, beside the tests on clusters, which wait for pods much of the
time. To be nice is not enough: pods have cgroups of their own, and between cgroups a nice value
counts for nothing. Where no cgroup can be made, it is all there is.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Hierarchy:
    """Where cgroups are made, and how one gets a quarter of the weight that others have by default.
    With much less, what a test allows a second for would take longer."""

    root: Path
    file: str
    value: str


# Version 1, where the controller of processors has a hierarchy of its own, and version 2.
HIERARCHIES = (
    Hierarchy(Path("/sys/fs/cgroup/cpu"), "cpu.shares", "256"),
    Hierarchy(Path("/sys/fs/cgroup"), "cpu.weight", "25"),
)
_NAME = "consortium-spare-time"
# The shell joins the group, so that all that the command starts is in it from its first moment.
_JOIN = 'echo $$ > "$0/cgroup.procs"; exec "$@"'


def run_in_spare_time(
    command: Sequence[str], hierarchies: Sequence[Hierarchy] = HIERARCHIES
) -> tuple[int, bytes]:
    """The command's exit code, and all that it wrote."""
    hierarchy = next((one for one in hierarchies if one.root.is_dir()), None)
    with _light_group(hierarchy) as group:
        joined = command if group is None else ("sh", "-c", _JOIN, str(group), *command)
        done = subprocess.run(
            ("nice", "-n", "19", *joined),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode, done.stdout


@contextmanager
def _light_group(hierarchy: Hierarchy | None) -> Iterator[Path | None]:
    """A cgroup of little weight, or None where none can be made."""
    if hierarchy is None:
        yield None
        return
    for left in hierarchy.root.glob(f"{_NAME}-*"):
        with suppress(OSError):  # one that is in use cannot be removed
            left.rmdir()
    group = hierarchy.root / f"{_NAME}-{os.getpid()}"
    try:
        yield group if _make_light(group, hierarchy) else None
    finally:
        with suppress(OSError):  # not made, or something that was started is still in it
            group.rmdir()


def _make_light(group: Path, hierarchy: Hierarchy) -> bool:
    try:
        group.mkdir()
        (group / hierarchy.file).write_text(hierarchy.value, encoding="ascii")
    except OSError:
        return False
    return True


if __name__ == "__main__":
    code, written = run_in_spare_time(sys.argv[1:])
    sys.stdout.buffer.write(written)
    sys.exit(code)
