"""A client of the control plane, a namespace of one's own, and somebody else with kubectl."""

import itertools
import json
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from consortium_operator.kube.client import KubeClient
from consortium_sandbox import Sandbox, tool_path

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Somebody:
    """Another user of the cluster, who works with kubectl."""

    kubeconfig: str
    namespace: str

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [
                str(tool_path("kubectl")),
                f"--kubeconfig={self.kubeconfig}",
                f"--namespace={self.namespace}",
                *arguments,
            ],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def patch(self, kind: str, name: str, patch: Any, *, manager: str = "mallory") -> None:
        way = "json" if isinstance(patch, list) else "merge"
        self.kubectl(
            *("patch", kind, name, f"--type={way}", f"--field-manager={manager}"),
            f"--patch={json.dumps(patch)}",
        )


@pytest.fixture
async def client(control_plane: Sandbox) -> AsyncIterator[KubeClient]:
    async with KubeClient.connect(Path(control_plane.kubeconfig)) as client:
        yield client


@pytest.fixture
async def namespace(client: KubeClient) -> str:
    name = f"kube-{os.getpid()}-{next(_numbers)}"  # a sandbox that was kept has older ones
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.apply(namespace)
    return name


@pytest.fixture
def somebody(control_plane: Sandbox, namespace: str) -> Somebody:
    return Somebody(str(control_plane.kubeconfig), namespace)
