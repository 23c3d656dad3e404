"""`Sandbox`: what tests, the demo and the command line use."""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from consortium_sandbox.backend import Backend, BackendName, SandboxStatus, Size
from consortium_sandbox.choice import backend_for
from consortium_sandbox.errors import SandboxError
from consortium_sandbox.images.catalogue import STAND_IN_VERSIONS, ImageSet
from consortium_sandbox.progress import Progress, Silent

DEFAULT_NAME = "demo"
# Twelve characters: an interface name has fifteen and ours begins with `cs-`.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,11}")


class Sandbox:
    """A Kubernetes cluster of one's own, by name. Several run side by side.

    Making one says nothing about whether it runs. Every method raises SandboxError with a message
    that says what to do, and SandboxUnsupportedError where the machine cannot run a sandbox.
    `backend` is for tests of one back end; choice.py finds it otherwise.
    """

    def __init__(self, name: str = DEFAULT_NAME, backend: BackendName | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise SandboxError(
                f"name {name!r} is not allowed: a letter, then at most 11 of a-z, 0-9 and -"
            )
        self.name = name
        self._told = backend

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for programs on this machine."""
        return self._backend.kubeconfig

    def up(
        self,
        nodes: int | None = None,
        progress: Progress | None = None,
        *,
        fake_nodes: int | None = None,
    ) -> None:
        """Starts the sandbox, heals it or adds nodes to it.

        None means 3 real nodes and no fake ones for a new sandbox and "as it is" for one that
        exists. 0 real nodes are an API server with its controllers only. Returns when the cluster
        is ready; at once when it is already.
        """
        self._backend.up(Size(nodes, fake_nodes), progress or Silent())

    def down(self, progress: Progress | None = None) -> None:
        """Removes the sandbox with all it holds. A sandbox that is not there is fine."""
        self._backend.down(progress or Silent())

    def status(self) -> SandboxStatus:
        """What runs."""
        return self._backend.status()

    def build_images(
        self,
        output: Path,
        progress: Progress | None = None,
        versions: Sequence[str] = STAND_IN_VERSIONS,
    ) -> ImageSet:
        """Writes the archives of the operator's and the stand-in's images, from this checkout.

        `versions` are the releases that stand-in images are made for. What did not change is taken
        from a cache.
        """
        return self._backend.build_images(output, progress or Silent(), versions)

    def load_image(self, archive: Path) -> str:
        """Puts an OCI image archive on every node, by tag and by digest, where it is not yet.

        Returns the reference `repository@sha256:…`, which is what pods should name.
        """
        return self._backend.load_image(archive)

    def cut_node(self, node: str) -> None:
        """Cuts a node off: its link goes down, its pods run on."""
        self._backend.cut_node(node)

    def restore_node(self, node: str) -> None:
        """Ends what `cut_node` did."""
        self._backend.restore_node(node)

    @cached_property
    def _backend(self) -> Backend:
        return backend_for(self.name, self._told)
