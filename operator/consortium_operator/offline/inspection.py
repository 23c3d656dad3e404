"""Gathers the files that `consortium inspect` looks at: one, or all below a directory.

A Secret or ConfigMap is taken apart: each of its entries is a file, `FILE:NAME/ENTRY`.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from consortium_operator.kube.kinds import CONFIG_MAP, SECRET
from consortium_operator.offline.documents import read_documents

MOST_BYTES = 1 << 20
"""No file of a chain that a person reads is larger; ledgers are."""
_OBJECTS = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Gathered:
    """`files`: path → content. `unread`: paths that could not be read, and why."""

    files: dict[str, bytes]
    unread: dict[str, str]


def gather(path: Path) -> Gathered:
    """Symbolic links below a directory are not followed. Paths are relative to it; a single file
    has its own name."""
    found = Gathered({}, {})
    if path.is_dir():
        for one in sorted(path.rglob("*")):
            if one.is_file() and not one.is_symlink():
                _take(one, one.relative_to(path).as_posix(), found)
    else:
        _take(path, path.name, found)
    return found


def _take(path: Path, name: str, found: Gathered) -> None:
    try:
        if path.stat().st_size > MOST_BYTES:
            return
        content = path.read_bytes()
    except OSError as error:
        found.unread[name] = error.strerror or "cannot be read"
        return
    found.files[name] = content
    if path.suffix in _OBJECTS:
        entries = dict(_entries(name, content))
        if entries:
            del found.files[name]
            found.files.update(entries)


def _entries(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    for document in read_documents(content).documents:
        value = document.value
        kind = value.get("kind") if isinstance(value, dict) else None
        data = value.get("data") if kind in (SECRET.kind, CONFIG_MAP.kind) else None
        metadata = value.get("metadata") if isinstance(value, dict) else None
        if not isinstance(data, dict) or not isinstance(metadata, dict):
            continue
        for key, text in data.items():
            if isinstance(text, str):
                yield f"{name}:{metadata.get('name')}/{key}", _decoded(kind, text)


def _decoded(kind: object, text: str) -> bytes:
    if kind != SECRET.kind:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
