"""Reads what an OCI image archive says of itself, whoever wrote it."""

import json
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortium_sandbox.errors import SandboxError

# No tar, cut off, no index in it, or an index that is no map of manifests with digests.
_NO_ARCHIVE = (
    *(tarfile.TarError, zlib.error, EOFError),
    *(KeyError, ValueError, TypeError, AttributeError),
)


@dataclass(frozen=True)
class ArchivedImage:
    """What an archive says it holds: `repository:tag` and the manifest's digest."""

    repository: str
    tag: str
    digest: str

    @property
    def by_tag(self) -> str:
        return f"{self.repository}:{self.tag}"

    @property
    def by_digest(self) -> str:
        return f"{self.repository}@{self.digest}"


def read_archive(archive: Path) -> ArchivedImage:
    """Reads an OCI image archive with one image. Raises SandboxError for anything else."""
    try:
        with tarfile.open(archive) as tar:
            index = tar.extractfile("index.json")
            if index is None:
                raise ValueError("index.json is no file")
            manifests = [(one["digest"], _name(one)) for one in json.load(index)["manifests"]]
    except FileNotFoundError as error:
        raise SandboxError(f"{archive} does not exist") from error
    except _NO_ARCHIVE as error:
        raise SandboxError(f"{archive} is not an OCI image archive: {error}") from error
    if len(manifests) != 1:
        raise SandboxError(f"{archive} holds {len(manifests)} images; one is wanted")
    ((digest, name),) = manifests
    repository, _, tag = name.rpartition(":")
    if "/" not in repository or "/" in tag:
        raise SandboxError(
            f"{archive} names its image {name!r}; the annotation io.containerd.image.name must be"
            " HOST/NAME:TAG"
        )
    return ArchivedImage(repository, tag, digest)


def _name(manifest: dict[str, Any]) -> str:
    return str((manifest.get("annotations") or {}).get("io.containerd.image.name", ""))
