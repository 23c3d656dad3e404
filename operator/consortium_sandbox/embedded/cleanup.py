"""Takes a sandbox down, from its record and from what carries its names. Nothing is asked politely:
all of it is about to be deleted.

The order matters: processes first (they hold mounts and cgroups), then mounts, then namespaces,
cgroups and files.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

from consortium_sandbox.embedded import cgroups, mounts, network, processes
from consortium_sandbox.embedded.layout import Layout
from consortium_sandbox.embedded.record import Record, load
from consortium_sandbox.embedded.topology import Topology
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.paths import STATE_ROOT

# Programs that may have a sandbox's directory in their command line without being part of it
# (an editor, kubectl) are left alone: only these are ours.
_PROGRAMS = {
    *("containerd", "containerd-shim-runc-v2", "coredns", "etcd", "kube-apiserver"),
    *("kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet"),
    "kwok",
}


def exists(name: str) -> bool:
    """Whether anything of the sandbox is there, be it only a part that a crash left."""
    topology = Topology(name, slot=0, size=0)
    return bool(
        Layout(name).root.exists()
        or network.namespaces_of(name)
        or Path("/sys/class/net", topology.host_interface).exists()
        or cgroups.exists(topology.cgroup)
    )


def remove(name: str) -> None:
    """Removes every process, mount, interface, namespace, cgroup and file of the sandbox."""
    layout = Layout(name)
    topology = Topology(name, slot=0, size=0)
    record = _record(layout)
    processes.kill_all(lambda: _processes(layout, topology, record))
    mounts.unmount_below(layout.root)
    network.remove(name, topology.host_interface)
    cgroups.remove(topology.cgroup)
    # Unmounting the node's namespace may show what was hidden below its mounts.
    if left := mounts.mount_points(layout.root):
        raise SandboxError(f"{left[0]} is still mounted: {layout.root} was not deleted")
    _delete(layout)
    _remove_if_empty(STATE_ROOT)


def _delete(layout: Layout) -> None:
    """Nodes side by side: each has thousands of files of unpacked images, and the disk is slow."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(shutil.rmtree, layout.root.glob("nodes/*"), repeat(True)))
    shutil.rmtree(layout.root, ignore_errors=True)
    if layout.root.exists():
        shutil.rmtree(layout.root)


def clear_nodes(name: str) -> None:
    """Ends every process and drops every mount, but keeps what the cluster has stored.

    For a sandbox that lost a namespace or outlived a restart of the machine: its processes and
    containers belong to namespaces that nothing leads to any more.
    """
    layout = Layout(name)
    record = _record(layout)
    processes.kill_all(lambda: _processes(layout, Topology(name, slot=0, size=0), record))
    mounts.unmount_below(layout.root)
    # containerd's state speaks of the containers that just died.
    for state in layout.root.glob("nodes/*/state"):
        shutil.rmtree(state)


def _record(layout: Layout) -> Record | None:
    try:
        return load(layout.record)
    except SandboxError:
        return None  # damaged: what carries our names is found without it


def _processes(layout: Layout, topology: Topology, record: Record | None) -> set[int]:
    """Recorded processes, those in our cgroups, those in our namespaces, those by their words."""
    found = cgroups.members(topology.cgroup)
    if record is not None:
        recorded = record.processes.values()
        found |= {process.pid for process in recorded if processes.is_alive(process)}
    inodes = network.namespace_inodes(topology.sandbox)
    for pid in processes.every_pid():
        if processes.network_namespace(pid) in inodes or _is_ours(pid, layout):
            found.add(pid)
    return found


def _is_ours(pid: int, layout: Layout) -> bool:
    words = processes.command_line(pid)
    if not words:
        return False
    inside = f"{layout.root}/"
    program = Path(words[0]).name in _PROGRAMS or "consortium_sandbox.volumes" in words
    return program and any(inside in word for word in words[1:])


def _remove_if_empty(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        return  # another sandbox lives there
