"""The pod template of a node.

Whatever changes here restarts the node, so nothing mutable enters that is not meant to: neither
role nor weight, nor the peers and trusted CAs. The pod passes Pod Security `restricted` with a
read-only root file system; only its volume is writable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consortium_operator.api.affinity import Affinity
from consortium_operator.api.placement import Placement
from consortium_operator.chain.files import NodeFile, Process, Source
from consortium_operator.chain.naming import (
    CHAIN_LABEL,
    PART_LABEL,
    PLAIN_RPC_ANNOTATION,
    RENEWED_ROOTS_ANNOTATION,
    ChildPart,
)
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.manifests.certificate import certificate_config_map
from consortium_operator.manifests.config import config_config_map
from consortium_operator.manifests.metadata import labels
from consortium_operator.manifests.mounts import DATA_VOLUME, file_mounts, file_volumes

CONTAINER = "node"
USER = 10001
REGION_LABEL = "topology.kubernetes.io/region"
ZONE_LABEL = "topology.kubernetes.io/zone"
HOST_LABEL = "kubernetes.io/hostname"

# A node stops in 0.2 s; once in 300 times it hangs and has to be killed.
GRACE_SECONDS = 30
# A node opens its ports only after it has opened its ledger: give a large one 30 minutes.
STARTUP_PERIOD_SECONDS = 5
STARTUP_FAILURES = 360
READINESS_PERIOD_SECONDS = 5
READINESS_FAILURES = 2


@dataclass(frozen=True, slots=True)
class NodePod:
    """What a node's pod is made of. `sources`: the object that keeps the files of each source;
    `claim`: name of the PersistentVolumeClaim; `renewed_roots`: as in Generations."""

    node: PlannedNode
    process: Process
    files: tuple[NodeFile, ...]
    sources: Mapping[Source, str]
    claim: str
    renewed_roots: str | None = None


@dataclass(frozen=True, slots=True)
class Generations:
    """Which of its numbered objects a node uses.

    `renewed_roots`: stands for the members' roots that have been renewed. A running node knows the
    one that it has read and looks no further, so it must restart before that one ends.
    """

    tls: int = 1
    volume: int = 1
    renewed_roots: str | None = None


def node_pod(
    plan: Plan,
    node: PlannedNode,
    process: Process,
    files: tuple[NodeFile, ...],
    generations: Generations,
) -> NodePod:
    """The pod with the names of the objects that the builders of this package give."""
    names = node.names
    sources = {
        Source.IDENTITY: node.key_secret,
        Source.TLS: names.tls(generations.tls),
        Source.CERTIFICATE: certificate_config_map(plan, node, files)["metadata"]["name"],
        Source.CONFIG: config_config_map(plan, node, files)["metadata"]["name"],
        Source.GENESIS: plan.key.genesis,
        Source.PEERS: names.peers,
        Source.TRUST: plan.key.trust,
    }
    claim = names.data(generations.volume)
    return NodePod(node, process, files, sources, claim, generations.renewed_roots)


def pod_labels(plan: Plan, node: PlannedNode) -> dict[str, str]:
    """The resource's own labels, which cannot take the place of ours: selectors rest on them."""
    return dict(node.pod_labels) | labels(plan, ChildPart.NODE, node)


def pod_template(plan: Plan, pod: NodePod) -> dict[str, Any]:
    metadata: dict[str, Any] = {"labels": pod_labels(plan, pod.node)}
    annotations = dict(pod.node.pod_annotations)
    if pod.renewed_roots is not None:
        annotations[RENEWED_ROOTS_ANNOTATION] = pod.renewed_roots
    # In one write with the ConfigMap that says so to the node: both belong to the same process.
    if pod.process.rpc_is_plain:
        annotations[PLAIN_RPC_ANNOTATION] = "true"
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": _pod_spec(plan, pod)}


def _pod_spec(plan: Plan, pod: NodePod) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "automountServiceAccountToken": False,
        # Variables of every Service in the namespace: noise, and they change from pod to pod.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            # Without it every start walks over the whole ledger.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(plan, pod)],
        "volumes": [
            {"name": DATA_VOLUME, "persistentVolumeClaim": {"claimName": pod.claim}},
            *file_volumes(pod.files, pod.sources),
        ],
    }
    if plan.image.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in plan.image.pull_secrets]
    return spec | _placement(plan, pod.node.placement)


def _container(plan: Plan, pod: NodePod) -> dict[str, Any]:
    process = pod.process
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": plan.image.reference,
        "imagePullPolicy": plan.image.pull_policy,
        "args": list(process.args),
        "workingDir": process.data_dir,
        "ports": [
            {"name": port.name, "containerPort": port.number, "protocol": "TCP"}
            for port in process.ports
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": DATA_VOLUME, "mountPath": process.data_dir},
            *file_mounts(pod.files, process),
        ],
    }
    return container | _probes(process) | _resources(pod.node)


def _probes(process: Process) -> dict[str, Any]:
    """No liveness probe: a restart by the kubelet would bypass the guard of the quorum."""
    return {
        "startupProbe": _probe(process, STARTUP_PERIOD_SECONDS, STARTUP_FAILURES),
        "readinessProbe": _probe(process, READINESS_PERIOD_SECONDS, READINESS_FAILURES),
    }


def _probe(process: Process, period: int, failures: int) -> dict[str, Any]:
    return {
        "tcpSocket": {"port": process.rpc.name},
        "periodSeconds": period,
        "failureThreshold": failures,
    }


def _resources(node: PlannedNode) -> dict[str, Any]:
    found = {
        kind: {name: str(quantity) for name, quantity in quantities.items()}
        for kind, quantities in (
            ("requests", node.resources.requests),
            ("limits", node.resources.limits),
        )
        if quantities
    }
    return {"resources": found} if found else {}


def _placement(plan: Plan, placement: Placement) -> dict[str, Any]:
    """Region and zone are a nodeSelector: it holds together with any affinity, whereas the terms
    of a node affinity are alternatives."""
    selector = dict(placement.node_selector)
    if placement.region is not None:
        selector[REGION_LABEL] = placement.region
    if placement.zone is not None:
        selector[ZONE_LABEL] = placement.zone
    affinity = _spread(plan) if placement.affinity is None else _written(placement.affinity)
    tolerations = [
        toleration.model_dump(mode="json", by_alias=True, exclude_none=True)
        for toleration in placement.tolerations
    ]
    found = {
        "nodeSelector": selector,
        "affinity": affinity,
        "tolerations": tolerations,
        "priorityClassName": placement.priority_class_name,
    }
    return {key: value for key, value in found.items() if value}


def _written(affinity: Affinity) -> dict[str, Any]:
    """Without what says nothing; an empty selector, which selects everything, is written."""
    return affinity.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _spread(plan: Plan) -> dict[str, Any]:
    """Rather not on one machine, then not in one zone, with another node of the chain. It selects
    all nodes: a label for sealers alone would change when a role does."""
    terms = [
        {
            "weight": weight,
            "podAffinityTerm": {
                "labelSelector": {
                    "matchLabels": {CHAIN_LABEL: plan.key.name, PART_LABEL: ChildPart.NODE.value}
                },
                "topologyKey": topology,
            },
        }
        for weight, topology in ((100, HOST_LABEL), (50, ZONE_LABEL))
    ]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": terms}}
