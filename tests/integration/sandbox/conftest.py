"""A small sandbox of this directory's own, and the means to look into it."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from consortium_sandbox import Sandbox, tool_path
from consortium_sandbox.images.oci import ImageConfig, write_archive
from consortium_sandbox.images.root_filesystem import root_filesystem
from consortium_sandbox.progress import Plain


@dataclass(frozen=True)
class Kubectl:
    """kubectl on one sandbox."""

    kubeconfig: Path

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        done = self.attempt(*words, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def attempt(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """The same, for what may fail."""
        return subprocess.run(
            [str(tool_path("kubectl")), "--kubeconfig", str(self.kubeconfig), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def apply(self, *manifests: dict[str, Any]) -> None:
        document = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self("apply", "-f", "-", stdin=json.dumps(document))

    def get(self, *words: str) -> Any:
        return json.loads(self("get", *words, "-o", "json"))


def eventually(true: Callable[[], Any], seconds: float = 60.0) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"still not true after {seconds} s"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def nodes() -> Iterator[Sandbox]:
    """Two real nodes."""
    sandbox = Sandbox("test-nodes")
    try:
        sandbox.up(nodes=2, progress=Plain())
        yield sandbox
    finally:
        if os.environ.get("CONSORTIUM_KEEP_SANDBOX") != "1":
            sandbox.down(progress=Plain())


@pytest.fixture(scope="session")
def kubectl(nodes: Sandbox) -> Kubectl:
    return Kubectl(nodes.kubeconfig)


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
