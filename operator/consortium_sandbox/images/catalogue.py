"""The images: one of the operator, and one of the stand-in node for each version it emulates.

All share the base; the stand-in images share all their layers and differ in one variable.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox.errors import SandboxError
from consortium_sandbox.images.dockerfile import read_stages
from consortium_sandbox.images.oci import Image, ImageConfig, Layer, write_archive
from consortium_sandbox.images.python_layers import code_layer, dependencies_layer, wheel_files
from consortium_sandbox.images.root_filesystem import RootFilesystem, root_filesystem
from consortium_sandbox.node.releases import TAGS
from consortium_sandbox.paths import checkout_root
from consortium_sandbox.progress import Progress

# Which releases of FISCO BCOS get a stand-in image unless others are asked for: the newest, and one
# to upgrade from. Each can emulate any of `releases.TAGS`, but every archive takes time to write
# and to load.
STAND_IN_VERSIONS = ("3.15.2", "3.16.4")
OPERATOR_REPOSITORY = "sandbox.local/consortium-operator"
STAND_IN_REPOSITORY = "sandbox.local/fisco-bcos-stand-in"
# The stages of images/Dockerfile.
OPERATOR, STAND_IN = "operator", "stand-in"


@dataclass(frozen=True)
class ImageSet:
    """The built images; the stand-in's by the version it emulates."""

    operator: Image
    stand_in: Mapping[str, Image]


def build_images(output: Path, progress: Progress, versions: Sequence[str]) -> ImageSet:
    """Writes the archives of all images into `output`, without a container engine.

    What did not change is taken from the cache: after an edit only our own code is packed anew.
    Raises SandboxError where there is no checkout or no debootstrap.
    """
    checkout = source_checkout(versions)
    base = root_filesystem(progress)
    files = wheel_files(checkout)
    operator = _operator(checkout, base, files, progress)
    stand_in = _stand_in(checkout, base, files, progress)
    stages = read_stages(checkout)
    with progress.step(f"Write image archives to {output}"):
        return ImageSet(
            operator=_write_operator(output, operator, stages[OPERATOR].config({})),
            stand_in={
                version: _write_stand_in(
                    output, version, stand_in, stages[STAND_IN].config({"VERSION": version})
                )
                for version in versions
            },
        )


def source_checkout(versions: Sequence[str]) -> Path:
    """Where images are built from. Raises SandboxError where there is none, and for a release that
    the stand-in does not emulate."""
    unknown = sorted(set(versions) - set(TAGS))
    if unknown:
        raise SandboxError(f"the stand-in node emulates no release {', '.join(unknown)}")
    checkout = checkout_root()
    if checkout is None:
        raise SandboxError("images are built from a source checkout; this is an installed package")
    return checkout


def archive_of_operator(output: Path) -> Path:
    return output / "consortium-operator.tar"


def archive_of_stand_in(output: Path, version: str) -> Path:
    return output / f"fisco-bcos-stand-in-{version}.tar"


def _operator(
    checkout: Path, base: RootFilesystem, files: dict[str, bytes], progress: Progress
) -> tuple[Layer, ...]:
    own = _chosen(files, lambda name: not name.startswith("consortium_sandbox/"))
    packages = dependencies_layer(base, checkout / "requirements/operator.txt", progress)
    programs = _programs(checkout, OPERATOR)
    return base.layer, packages, code_layer(base, own, programs, progress)


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
    packages = dependencies_layer(base, checkout / "requirements/stand-in.txt", progress)
    programs = _programs(checkout, STAND_IN)
    return base.layer, packages, code_layer(base, own, programs, progress)


def _programs(checkout: Path, stage: str) -> dict[str, bytes]:
    """What the stage copies into /usr/local/bin."""
    return {path.name: path.read_bytes() for path in (checkout / "images" / stage).iterdir()}


def _chosen(files: dict[str, bytes], wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Compiled files are left out: they are made anew by the image's own Python."""
    return {
        name: content
        for name, content in files.items()
        if wanted(name) and not name.endswith(".pyc")
    }


def _write_operator(output: Path, layers: tuple[Layer, ...], config: ImageConfig) -> Image:
    """The tag is a hash of the content: a tag that moved would be a stale image on some node."""
    content = hashlib.sha256("".join(layer.digest for layer in layers).encode()).hexdigest()[:12]
    name = f"{OPERATOR_REPOSITORY}:{content}"
    return write_archive(archive_of_operator(output), name, layers, config)


def _write_stand_in(
    output: Path, version: str, layers: tuple[Layer, ...], config: ImageConfig
) -> Image:
    name = f"{STAND_IN_REPOSITORY}:{version}"
    return write_archive(archive_of_stand_in(output, version), name, layers, config)
