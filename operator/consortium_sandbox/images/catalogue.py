"""The images: one of the operator, and one of the stand-in node for each version it emulates.

All share the base; the stand-in images share all their layers and differ in one variable.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox.errors import SandboxError
from consortium_sandbox.images.oci import Image, ImageConfig, Layer, write_archive
from consortium_sandbox.images.python_layers import (
    Launcher,
    code_layer,
    dependencies_layer,
    wheel_files,
)
from consortium_sandbox.images.root_filesystem import RootFilesystem, root_filesystem
from consortium_sandbox.node.releases import TAGS
from consortium_sandbox.paths import checkout_root
from consortium_sandbox.progress import Progress, Silent

# Which releases of FISCO BCOS get a stand-in image unless others are asked for. Each can emulate
# any of `releases.TAGS`, but every archive takes time to write and to load.
STAND_IN_VERSIONS = ("3.16.4",)
OPERATOR_REPOSITORY = "sandbox.local/consortium-operator"
STAND_IN_REPOSITORY = "sandbox.local/fisco-bcos-stand-in"
_OPERATOR_USER = "65532:65532"

__all__ = ["Image", "ImageSet", "build_images"]


@dataclass(frozen=True)
class ImageSet:
    """The built images; the stand-in's by the version it emulates."""

    operator: Image
    stand_in: dict[str, Image]


def build_images(
    output: Path,
    progress: Progress | None = None,
    versions: Sequence[str] = STAND_IN_VERSIONS,
) -> ImageSet:
    """Writes the archives of all images into `output`, from this source checkout.

    `versions` are the releases that stand-in images are made for. What did not change is taken
    from the cache: after an edit only our own code is packed anew. Raises SandboxError where there
    is no checkout or no debootstrap, or for a release that the stand-in does not emulate.
    """
    progress = progress or Silent()
    unknown = sorted(set(versions) - set(TAGS))
    if unknown:
        raise SandboxError(f"the stand-in node emulates no release {', '.join(unknown)}")
    checkout = checkout_root()
    if checkout is None:
        raise SandboxError("images are built from a source checkout; this is an installed package")
    base = root_filesystem(progress)
    files = wheel_files(checkout)
    operator = _operator(checkout, base, files, progress)
    stand_in = _stand_in(checkout, base, files, progress)
    with progress.step(f"Write image archives to {output}"):
        return ImageSet(
            operator=_write_operator(output, operator),
            stand_in={version: _write_stand_in(output, version, stand_in) for version in versions},
        )


def _operator(
    checkout: Path, base: RootFilesystem, files: dict[str, bytes], progress: Progress
) -> tuple[Layer, ...]:
    launchers = (
        Launcher("consortium-operator", "consortium_operator"),
        Launcher("consortium", "consortium_operator.cli.main"),
    )
    own = _chosen(files, lambda name: not name.startswith("consortium_sandbox/"))
    requirements = checkout / "requirements/operator.txt"
    packages = dependencies_layer(base, requirements, progress)
    return base.layer, packages, code_layer(base, own, launchers, progress)


def _stand_in(
    checkout: Path, base: RootFilesystem, files: dict[str, bytes], progress: Progress
) -> tuple[Layer, ...]:
    """Only the node: neither the sandbox around it nor anything of the operator."""
    own = _chosen(
        files,
        lambda name: (
            name == "consortium_sandbox/__init__.py" or name.startswith("consortium_sandbox/node/")
        ),
    )
    requirements = checkout / "requirements/stand-in.txt"
    packages = dependencies_layer(base, requirements, progress)
    launchers = (Launcher("fisco-bcos", "consortium_sandbox.node"),)
    return base.layer, packages, code_layer(base, own, launchers, progress)


def _chosen(files: dict[str, bytes], wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Compiled files are left out: they are made anew by the image's own Python."""
    return {
        name: content
        for name, content in files.items()
        if wanted(name) and not name.endswith(".pyc")
    }


def _write_operator(output: Path, layers: tuple[Layer, ...]) -> Image:
    """The tag is a hash of the content: a tag that moved would be a stale image on some node."""
    content = hashlib.sha256("".join(layer.digest for layer in layers).encode()).hexdigest()[:12]
    config = ImageConfig(entrypoint=("/usr/local/bin/consortium-operator",), user=_OPERATOR_USER)
    archive = output / "consortium-operator.tar"
    return write_archive(archive, f"{OPERATOR_REPOSITORY}:{content}", layers, config)


def _write_stand_in(output: Path, version: str, layers: tuple[Layer, ...]) -> Image:
    """Root, as in the real image: pods say as whom they run."""
    config = ImageConfig(
        entrypoint=("/usr/local/bin/fisco-bcos",),
        environment={"FISCO_BCOS_STAND_IN_VERSION": version},
    )
    archive = output / f"fisco-bcos-stand-in-{version}.tar"
    return write_archive(archive, f"{STAND_IN_REPOSITORY}:{version}", layers, config)
