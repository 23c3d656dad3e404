"""The seam between a sandbox and what it runs on.

One back end exists: `embedded` (Linux, root, no container engine). A back end over a container
engine needs only this protocol; nothing outside its package would change.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from consortium_sandbox.progress import Progress

State = Literal["Running", "Degraded", "Stopped"]


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
    Stopped: nothing of the sandbox exists. `nodes` counts the wanted Kubernetes nodes.
    """

    name: str
    state: State
    nodes: int
    kubeconfig: Path | None
    components: tuple[ComponentStatus, ...] = ()


class Backend(Protocol):
    """A Kubernetes cluster that can be made, asked and removed."""

    @property
    def kubeconfig(self) -> Path:
        """Where the kubeconfig is (or will be)."""
        ...

    def up(self, nodes: int | None, progress: Progress) -> None:
        """Makes the cluster, or heals it, or adds nodes to it. None keeps the number of nodes."""
        ...

    def down(self, progress: Progress) -> None:
        """Removes everything that `up` made."""
        ...

    def status(self) -> SandboxStatus:
        """What runs and what does not."""
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
