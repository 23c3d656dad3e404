"""Writes OCI image layers and archives, byte for byte the same for the same content.

Layers are not compressed: they are read on this machine only, by three nodes at once.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from consortium_sandbox.go_tools import go_architecture

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
# One second past the epoch: some tools take zero for "unknown".
_MTIME = 1


class Image(NamedTuple):
    """An archive and the reference under which its content is known: `repository@sha256:…`."""

    archive: Path
    reference: str


@dataclass(frozen=True)
class Layer:
    """A layer's tar file on disk. Uncompressed, so its digest is also its diff id."""

    path: Path
    digest: str
    size: int


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image runs. No `user` means root."""

    entrypoint: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None

    def as_json(self, layers: Iterable[Layer]) -> bytes:
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {"PATH": path, **self.environment}
        config: dict[str, Any] = {
            "Entrypoint": list(self.entrypoint),
            "Env": [f"{key}={value}" for key, value in environment.items()],
        }
        if self.labels:
            config["Labels"] = dict(self.labels)
        if self.user:
            config["User"] = self.user
        return _json(
            {
                "architecture": go_architecture(),
                "os": "linux",
                "config": config,
                "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
            }
        )


def write_layer(tree: Path, target: Path) -> Layer:
    """Packs a directory tree as a layer. Owners and modes are kept, times are not.

    The file appears whole or not at all, with its digest beside it.
    """
    unfinished = target.with_suffix(".unfinished")
    with tarfile.open(unfinished, "w") as tar:
        for path in _walk(tree, Path()):
            entry = tar.gettarinfo(tree / path, arcname=str(path))
            entry.mtime, entry.uname, entry.gname = _MTIME, "", ""
            if entry.isreg():
                with (tree / path).open("rb") as content:
                    tar.addfile(entry, content)
            else:
                tar.addfile(entry)
    with unfinished.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    target.with_suffix(".sha256").write_text(digest)
    unfinished.rename(target)
    return read_layer(target)


def read_layer(path: Path) -> Layer:
    """A layer that `write_layer` wrote."""
    digest = path.with_suffix(".sha256").read_text()
    return Layer(path, f"sha256:{digest}", path.stat().st_size)


def write_archive(target: Path, name: str, layers: tuple[Layer, ...], config: ImageConfig) -> Image:
    """Writes the archive of the image `repository:tag`; an equal one is left as it is.

    The file appears whole or not at all.
    """
    repository, _, tag = name.rpartition(":")
    settings = config.as_json(layers)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, _digest(settings), len(settings)),
            "layers": [_descriptor(_LAYER, layer.digest, layer.size) for layer in layers],
        }
    )
    names = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag}
    described = _descriptor(_MANIFEST, _digest(manifest), len(manifest))
    index = _json({"schemaVersion": 2, "manifests": [{**described, "annotations": names}]})
    if not _holds(target, index):
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".unfinished")
        _write_tar(unfinished, index, (settings, manifest), layers)
        unfinished.rename(target)
    return Image(target, f"{repository}@{_digest(manifest)}")


def _walk(tree: Path, below: Path) -> Iterable[Path]:
    for entry in sorted(os.scandir(tree / below), key=lambda entry: entry.name):
        path = below / entry.name
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(tree, path)


def _holds(archive: Path, index: bytes) -> bool:
    try:
        with tarfile.open(archive) as tar:
            stored = tar.extractfile("index.json")
            return stored is not None and stored.read() == index
    except (OSError, tarfile.TarError, KeyError):
        return False


def _write_tar(
    target: Path, index: bytes, blobs: tuple[bytes, ...], layers: tuple[Layer, ...]
) -> None:
    with tarfile.open(target, "w") as tar:
        _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", index)
        for blob in blobs:
            _add(tar, _blob_path(_digest(blob)), blob)
        for layer in layers:
            entry = tarfile.TarInfo(_blob_path(layer.digest))
            entry.size, entry.mtime = layer.size, _MTIME
            with layer.path.open("rb") as stream:
                tar.addfile(entry, stream)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = len(content), _MTIME
    tar.addfile(entry, io.BytesIO(content))


def _blob_path(digest: str) -> str:
    return "blobs/sha256/" + digest.removeprefix("sha256:")


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
