"""Puts OCI archives on nodes, by tag and by digest."""

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.embedded.layout import NodeLayout
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.go_tools import binary

# The namespace in which Kubernetes looks for its images.
_NAMESPACE = "k8s.io"


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


def import_everywhere(archive: Path, nodes: list[NodeLayout]) -> ArchivedImage:
    """Imports the archive on every node that does not have it, on all of them at once."""
    image = read_archive(archive)
    missing = [node for node in nodes if not _has(node, image)]
    # Locally: the transfer service would name the image by its index's digest, which pods and
    # clients do not know, and would send the archive through a stream.
    names = ("--local", "--digests", "--base-name", image.repository)
    _on_all(missing, ["images", "import", *names, str(archive)])
    return image


def has_tag(node: NodeLayout, reference: str) -> bool:
    """Whether the node has an image of exactly this name."""
    listed = shell.run(_ctr(node, ["images", "list", "--quiet", f"name=={reference}"]))
    return bool(listed.strip())


def answers(node: NodeLayout) -> bool:
    """Whether the node's containerd answers."""
    return node.socket.exists() and shell.succeeds(_ctr(node, ["version"]))


def _has(node: NodeLayout, image: ArchivedImage) -> bool:
    """Under both names, and the tag means this image: a tag moves when an image is rebuilt."""
    lines = shell.run(_ctr(node, ["images", "list", f"name=={image.by_tag}"]))
    return image.digest in lines and has_tag(node, image.by_digest)


def _ctr(node: NodeLayout, words: list[str]) -> list[str]:
    """ctr in the node's mount namespace: it unpacks layers by itself, as containerd would."""
    return [
        *("nsenter", f"--mount={node.mount_namespace}", "--"),
        *(str(binary("ctr")), "--address", str(node.socket), "--namespace", _NAMESPACE),
        *words,
    ]


def _on_all(nodes: list[NodeLayout], words: list[str]) -> None:
    running = [
        subprocess.Popen(
            _ctr(node, words),
            env=shell.system_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for node in nodes
    ]
    failures = []
    for process in running:
        _, said = process.communicate()
        if process.returncode != 0:
            failures.append(said.strip())
    if failures:
        raise SandboxError(f"`ctr {' '.join(words)}` failed: {failures[0]}")
