"""NetworkPolicies: P2P for the chain's own pods, RPC for the operator and the named clients, and
what else applications use for the clients alone.

Ingress only: nodes dial names in the cluster's DNS, and which DNS that is nobody can know here.
Two policies on the same pods add up, and each port is open only to its own list.
"""

from collections.abc import Collection
from typing import Any

from consortium_operator.api.chain import NetworkClient
from consortium_operator.api.selector import LabelSelector
from consortium_operator.chain.files import Process
from consortium_operator.chain.naming import CHAIN_LABEL, MANAGED_BY, PART_LABEL, ChildPart
from consortium_operator.chain.plan import Plan
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.metadata import disposable

# Set by Kubernetes on every namespace.
NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
# Set by the operator's chart on its pods.
APPLICATION_LABEL = "app.kubernetes.io/name"


def network_policies(
    plan: Plan, process: Process, rpc_ports: Collection[int] = ()
) -> tuple[Manifest, ...]:
    """None where spec.networkPolicy.enabled is false. `rpc_ports`: where running nodes, which may
    not have had their turn since the port changed, have RPC."""
    if not plan.spec.network_policy.enabled:
        return ()
    clients = [_peer(client) for client in plan.spec.network_policy.clients]
    peers = [_rule([process.p2p.number], [{"podSelector": _pods(plan)}])]
    rpc = [_rule(sorted({process.rpc.number, *rpc_ports}), [_operator(plan), *clients])]
    # A rule without peers would be one for everybody.
    if process.for_clients and clients:
        rpc.append(_rule([port.number for port in process.for_clients], clients))
    return (
        _policy(plan, plan.key.p2p_policy, peers),
        _policy(plan, plan.key.rpc_policy, rpc),
    )


def _rule(ports: list[int], peers: list[dict[str, Any]]) -> dict[str, Any]:
    # The number, not the name: not every network plug-in resolves names of ports.
    return {"from": peers, "ports": [{"port": port, "protocol": "TCP"} for port in ports]}


def _policy(plan: Plan, name: str, ingress: list[dict[str, Any]]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": disposable(plan, name, ChildPart.NETWORK),
        "spec": {
            "podSelector": _pods(plan),
            "policyTypes": ["Ingress"],
            "ingress": ingress,
        },
    }


def _pods(plan: Plan) -> dict[str, Any]:
    return {"matchLabels": {CHAIN_LABEL: plan.key.name, PART_LABEL: ChildPart.NODE.value}}


def _operator(plan: Plan) -> dict[str, Any]:
    namespace = plan.settings.operator_namespace
    return {
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME_LABEL: namespace}},
        "podSelector": {"matchLabels": {APPLICATION_LABEL: MANAGED_BY}},
    }


def _peer(client: NetworkClient) -> dict[str, Any]:
    """Both selectors: pods in those namespaces. One: the other is everything, or our own."""
    peer = {}
    if client.namespace_selector is not None:
        peer["namespaceSelector"] = _selector(client.namespace_selector)
    if client.pod_selector is not None:
        peer["podSelector"] = _selector(client.pod_selector)
    return peer


def _selector(selector: LabelSelector) -> dict[str, Any]:
    return selector.model_dump(mode="json", by_alias=True, exclude_defaults=True)
