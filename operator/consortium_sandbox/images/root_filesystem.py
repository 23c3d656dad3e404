"""The base layer of all our images: a minimal Debian with its own Python.

Made once by debootstrap from the mirror that this machine's own apt is set to, then cached as
a directory (to compile Python code in) and as a layer.
"""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox import debian, shell
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.go_tools import go_architecture
from consortium_sandbox.images.oci import Layer, read_layer, write_layer
from consortium_sandbox.locks import locked
from consortium_sandbox.paths import cache_root
from consortium_sandbox.progress import Progress

MINIMUM_PYTHON = (3, 11)
_PACKAGES = ("python3",)
# Raise it when what is done to the tree below changes.
_RECIPE = 3
# Content of these is of no use in a container: package lists, caches, documentation, logs, time
# zones.
_EMPTIED = (
    *("dev", "proc", "run", "sys", "tmp", "var/cache", "var/lib/apt/lists", "var/log"),
    *("usr/share/bash-completion", "usr/share/info", "usr/share/locale", "usr/share/man"),
    "usr/share/zoneinfo",
)
# Of /etc/passwd and /etc/group: the user whom the chart and images/Dockerfile name.
USERS = ("nonroot:x:10001:10001:nonroot:/nonexistent:/usr/sbin/nologin", "nonroot:x:10001:")


@dataclass(frozen=True)
class RootFilesystem:
    """The base: its tree, its layer, the version of its Python."""

    tree: Path
    layer: Layer
    python: tuple[int, int]

    @property
    def packages(self) -> Path:
        """Where Debian's Python looks for packages that are not Debian's, relative to the root."""
        return Path(f"usr/local/lib/python{self.python[0]}.{self.python[1]}/dist-packages")


def root_filesystem(progress: Progress) -> RootFilesystem:
    """The base, made first where it is not cached. Takes root, Debian or Ubuntu, and a minute."""
    suite = _suite()
    key = hashlib.sha256(f"{suite} {_PACKAGES} {_RECIPE}".encode()).hexdigest()[:12]
    home = cache_root() / "images" / f"debian-{suite}-{go_architecture()}-{key}"
    tree, packed = home / "tree", home / "layer.tar"
    if not packed.exists():
        debian.ensure_packages(debian.IMAGES, progress)
        with locked(home, progress):
            if not packed.exists():
                _make(suite, tree, packed, progress)
    return RootFilesystem(tree, read_layer(packed), _python_version(tree))


def compile_python(base: RootFilesystem, tree: Path, inside: Path) -> None:
    """Compiles the Python files of a tree, which an image will have at the path `inside`.

    By the image's own Python, in its own root, for whichever Python runs us. Unchecked hashes: in
    a container with a read-only root, files with another time would be compiled at every start.
    The mounts are in a namespace of the command's own and end with it.
    """
    mounted = base.tree / "mnt"
    command = (
        f'mount --bind "{tree}" "{mounted}" && exec chroot "{base.tree}" '
        f"python3 {_COMPILE} -s /mnt -p / /mnt/{inside}"
    )
    _in_private_mounts(command)


# Half of the files are what the Kubernetes library generates. Next to none is ever imported.
_COMPILE = (
    "-m compileall -q -f --invalidation-mode unchecked-hash"
    " -x 'kubernetes/(aio/)?client/(api|models)/[^_]'"
)


def _in_private_mounts(command: str) -> None:
    # A fixed hash seed: compiled sets would otherwise differ from run to run.
    environment = shell.network_environment(PYTHONHASHSEED="0", LC_ALL="C.UTF-8")
    wrapped = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", command]
    shell.run(wrapped, env=environment)


def _make(suite: str, tree: Path, packed: Path, progress: Progress) -> None:
    shutil.rmtree(tree, ignore_errors=True)
    with progress.step(f"Make a root file system (Debian {suite} with Python; once, a minute)"):
        options = f"--variant=minbase --include={','.join(_PACKAGES)}"
        # debootstrap mounts /proc in the tree and leaves it there when it is interrupted.
        _in_private_mounts(f'debootstrap {options} {suite} "{tree}" "{_mirror(suite)}"')
        version = _python_version(tree)
        if version < MINIMUM_PYTHON:
            raise SandboxError(
                f"{suite} has Python {version[0]}.{version[1]}; images need 3.11: use a newer"
                " Debian or Ubuntu"
            )
        _trim(tree)
        library = f"/usr/lib/python{version[0]}"
        _in_private_mounts(f'chroot "{tree}" python3 {_COMPILE} {library} {library}.{version[1]}')
        write_layer(tree, packed)


def _trim(tree: Path) -> None:
    for name in _EMPTIED:
        for entry in (tree / name).iterdir() if (tree / name).is_dir() else ():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    for path in (tree / "usr/share/doc").rglob("*"):
        # Licences stay.
        if not path.is_dir() and path.name != "copyright":
            path.unlink()
    for name, line in zip(("etc/passwd", "etc/group"), USERS, strict=True):
        with (tree / name).open("a") as stream:
            stream.write(f"{line}\n")
    # What debootstrap copied from this machine.
    for name in ("etc/hostname", "etc/resolv.conf", "etc/apt/sources.list"):
        (tree / name).unlink(missing_ok=True)


def _python_version(tree: Path) -> tuple[int, int]:
    link = tree / "usr/bin/python3"
    found = re.fullmatch(r"python(\d+)\.(\d+)", link.readlink().name) if link.is_symlink() else None
    if found is None:
        raise SandboxError(f"{link} does not say which Python it is: delete {tree.parent}")
    return int(found[1]), int(found[2])


def _suite() -> str:
    """This machine's release: debootstrap knows it, and its mirror is in the apt sources."""
    path = Path("/etc/os-release")
    text = path.read_text() if path.exists() else ""
    found = re.search(r"^VERSION_CODENAME=\"?(\w+)", text, re.MULTILINE)
    if found is None or not Path("/etc/debian_version").exists():
        raise SandboxError("images are built on Debian or Ubuntu only: debootstrap and apt")
    return found[1]


def _mirror(suite: str) -> str:
    """The mirror that apt on this machine uses for the suite's main component."""
    form = "$(CODENAME) $(COMPONENT) $(REPO_URI)"
    lines = shell.run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    for line in lines.splitlines():
        words = line.split()
        if len(words) == 3 and words[:2] == [suite, "main"]:
            return words[2]
    raise SandboxError(f"apt has no source for {suite} main: see /etc/apt/sources.list")
