"""The kinds of objects that the operator or its command line touches, and how one is addressed.

A `Kind` knows its REST path, because a plural cannot be derived from a kind's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from consortium_operator.api.chain import GROUP

# An object as the API server reads and writes it: JSON, not a typed model.
JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind and its resource. Two kinds are equal if apiVersion and kind are."""

    api_version: str
    kind: str
    plural: str = field(compare=False)
    namespaced: bool = field(default=True, compare=False)

    def __str__(self) -> str:
        return self.kind

    def collection_path(self, namespace: str | None) -> str:
        """The REST path of all objects of this kind, in `namespace` or (None) everywhere."""
        root = "/api" if "/" not in self.api_version else "/apis"
        base = f"{root}/{self.api_version}"
        if self.namespaced and namespace is not None:
            base += f"/namespaces/{quote(namespace, safe='')}"
        return f"{base}/{self.plural}"


SECRET = Kind("v1", "Secret", "secrets")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
SERVICE = Kind("v1", "Service", "services")
PERSISTENT_VOLUME_CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
POD = Kind("v1", "Pod", "pods")
EVENT = Kind("v1", "Event", "events")
NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
POD_DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
CUSTOM_RESOURCE_DEFINITION = Kind(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
)
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
DAEMON_SET = Kind("apps/v1", "DaemonSet", "daemonsets")
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
HOST = Kind("v1", "Node", "nodes", namespaced=False)
STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass", "storageclasses", namespaced=False)
SERVICE_CIDR = Kind("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", namespaced=False)
IP_ADDRESS = Kind("networking.k8s.io/v1", "IPAddress", "ipaddresses", namespaced=False)
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING = Kind(
    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
)
ACCESS_REVIEW = Kind(
    "authorization.k8s.io/v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    namespaced=False,
)
CONSORTIUM_CHAIN = Kind(f"{GROUP}/v1alpha1", "ConsortiumChain", "consortiumchains")

_KNOWN = {
    (kind.api_version, kind.kind): kind
    for kind in (
        SECRET,
        CONFIG_MAP,
        SERVICE,
        PERSISTENT_VOLUME_CLAIM,
        POD,
        EVENT,
        NAMESPACE,
        STATEFUL_SET,
        POD_DISRUPTION_BUDGET,
        NETWORK_POLICY,
        LEASE,
        CONSORTIUM_CHAIN,
    )
}

# What the reflectors keep in memory. Secrets are never among them: a list or a watch of Secrets
# would need, and would hold, every key of the namespace.
CHILD_KINDS = (
    CONFIG_MAP,
    SERVICE,
    PERSISTENT_VOLUME_CLAIM,
    STATEFUL_SET,
    POD,
    POD_DISRUPTION_BUDGET,
    NETWORK_POLICY,
)


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """One object: its kind, namespace ("" for a cluster-scoped kind) and name."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"

    @property
    def path(self) -> str:
        return f"{self.kind.collection_path(self.namespace)}/{quote(self.name, safe='')}"


def kind_of(obj: Mapping[str, Any]) -> Kind:
    """The kind that `obj` says it is. Raises ValueError for one that the operator never uses."""
    api_version, name = str(obj.get("apiVersion")), str(obj.get("kind"))
    kind = _KNOWN.get((api_version, name))
    if kind is None:
        raise ValueError(f"unknown kind {name} in {api_version}")
    return kind


def key_of(obj: Mapping[str, Any]) -> ObjectKey:
    """The address of `obj`, which needs a metadata.name. Raises ValueError without one."""
    kind = kind_of(obj)
    metadata = obj.get("metadata") or {}
    name, namespace = metadata.get("name"), metadata.get("namespace", "")
    if not name or (kind.namespaced and not namespace):
        raise ValueError(f"a {kind} without metadata.name or metadata.namespace")
    return ObjectKey(kind, namespace if kind.namespaced else "", name)
