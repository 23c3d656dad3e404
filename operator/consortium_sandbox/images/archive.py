"""Reads what an OCI image archive says of itself, whoever wrote it."""

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox.errors import SandboxError


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
            assert index is not None
            manifests = json.load(index)["manifests"]
    except FileNotFoundError as error:
        raise SandboxError(f"{archive} does not exist") from error
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise SandboxError(f"{archive} is not an OCI image archive: {error}") from error
    if len(manifests) != 1:
        raise SandboxError(f"{archive} holds {len(manifests)} images; one is wanted")
    name = manifests[0].get("annotations", {}).get("io.containerd.image.name", "")
    repository, _, tag = name.rpartition(":")
    if "/" not in repository or "/" in tag:
        raise SandboxError(
            f"{archive} names its image {name!r}; the annotation io.containerd.image.name must be"
            " HOST/NAME:TAG"
        )
    return ArchivedImage(repository, tag, manifests[0]["digest"])
