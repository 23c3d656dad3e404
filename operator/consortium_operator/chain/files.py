"""What an engine wants a node to run with: files and a process, in no cluster's terms.

`manifests` mounts these into a pod; `consortium render --standalone` writes them to a directory.
"""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """The object that a file is kept in."""

    IDENTITY = "identity"  # Secret: the node key
    TLS = "tls"  # Secret: the TLS private key
    CERTIFICATE = "certificate"  # immutable ConfigMap, by content
    CONFIG = "config"  # immutable ConfigMap, by content
    GENESIS = "genesis"  # immutable ConfigMap of the chain
    PEERS = "peers"  # ConfigMap, mounted live
    TRUST = "trust"  # ConfigMap of the chain, mounted live

    @property
    def is_private(self) -> bool:
        return self in (Source.IDENTITY, Source.TLS)


@dataclass(frozen=True, slots=True)
class NodeFile:
    """One file of a node.

    `path` is relative to the node's directory ("conf/ssl.crt"); its last part is the key in the
    object that keeps it. `content` is None where it is private, and where the whole object is
    mounted as a directory (`path` then ends with "/").
    """

    path: str
    source: Source
    content: str | None = None

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def key(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Port:
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Process:
    """How the node's process is started.

    `files_dir`: where the node's directory (`NodeFile.path`) is in the pod.
    `data_dir`: mount point of the volume and working directory; the ledger is in a sub-directory,
    since a fresh volume's root may hold lost+found.
    `rpc_is_plain`: without TLS. `for_clients`: further ports, which applications use and the
    operator does not.
    """

    args: tuple[str, ...]
    files_dir: str
    data_dir: str
    p2p: Port
    rpc: Port
    rpc_is_plain: bool = False
    for_clients: tuple[Port, ...] = ()

    @property
    def ports(self) -> tuple[Port, ...]:
        return (self.p2p, self.rpc, *self.for_clients)
