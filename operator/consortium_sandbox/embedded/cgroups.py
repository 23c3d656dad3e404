"""The cgroups of nodes, on version 1, version 2 and both at once.

kubelet wants the cgroup under which it puts pods to exist in every hierarchy.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox.errors import SandboxError

_MOUNTINFO = Path("/proc/self/mountinfo")
_TRIES = 10


@dataclass(frozen=True)
class Hierarchy:
    """A mounted cgroup hierarchy."""

    root: Path
    unified: bool

    def path(self, cgroup: str) -> Path:
        return self.root / cgroup.removeprefix("/")


def hierarchies() -> list[Hierarchy]:
    """Every hierarchy this machine has mounted."""
    found = {}
    for line in _MOUNTINFO.read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind = after.split()[0]
        if kind in {"cgroup", "cgroup2"}:
            root = Path(before.split()[4])
            found[root] = Hierarchy(root, unified=kind == "cgroup2")
    return list(found.values())


def ensure(cgroup: str) -> None:
    """Makes a cgroup in every hierarchy, usable by processes and by cgroups below it.

    Another sandbox that is removed at this moment takes the parent along where that is empty: then
    both are made again.
    """
    for hierarchy in hierarchies():
        if not any(_made(hierarchy, cgroup) for _ in range(_TRIES)):
            raise SandboxError(f"cgroup {cgroup} cannot be made below {hierarchy.root}")


def _made(hierarchy: Hierarchy, cgroup: str) -> bool:
    below = hierarchy.root
    try:
        for part in cgroup.strip("/").split("/"):
            parent, below = below, below / part
            if hierarchy.unified:
                _delegate_controllers(parent)
            below.mkdir(exist_ok=True)
            _inherit_cpus(parent, below)
        if hierarchy.unified:
            _delegate_controllers(below)
    except FileNotFoundError:
        return False
    return True


def _delegate_controllers(directory: Path) -> None:
    """Version 2 gives children only the controllers that their parent names."""
    controllers = (directory / "cgroup.controllers").read_text().split()
    for controller in controllers:
        # One at a time: one that cannot be delegated here must not keep back the others.
        with contextlib.suppress(OSError):
            (directory / "cgroup.subtree_control").write_text(f"+{controller}")


def _inherit_cpus(parent: Path, child: Path) -> None:
    """A version 1 cpuset starts empty, and nothing can be put into an empty one."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        source, target = parent / name, child / name
        if source.exists() and target.exists() and not target.read_text().strip():
            inherited = source.read_text()
            if inherited.strip():
                target.write_text(inherited)


def _directories(cgroup: str) -> Iterator[Path]:
    """The cgroup and all below it, in every hierarchy, the deepest first. Those that a container
    runtime takes away meanwhile are passed over."""
    for hierarchy in hierarchies():
        found = [Path(path) for path, _, _ in os.walk(hierarchy.path(cgroup), topdown=False)]
        yield from found


def exists(cgroup: str) -> bool:
    """Whether the cgroup is there in any hierarchy."""
    return any(hierarchy.path(cgroup).is_dir() for hierarchy in hierarchies())


def members(cgroup: str) -> set[int]:
    """Every process in the cgroup or below it."""
    found: set[int] = set()
    for directory in _directories(cgroup):
        with contextlib.suppress(OSError):
            found.update(map(int, (directory / "cgroup.procs").read_text().split()))
    return found


def remove(cgroup: str, limit: float = 10.0) -> None:
    """Removes an empty cgroup with all below it, and parents of ours that are empty then."""
    deadline = time.monotonic() + limit
    while left := [path for path in _directories(cgroup) if not _removed(path)]:
        if time.monotonic() > deadline:
            raise SandboxError(f"cgroup {left[0]} cannot be removed: a process is still in it")
        time.sleep(0.05)
    parent = cgroup.rpartition("/")[0]
    for hierarchy in hierarchies():
        if parent:
            _removed(hierarchy.path(parent))


def _removed(directory: Path) -> bool:
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # busy: the kernel lets go of a killed process a moment later
        return False
    return True
