"""`Sandbox`: what tests, the demo and the command line use."""

import os
import platform
import re
from pathlib import Path

from consortium_sandbox.backend import Backend, SandboxStatus
from consortium_sandbox.embedded.cluster import EmbeddedBackend
from consortium_sandbox.errors import SandboxError, SandboxUnsupportedError
from consortium_sandbox.progress import Progress, Silent

DEFAULT_NAME = "demo"
# Twelve characters: an interface name has fifteen and ours begins with `cs-`.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,11}")


class Sandbox:
    """A Kubernetes cluster of one's own, by name. Several run side by side.

    Making one says nothing about whether it runs. Every method raises SandboxError with a message
    that says what to do, and SandboxUnsupportedError where the machine cannot run a sandbox.
    """

    def __init__(self, name: str = DEFAULT_NAME) -> None:
        if not _NAME.fullmatch(name):
            raise SandboxError(
                f"name {name!r} is not allowed: a letter, then at most 11 of a-z, 0-9 and -"
            )
        self.name = name
        self._backend: Backend = EmbeddedBackend(name)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for programs on this machine."""
        return self._backend.kubeconfig

    def up(self, nodes: int | None = None, progress: Progress | None = None) -> None:
        """Starts the sandbox, heals it or grows it to `nodes` real Kubernetes nodes.

        None means 3 for a new sandbox and "as it is" for one that exists. 0 is an API server with
        its controllers only. Returns when the cluster is ready; at once when it is already.
        """
        _require_support()
        self._backend.up(nodes, progress or Silent())

    def down(self, progress: Progress | None = None) -> None:
        """Removes the sandbox with all it holds. A sandbox that is not there is fine."""
        _require_support()
        self._backend.down(progress or Silent())

    def status(self) -> SandboxStatus:
        """What runs."""
        _require_support()
        return self._backend.status()

    def load_image(self, archive: Path) -> str:
        """Puts an OCI image archive on every node, by tag and by digest, where it is not yet.

        Returns the reference `repository@sha256:…`, which is what pods should name.
        """
        _require_support()
        return self._backend.load_image(archive)

    def cut_node(self, node: str) -> None:
        """Cuts a node (`node-1`) off: its link goes down, its pods run on."""
        _require_support()
        self._backend.cut_node(node)

    def restore_node(self, node: str) -> None:
        """Ends what `cut_node` did."""
        _require_support()
        self._backend.restore_node(node)


def _require_support() -> None:
    if platform.system() != "Linux":
        raise SandboxUnsupportedError(
            f"the sandbox needs Linux (network namespaces, cgroups); this is {platform.system()}."
            " Use a Linux machine, or any cluster with `helm install`"
        )
    if os.geteuid() != 0:
        raise SandboxUnsupportedError(
            "the sandbox makes network namespaces and mounts, which takes root: run it with sudo"
        )
