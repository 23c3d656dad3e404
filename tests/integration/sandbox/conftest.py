"""A small embedded cluster of this directory's own, and an image for its pods."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consortium_sandbox import Sandbox
from consortium_sandbox.images.oci import ImageConfig, write_archive
from consortium_sandbox.images.root_filesystem import root_filesystem
from consortium_sandbox.progress import Plain
from tests.conftest import running_sandbox
from tests.integration.sandbox.kubectl import Kubectl
from tests.integration.sandbox.manifests import NAMESPACE


@pytest.fixture(scope="session")
def nodes() -> Iterator[Sandbox]:
    """Two real nodes."""
    yield from running_sandbox("nodes", nodes=2, backend="embedded")


@pytest.fixture(scope="session")
def kubectl(nodes: Sandbox) -> Iterator[Kubectl]:
    """kubectl on them, with a namespace in which only restricted pods may run."""
    made = Kubectl(nodes.kubeconfig)
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": NAMESPACE, "labels": labels}
    made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    yield made
    made("delete", "namespace", NAMESPACE)


@pytest.fixture(scope="session")
def python_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image that is nothing but our base: a Debian with Python, which runs its argument."""
    base = root_filesystem(Plain())
    archive = tmp_path_factory.mktemp("images") / "python.tar"
    config = ImageConfig(entrypoint=("python3", "-u", "-c"))
    return write_archive(archive, "sandbox.local/test-python:1", (base.layer,), config).archive


@pytest.fixture(scope="session")
def python_image(nodes: Sandbox, python_archive: Path) -> str:
    """The reference of that image, on the nodes."""
    return nodes.load_image(python_archive)
