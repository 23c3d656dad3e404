"""Where one sandbox keeps its files: a single directory, removed as a whole."""

from dataclasses import dataclass
from pathlib import Path

from consortium_sandbox.embedded.topology import Node
from consortium_sandbox.paths import STATE_ROOT


@dataclass(frozen=True)
class Layout:
    """Files of the sandbox `name`."""

    name: str

    @property
    def root(self) -> Path:
        return STATE_ROOT / self.name

    @property
    def record(self) -> Path:
        return self.root / "record.json"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def configs(self) -> Path:
        return self.root / "configs"

    @property
    def etcd(self) -> Path:
        return self.root / "etcd"

    @property
    def volumes(self) -> Path:
        return self.root / "volumes"

    @property
    def mount_namespaces(self) -> Path:
        """One file per node, onto which the node's mount namespace is bound."""
        return self.root / "namespaces"

    def node(self, node: Node) -> "NodeLayout":
        return NodeLayout(self.root / "nodes" / node.name, self.mount_namespaces / node.name)


@dataclass(frozen=True)
class NodeLayout:
    """Files of one node."""

    root: Path
    mount_namespace: Path

    @property
    def socket(self) -> Path:
        """containerd's socket. ctr wants it absolute; a socket path may have 107 bytes."""
        return self.root / "containerd.sock"

    @property
    def containerd_root(self) -> Path:
        return self.root / "containerd"

    @property
    def containerd_state(self) -> Path:
        return self.root / "state"

    @property
    def kubelet(self) -> Path:
        return self.root / "kubelet"

    @property
    def cni_config(self) -> Path:
        return self.root / "cni"

    @property
    def addresses(self) -> Path:
        """Pod addresses in use (host-local IPAM)."""
        return self.root / "addresses"

    @property
    def private(self) -> Path:
        """What the node sees as /run, /var/log and /var/lib."""
        return self.root / "private"
