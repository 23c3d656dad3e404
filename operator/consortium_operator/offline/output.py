"""A directory that is written whole or not at all, and never over what somebody else made.

What an earlier render wrote may be replaced by a later one of the same chain; how it is known is
the list of files in `render.json`. A ledger that a node has begun below it, an edited file or a key
that the new output would not have is no render's, and stops the write.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from consortium_operator.chain.naming import ChainKey

MARKER = "render.json"

_PRIVATE, _PUBLIC = 0o600, 0o644
_PRIVATE_DIRECTORY, _DIRECTORY = 0o700, 0o755


class OutputRefused(Exception):
    """Why nothing was written, and what to do."""


@dataclass(frozen=True, slots=True)
class File:
    """`is_private`: read by its owner alone. The content is never shown."""

    content: bytes
    is_private: bool = False

    def __repr__(self) -> str:
        return f"File({'private' if self.is_private else 'public'}, {len(self.content)} bytes)"


Tree = Mapping[str, File]
"""Path, relative and with slashes, → file."""


@dataclass(frozen=True, slots=True)
class _Marker:
    """What an earlier render says of itself. `files`: path → sha256, or None where private."""

    chain: str
    files: Mapping[str, str | None]


@dataclass(frozen=True)
class Output:
    """The directory `path`, for the output of one chain. `private`: directories, relative to it,
    that only their owner may enter."""

    path: Path
    chain: ChainKey
    private: frozenset[str]

    def check(self) -> bool:
        """Whether an earlier render of this chain is there. Raises OutputRefused where the
        directory is anybody else's."""
        if not self.path.exists():
            return False
        if not self.path.is_dir():
            raise OutputRefused(f"{self.path} is a file: name a directory")
        if not any(self.path.iterdir()):
            return False
        marker = _marker(self.path)
        if marker is None:
            raise OutputRefused(
                f"{self.path} is not empty and no render made it: name another directory"
            )
        if marker.chain != str(self.chain):
            raise OutputRefused(
                f"{self.path} holds a render of the chain {marker.chain}: name another directory"
            )
        self._refuse_foreign(marker.files)
        return True

    def write(self, tree: Tree) -> bool:
        """Makes the directory what `tree` says. False where it was already. Raises OutputRefused;
        then nothing has changed."""
        whole = {**tree, MARKER: _mark(self.chain, tree)}
        if self.check():
            if self._is_same(whole):
                return False
            self.refuse_lost_keys(whole)
        write_directory(self.path, whole, self.private)
        return True

    def _refuse_foreign(self, files: Mapping[str, str | None]) -> None:
        for path in _files(self.path):
            name = path.relative_to(self.path).as_posix()
            if name == MARKER:
                continue
            if name not in files:
                raise OutputRefused(
                    f"{path} was made by no render: name another directory, and this one with "
                    "--identities to keep its keys"
                )
            digest = files[name]
            if digest is not None and digest != _sha256(path.read_bytes()):
                raise OutputRefused(f"{path} was edited: name another directory, or remove it")

    def _is_same(self, tree: Tree) -> bool:
        there = {path.relative_to(self.path).as_posix() for path in _files(self.path)}
        return there == tree.keys() and all(
            (self.path / name).read_bytes() == file.content for name, file in tree.items()
        )

    def refuse_lost_keys(self, tree: Tree) -> None:
        """Raises OutputRefused where a key that an earlier render wrote is not in `tree`."""
        known = {_sha256(file.content) for file in tree.values()}
        marker = _marker(self.path)
        for name, digest in (marker.files if marker else {}).items():
            path = self.path / name
            if digest is None and path.is_file() and _sha256(path.read_bytes()) not in known:
                raise OutputRefused(
                    f"{path} holds a key that the new output would not have: name another directory"
                )


def write_directory(path: Path, tree: Tree, private: frozenset[str]) -> None:
    """Makes the directory, or puts it in the place of the one there is, when all of it is written.
    `private` as in Output; "." is the directory itself. Raises OSError; then nothing has
    changed."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        _fill(staged, tree, private)
        _put_in_place(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _fill(root: Path, tree: Tree, private: frozenset[str]) -> None:
    for name, file in sorted(tree.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_new(path, file)
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
        is_private = directory.relative_to(root).as_posix() in private
        directory.chmod(_PRIVATE_DIRECTORY if is_private else _DIRECTORY)
    # A key cannot be rendered again; of all else there may be tens of thousands of files.
    for directory in {(root / name).parent for name, file in tree.items() if file.is_private}:
        _sync(directory)
    _sync(root)


def write_new(path: Path, file: File) -> None:
    """A file that must not be there yet; a private one is on the disk when this returns. Raises
    OSError."""
    mode = _PRIVATE if file.is_private else _PUBLIC
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as out:
        # Not the process's umask: what is public is meant to be read by the node's own user.
        os.fchmod(descriptor, mode)
        out.write(file.content)
        out.flush()
        if file.is_private:
            os.fsync(descriptor)


def _put_in_place(staged: Path, target: Path) -> None:
    """By renaming; what was there is removed only after the new one is in its place."""
    if not target.exists() or not any(target.iterdir()):
        staged.rename(target)
        _sync(target.parent)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.old."))
    target.rename(old)
    try:
        staged.rename(target)
    except OSError:
        old.rename(target)
        raise
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_symlink() or not path.is_dir())


def _mark(chain: ChainKey, tree: Tree) -> File:
    files = {
        name: None if file.is_private else _sha256(file.content)
        for name, file in sorted(tree.items())
    }
    return File((json.dumps({"chain": str(chain), "files": files}, indent=1) + "\n").encode())


def _marker(root: Path) -> _Marker | None:
    try:
        found = json.loads((root / MARKER).read_bytes())
        return _Marker(str(found["chain"]), dict(found["files"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
