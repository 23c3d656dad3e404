"""Layers with Python packages: the pinned dependencies, and our own code.

Each is cached by a key of what goes into it. After an edit of our code only the last one, which is
small, is made anew.
"""

import hashlib
import platform
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.images.oci import Layer, read_layer, write_layer
from consortium_sandbox.images.root_filesystem import RootFilesystem, compile_python
from consortium_sandbox.locks import locked
from consortium_sandbox.paths import cache_root
from consortium_sandbox.progress import Progress

# Wheels state the oldest C library they run with; pip takes each of these only where it is named.
_GLIBC_MINORS = (36, 34, 31, 28, 27, 26, 24, 17)
# Raise it when the making of layers changes in a way that no key below sees.
_RECIPE = 2


def dependencies_layer(base: RootFilesystem, requirements: Path, progress: Progress) -> Layer:
    """The packages that a requirements file pins, by hash and as wheels only."""
    python = ".".join(map(str, base.python))
    key = _key(requirements.read_bytes(), python.encode(), base.layer.digest.encode())

    def fill(tree: Path) -> None:
        target = tree / base.packages
        platforms = [f"--platform=manylinux_2_{minor}_{_machine()}" for minor in _GLIBC_MINORS]
        shell.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"),
                *("--disable-pip-version-check", "--require-hashes", "--no-deps"),
                *("--only-binary=:all:", "--implementation=cp", f"--python-version={python}"),
                *platforms,
                f"--platform=manylinux2014_{_machine()}",
                f"--target={target}",
                *("--requirement", requirements),
            ],
            env=shell.network_environment(),
        )
        # Scripts of packages: their first line names a Python of this machine.
        shutil.rmtree(target / "bin", ignore_errors=True)
        compile_python(base, tree, base.packages)

    title = f"Install the packages of {requirements.name}"
    return _cached(f"packages-{requirements.stem}-{key}", title, fill, progress)


def code_layer(
    base: RootFilesystem,
    files: Mapping[str, bytes],
    programs: Mapping[str, bytes],
    progress: Progress,
) -> Layer:
    """Our own files (by path below the packages' directory) and the programs in /usr/local/bin."""
    contents = [*sorted(files.items()), *sorted(programs.items())]
    texts = [f"{name}\n".encode() + content for name, content in contents]
    key = _key(*texts, base.layer.digest.encode())

    def fill(tree: Path) -> None:
        for name, content in files.items():
            path = tree / base.packages / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        home = tree / "usr/local/bin"
        home.mkdir(parents=True)
        for name, content in programs.items():
            (home / name).write_bytes(content)
            (home / name).chmod(0o755)
        compile_python(base, tree, base.packages)

    return _cached(f"code-{key}", "Pack our own code", fill, progress)


def wheel_files(checkout: Path) -> dict[str, bytes]:
    """What the wheel of this checkout holds, by path."""
    build = "import sys, hatchling.build; print(hatchling.build.build_wheel(sys.argv[1]))"
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-c", build, scratch]
        shell.run(command, env=shell.network_environment(), cwd=checkout)
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def _cached(name: str, title: str, fill: Callable[[Path], None], progress: Progress) -> Layer:
    """The cached layer of that name; else one from a tree that `fill` fills."""
    home = cache_root() / "images" / name
    packed = home / "layer.tar"
    if not packed.exists():
        with locked(home, progress):
            if not packed.exists():
                _fill_and_pack(home, packed, fill, title, progress)
    return read_layer(packed)


def _fill_and_pack(
    home: Path, packed: Path, fill: Callable[[Path], None], title: str, progress: Progress
) -> None:
    with progress.step(title), tempfile.TemporaryDirectory(dir=home) as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        fill(tree)
        write_layer(tree, packed)


def _machine() -> str:
    """This machine's architecture in the words of wheels."""
    return platform.machine()


def _key(*parts: bytes) -> str:
    digest = hashlib.sha256(str(_RECIPE).encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]
