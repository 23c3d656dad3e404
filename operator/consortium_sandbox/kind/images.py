"""Builds our images with the Docker engine, from images/Dockerfile."""

from collections.abc import Sequence
from pathlib import Path

from consortium_sandbox.images.archive import read_archive
from consortium_sandbox.images.catalogue import (
    OPERATOR,
    OPERATOR_REPOSITORY,
    STAND_IN,
    STAND_IN_REPOSITORY,
    ImageSet,
    archive_of_operator,
    archive_of_stand_in,
    source_checkout,
)
from consortium_sandbox.images.dockerfile import DOCKERFILE
from consortium_sandbox.images.oci import Image
from consortium_sandbox.kind.engine import docker, run
from consortium_sandbox.progress import Progress


def build_images(output: Path, progress: Progress, versions: Sequence[str]) -> ImageSet:
    """Writes the archives of all images into `output`. Docker's cache keeps what did not change."""
    checkout = source_checkout(versions)
    output.mkdir(parents=True, exist_ok=True)
    with progress.step("Build the operator's image"):
        identifier = _build(checkout, OPERATOR)
        # The tag is a hash of the content: one that moved would be a stale image on some node.
        name = f"{OPERATOR_REPOSITORY}:{identifier.removeprefix('sha256:')[:12]}"
        operator = _save(identifier, name, archive_of_operator(output))
    with progress.step("Build the stand-in's images"):
        stand_in = {
            version: _save(
                _build(checkout, STAND_IN, f"--build-arg=VERSION={version}"),
                f"{STAND_IN_REPOSITORY}:{version}",
                archive_of_stand_in(output, version),
            )
            for version in versions
        }
    return ImageSet(operator, stand_in)


def _build(checkout: Path, stage: str, *arguments: str) -> str:
    """The id of the built image."""
    file = f"--file={checkout / DOCKERFILE}"
    command = ["docker", "build", "--quiet", file, f"--target={stage}", *arguments, str(checkout)]
    # An attestation would make of the image an index of two, whose digest no pod can name.
    return run(command, BUILDX_NO_DEFAULT_ATTESTATIONS="1").strip()


def _save(identifier: str, name: str, archive: Path) -> Image:
    docker("tag", identifier, name)
    docker("save", f"--output={archive}", name)
    return Image(archive, read_archive(archive).by_digest)
