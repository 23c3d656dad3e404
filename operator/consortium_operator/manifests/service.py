"""Services: one per node, which peers dial, and one per member for applications.

A node resolves its peers' names once, at start, and an unresolvable one stops it. So every node
has a ClusterIP Service of its own, made before any pod, whose address outlives the pod.
"""

from collections.abc import Mapping
from typing import Any

from consortium_operator.chain.files import Port, Process
from consortium_operator.chain.naming import (
    CHAIN_LABEL,
    MEMBER_LABEL,
    NODE_LABEL,
    PART_LABEL,
    ChildPart,
)
from consortium_operator.chain.plan import Plan, PlannedMember, PlannedNode
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.metadata import disposable


def node_service(
    plan: Plan, node: PlannedNode, process: Process, cluster_ip: str | None = None
) -> Manifest:
    """`cluster_ip`: the address it had before, which running peers still dial.

    Not-ready addresses are published: no node gets ready before its peers can reach it.
    """
    selector = {CHAIN_LABEL: plan.key.name, NODE_LABEL: node.names.node}
    metadata = disposable(plan, node.names.node, ChildPart.NODE, node)
    service = _service(metadata, selector, process.ports, cluster_ip)
    service["spec"]["publishNotReadyAddresses"] = True
    return service


def member_rpc_service(
    plan: Plan, member: PlannedMember, process: Process, cluster_ip: str | None = None
) -> Manifest:
    """What applications use, of whichever of the member's nodes are ready. `cluster_ip` as above:
    applications that run have resolved it, too."""
    selector = {
        CHAIN_LABEL: plan.key.name,
        MEMBER_LABEL: member.name,
        PART_LABEL: ChildPart.NODE.value,
    }
    metadata = disposable(plan, member.names.rpc_service, ChildPart.RPC, member)
    return _service(metadata, selector, (process.rpc, *process.for_clients), cluster_ip)


def _service(
    metadata: dict[str, Any],
    selector: Mapping[str, str],
    ports: tuple[Port, ...],
    cluster_ip: str | None,
) -> Manifest:
    service: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "type": "ClusterIP",
            "selector": dict(selector),
            # The protocol is part of a port's key in server-side apply.
            "ports": [
                {
                    "name": port.name,
                    "port": port.number,
                    "protocol": "TCP",
                    "targetPort": port.name,
                }
                for port in ports
            ],
        },
    }
    if cluster_ip is not None:
        service["spec"]["clusterIP"] = cluster_ip
    return service
