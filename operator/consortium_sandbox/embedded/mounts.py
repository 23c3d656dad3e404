"""A mount namespace per node, and the unmounting of whatever is left below a directory.

In its namespace a node has a /run, /var/log and /var/lib of its own. Programs of a node insist on
some paths there (containerd's shim sockets in /run/containerd/s, CNI results in /var/lib/cni,
kubelet's /var/log/containers); so nothing of it is seen on the machine, and every mount of every
pod goes away with the namespace.
"""

import re
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.embedded.layout import Layout, NodeLayout
from consortium_sandbox.paths import STATE_ROOT

_MOUNTINFO = Path("/proc/self/mountinfo")
# Runs inside the new namespace. $1 holds the node's private directories, $2 is the state root,
# which stays visible inside the private /var/lib. Slave: what the machine unmounts goes here too.
_PREPARE = """
set -e
mount --make-rslave /
mkdir -p "$1/run" "$1/log" "$1/lib/${2#/var/lib/}"
mount --bind "$2" "$1/lib/${2#/var/lib/}"
mount --bind "$1/run" /run
mount --bind "$1/log" /var/log
mount --rbind "$1/lib" /var/lib
"""


def mount_points(below: Path) -> list[Path]:
    """Mount points at or below a directory, the deepest and latest first."""
    points = []
    for line in _MOUNTINFO.read_text().splitlines():
        # proc(5): space, tab, newline and backslash are written as \ooo.
        name = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), line.split()[4])
        point = Path(name)
        if point.is_relative_to(below):
            points.append(point)
    return list(reversed(points))


def ensure_namespace(layout: Layout, node: NodeLayout) -> None:
    """Makes the node's mount namespace and binds it to a file, where it lives on by itself."""
    mounted = mount_points(layout.mount_namespaces)
    if node.mount_namespace in mounted:
        return
    layout.mount_namespaces.mkdir(parents=True, exist_ok=True)
    if layout.mount_namespaces not in mounted:
        # The kernel refuses to bind a mount namespace onto a shared mount.
        shell.run(["mount", "--bind", layout.mount_namespaces, layout.mount_namespaces])
        shell.run(["mount", "--make-private", layout.mount_namespaces])
    node.private.mkdir(parents=True, exist_ok=True)
    node.mount_namespace.touch()
    shell.run(
        [
            *("unshare", f"--mount={node.mount_namespace}", "--propagation", "unchanged"),
            *("sh", "-c", _PREPARE, "prepare", node.private, STATE_ROOT),
        ]
    )


def unmount_below(directory: Path) -> None:
    """Unmounts everything at or below a directory; lazily where something still holds it."""
    for point in mount_points(directory):
        if not shell.succeeds(["umount", point]):
            shell.run(["umount", "--lazy", point])
