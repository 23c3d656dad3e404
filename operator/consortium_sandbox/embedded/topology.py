"""Names and addresses of one sandbox, all derived from its name, its slot and its size.

Nothing else invents a name: so `down` finds everything even where the record is lost.

    host ─── 10.201.S.252/30 ─── control plane ─── bridge 10.201.S.0/25 ─┬─ node-1 ─ 10.244.1.0/24
                                                                         └─ node-2 ─ 10.244.2.0/24

The host link is a network apart, and the control plane does not forward: pods and nodes cannot
reach the machine, and have no default route.
"""

from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network

from consortium_sandbox import zones

# Slot S gives 10.201.S.0/24 to a sandbox; the slot is chosen so that it collides with no route.
SLOTS = 250
SERVICE_NETWORK = "10.96.0.0/16"
POD_NETWORK = "10.244.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
API_PORT = 6443
BRIDGE = "br0"


@dataclass(frozen=True)
class Node:
    """One Kubernetes node; `index` counts from 1."""

    index: int
    sandbox: str
    slot: int

    @property
    def name(self) -> str:
        return f"node-{self.index}"

    @property
    def zone_labels(self) -> dict[str, str]:
        return zones.labels(self.index)

    @property
    def address(self) -> str:
        return f"10.201.{self.slot}.{10 + self.index}"

    @property
    def pod_network(self) -> str:
        return f"10.244.{self.index}.0/24"

    @property
    def namespace(self) -> str:
        """The network namespace. No sandbox name holds an underscore, so no two names meet."""
        return f"consortium_{self.sandbox}_{self.index}"

    @property
    def port(self) -> str:
        """The node's interface on the control plane's bridge."""
        return f"port-{self.index}"

    @property
    def cgroup(self) -> str:
        return f"/consortium-sandbox/{self.sandbox}/{self.name}"


@dataclass(frozen=True)
class Topology:
    """A sandbox with `size` real nodes and `fake` ones, which are objects only."""

    sandbox: str
    slot: int
    size: int
    fake: int = 0

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(Node(index, self.sandbox, self.slot) for index in range(1, self.size + 1))

    @property
    def namespace(self) -> str:
        return f"consortium_{self.sandbox}"

    @property
    def host_interface(self) -> str:
        """At most 15 characters, which is what the kernel allows."""
        return f"cs-{self.sandbox}"

    @property
    def cgroup(self) -> str:
        return f"/consortium-sandbox/{self.sandbox}"

    @property
    def address(self) -> str:
        """The control plane, as nodes and pods see it."""
        return f"10.201.{self.slot}.1"

    @property
    def host_side(self) -> str:
        """The machine's end of the host link."""
        return f"10.201.{self.slot}.254"

    @property
    def host_facing(self) -> str:
        """The control plane, as the machine sees it."""
        return f"10.201.{self.slot}.253"

    @property
    def server(self) -> str:
        """The API server's address for programs inside the sandbox."""
        return f"https://{self.address}:{API_PORT}"

    @property
    def host_server(self) -> str:
        """The API server's address for programs on the machine."""
        return f"https://{self.host_facing}:{API_PORT}"

    def node(self, name: str) -> Node | None:
        return next((node for node in self.nodes if node.name == name), None)


def network_of_slot(slot: int) -> IPv4Network:
    """All addresses that a sandbox in this slot uses outside its pods and services."""
    return IPv4Network(f"10.201.{slot}.0/24")
