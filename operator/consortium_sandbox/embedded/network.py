"""Network namespaces, the bridge, the links and the routes of a sandbox.

Everything is made only where it is missing, so the same call heals a network that lost a part.
"""

import ipaddress
import json
from pathlib import Path

from consortium_sandbox import shell
from consortium_sandbox.embedded.topology import (
    BRIDGE,
    SERVICE_NETWORK,
    SLOTS,
    Node,
    Topology,
    network_of_slot,
)
from consortium_sandbox.errors import SandboxError

NAMESPACES = Path("/run/netns")
# A route as wide as this (a VPN's 10.0.0.0/8) does not stand in the way: ours is more specific.
_WIDE = 16


def ip(namespace: str | None, *words: str) -> str:
    """Runs `ip`, in a namespace where one is given."""
    inside = ["-n", namespace] if namespace else []
    return shell.run(["ip", *inside, *words])


def free_slot(taken: set[int]) -> int:
    """The first slot that no sandbox has and whose network no route of the machine touches."""
    routes = json.loads(ip(None, "-4", "-json", "route", "show", "table", "all") or "[]")
    used = []
    for route in routes:
        destination = route.get("dst", "default")
        if destination != "default":
            network = ipaddress.IPv4Network(destination, strict=False)
            if network.prefixlen > _WIDE:
                used.append(network)
    for slot in range(SLOTS):
        wanted = network_of_slot(slot)
        if slot not in taken and not any(wanted.overlaps(network) for network in used):
            return slot
    raise SandboxError("no network in 10.201.0.0/16 is free: remove a sandbox with `down`")


def ensure(topology: Topology) -> None:
    """Makes all namespaces, links, addresses and routes of the sandbox."""
    _ensure_namespace(topology.namespace)
    _ensure_bridge(topology)
    _ensure_host_link(topology)
    for node in topology.nodes:
        _ensure_namespace(node.namespace)
        _ensure_node_link(topology, node)
    _ensure_routes(topology)


def intact(topology: Topology) -> bool:
    """Whether all that `ensure` makes is there. Cheap: one look per namespace."""
    wanted = [(None, topology.host_interface), (topology.namespace, "host0")]
    wanted += [(topology.namespace, node.port) for node in topology.nodes]
    wanted += [(node.namespace, "eth0") for node in topology.nodes]
    seen = {namespace: _links(namespace) for namespace, _ in wanted}
    return all(link in seen[namespace] for namespace, link in wanted)


def set_link(topology: Topology, node: Node, state: str) -> None:
    """Takes a node's link `down` or `up`, at the bridge's end: the node itself sees no cable."""
    ip(topology.namespace, "link", "set", node.port, state)


def remove(topology_name: str, host_interface: str) -> None:
    """Removes the sandbox's namespaces, found by name, and its interface on the machine."""
    for namespace in namespaces_of(topology_name):
        ip(None, "netns", "delete", namespace)
    # The peer's namespace takes the pair with it, but a moment later.
    if host_interface in _links(None):
        shell.succeeds(["ip", "link", "delete", host_interface])


def namespaces_of(name: str) -> list[str]:
    """Names of the network namespaces that belong to the sandbox `name`."""
    if not NAMESPACES.is_dir():
        return []
    own = f"consortium_{name}"
    entries = (entry.name for entry in NAMESPACES.iterdir())
    return sorted(entry for entry in entries if entry == own or entry.startswith(f"{own}_"))


def namespace_inodes(name: str) -> set[int]:
    """The inodes of those namespaces, as /proc/PID/ns/net shows them."""
    return {(NAMESPACES / entry).stat().st_ino for entry in namespaces_of(name)}


def _links(namespace: str | None) -> set[str]:
    inside = ["-n", namespace] if namespace else []
    try:
        text = shell.run(["ip", *inside, "-json", "link", "show"])
    except SandboxError:
        return set()  # no such namespace
    return {link["ifname"] for link in json.loads(text or "[]")}


def _ensure_namespace(namespace: str) -> None:
    if not shell.succeeds(["ip", "-n", namespace, "link", "show", "lo"]):
        # A name without a namespace behind it is what a crash in the middle leaves.
        (NAMESPACES / namespace).unlink(missing_ok=True)
        ip(None, "netns", "add", namespace)
    ip(namespace, "link", "set", "lo", "up")


def _ensure_bridge(topology: Topology) -> None:
    if BRIDGE not in _links(topology.namespace):
        ip(topology.namespace, "link", "add", BRIDGE, "type", "bridge")
    ip(topology.namespace, "address", "replace", f"{topology.address}/25", "dev", BRIDGE)
    ip(topology.namespace, "link", "set", BRIDGE, "up")


def _ensure_host_link(topology: Topology) -> None:
    inside, outside = topology.namespace, topology.host_interface
    if "host0" not in _links(inside):
        _add_pair(None, outside, "host0", inside)
    ip(None, "address", "replace", f"{topology.host_side}/30", "dev", outside)
    ip(None, "link", "set", outside, "up")
    ip(inside, "address", "replace", f"{topology.host_facing}/30", "dev", "host0")
    ip(inside, "link", "set", "host0", "up")


def _add_pair(namespace: str | None, near: str, far: str, far_namespace: str) -> None:
    """A veth pair. The near end of an old one lives on for a moment after the far end's namespace
    was deleted, and would hold the name."""
    inside = ["-n", namespace] if namespace else []
    shell.succeeds(["ip", *inside, "link", "delete", near])
    ip(namespace, *("link", "add", near, "type", "veth"), *("peer", far, "netns", far_namespace))


def _ensure_node_link(topology: Topology, node: Node) -> None:
    inside = node.namespace
    if "eth0" not in _links(inside):
        _add_pair(topology.namespace, node.port, "eth0", inside)
    ip(topology.namespace, "link", "set", node.port, "master", BRIDGE, "up")
    ip(inside, "address", "replace", f"{node.address}/25", "dev", "eth0")
    ip(inside, "link", "set", "eth0", "up")
    # Pods are routed, not bridged, on their node.
    forward = "echo 1 >/proc/sys/net/ipv4/ip_forward"
    shell.run(["nsenter", f"--net={NAMESPACES / inside}", "--", "sh", "-c", forward])


def _ensure_routes(topology: Topology) -> None:
    """Everybody reaches every node's pods; service addresses need a route to be looked at at all.

    kube-proxy rewrites a service address in the node's own output path, after the route lookup:
    without any route the packet would never get there. No route leads out.
    """
    for node in topology.nodes:
        ip(topology.namespace, "route", "replace", node.pod_network, "via", node.address)
        ip(node.namespace, "route", "replace", SERVICE_NETWORK, "via", topology.address)
        for other in topology.nodes:
            if other != node:
                ip(node.namespace, "route", "replace", other.pod_network, "via", other.address)
