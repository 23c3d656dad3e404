"""Puts OCI archives on nodes, by tag and by digest, through the `ctr` of each node's containerd."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.images.archive import ArchivedImage, read_archive


@dataclass(frozen=True)
class Containerd:
    """How one node's containerd is asked: the words in front of those for `ctr`, which name the
    namespace of Kubernetes' images, and the environment to say them in."""

    ctr: tuple[str, ...]
    environment: Mapping[str, str]


# The namespace in which Kubernetes looks for its images.
NAMESPACE = "k8s.io"


def import_everywhere(archive: Path, nodes: Sequence[Containerd]) -> ArchivedImage:
    """Imports the archive on every node that does not have it, on all of them at once."""
    image = read_archive(archive)
    missing = [node for node in nodes if not _has(node, image)]
    # Locally: the transfer service would name the image by its index's digest, which pods and
    # clients do not know.
    names = ("--local", "--digests", "--base-name", image.repository)
    _on_all(missing, ("images", "import", *names, "-"), archive)
    return image


def has_name(node: Containerd, reference: str) -> bool:
    """Whether the node has an image of exactly this name."""
    return bool(_ask(node, "images", "list", "--quiet", f"name=={reference}").strip())


def _has(node: Containerd, image: ArchivedImage) -> bool:
    """Under both names, and the tag means this image: a tag moves when an image is rebuilt."""
    lines = _ask(node, "images", "list", f"name=={image.by_tag}")
    return image.digest in lines and has_name(node, image.by_digest)


def _ask(node: Containerd, *words: str) -> str:
    return shell.run([*node.ctr, *words], env=node.environment)


def _on_all(nodes: Sequence[Containerd], words: tuple[str, ...], archive: Path) -> None:
    with ExitStack() as files:
        running = [
            subprocess.Popen(
                [*node.ctr, *words],
                env=dict(node.environment),
                stdin=files.enter_context(archive.open("rb")),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for node in nodes
        ]
        said = [process.communicate()[1].strip() for process in running]
    failures = [text for process, text in zip(running, said, strict=True) if process.returncode]
    if failures:
        raise SandboxError(f"`ctr {' '.join(words)}` failed: {failures[0]}")
