"""The seam between a sandbox and what it runs on.

Two back ends exist: `embedded` (Linux, root, no container engine) and `kind` (a Docker engine).
choice.py says which one a sandbox has. Nothing outside of a back end's package knows more of it
than this protocol.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from consortium_sandbox.images.catalogue import ImageSet
from consortium_sandbox.progress import Progress

BackendName = Literal["embedded", "kind"]
State = Literal["Running", "Degraded", "Stopped"]

DEFAULT_NODES = 3
# As many as there are letters for zones, less a few.
MAX_NODES = 20


@dataclass(frozen=True)
class Size:
    """How many Kubernetes nodes are asked for: real ones, and fake ones that are objects only.

    None means "as many as there are"; for a sandbox that is not there yet, 3 real and no fake ones.
    """

    nodes: int | None = None
    fake_nodes: int | None = None


@dataclass(frozen=True)
class ComponentStatus:
    """One process of the cluster. `node` is None for the control plane's; `pid` None if dead."""

    name: str
    node: str | None
    pid: int | None
    healthy: bool


@dataclass(frozen=True)
class SandboxStatus:
    """What a sandbox looks like from outside.

    Running: every component is healthy. Degraded: something is down (the next `up` heals it).
    Stopped: nothing of the sandbox exists. `nodes` counts the wanted Kubernetes nodes that run
    pods, `fake_nodes` those that only say so.
    """

    name: str
    backend: BackendName
    state: State
    nodes: int = 0
    fake_nodes: int = 0
    kubeconfig: Path | None = None
    components: tuple[ComponentStatus, ...] = ()


class Backend(Protocol):
    """A Kubernetes cluster that can be made, asked and removed."""

    @property
    def kubeconfig(self) -> Path:
        """Where the kubeconfig is (or will be)."""
        ...

    def up(self, size: Size, progress: Progress) -> None:
        """Makes the cluster, or heals it, or adds nodes to it."""
        ...

    def down(self, progress: Progress) -> None:
        """Removes everything that `up` made."""
        ...

    def status(self) -> SandboxStatus:
        """What runs and what does not."""
        ...

    def build_images(self, output: Path, progress: Progress, versions: Sequence[str]) -> ImageSet:
        """Writes the archives of our own images, made with what this back end has."""
        ...

    def load_image(self, archive: Path) -> str:
        """Puts an OCI image archive on every node; returns `repository@digest`."""
        ...

    def cut_node(self, node: str) -> None:
        """Takes a node's network link down."""
        ...

    def restore_node(self, node: str) -> None:
        """Brings a node's network link up again."""
        ...
