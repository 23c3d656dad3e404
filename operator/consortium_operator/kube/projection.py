"""What the operator keeps in memory of an object that it sees: a small, frozen projection.

Whole objects would take ten times the memory (a pod is 5 to 10 KiB of JSON), and would make
every status tick of a kubelet look like a change. Pure.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from consortium_operator.kube.digest import digest_of, object_digest, owner_uids
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SERVICE,
    STATEFUL_SET,
    Kind,
    ObjectKey,
    key_of,
)
from consortium_operator.kube.ownership import foreign_managers, has_changed_image

# A copy of a whole object, made by `kubectl apply`: the digest covers it, memory need not.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class ContainerDetail:
    """A container of a pod as it is now. `started_at` is RFC 3339, or None while not running;
    `started`: it runs, and its startup probe has succeeded."""

    restarts: int
    started_at: str | None
    started: bool


@dataclass(frozen=True, slots=True)
class PodDetail:
    """A pod. `reason` and `message` are of the first container that waits or has failed (such
    as ImagePullBackOff, CrashLoopBackOff), else of the pod; "" where all is well. `claims`: the
    PersistentVolumeClaims that it mounts; `config_maps`: the ConfigMaps. `ports`: by name, on which
    its processes listen. `has_changed_image`: by somebody's hand, since it was made."""

    phase: str
    ready: bool
    reason: str
    message: str
    unschedulable: str
    ip: str
    claims: tuple[str, ...]
    containers: tuple[ContainerDetail, ...]
    ports: Mapping[str, int] = field(default_factory=dict)
    config_maps: tuple[str, ...] = ()
    has_changed_image: bool = False

    @property
    def restarts(self) -> int:
        """How often containers of this pod were started again."""
        return sum(container.restarts for container in self.containers)

    @property
    def runs(self) -> bool:
        """Whether any process of it runs."""
        return any(container.started_at is not None for container in self.containers)

    @property
    def has_started(self) -> bool:
        """Whether all its processes run, and are past their start."""
        return bool(self.containers) and all(container.started for container in self.containers)


@dataclass(frozen=True, slots=True)
class StatefulSetDetail:
    """A StatefulSet. `template_digest` is of spec.template as the server returned it;
    `config_maps`: those that its pods will mount."""

    replicas: int
    update_revision: str
    observed_generation: int
    generation: int
    template_digest: str
    config_maps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimDetail:
    """A PersistentVolumeClaim: phase (Pending, Bound, Lost) and sizes as Kubernetes quantities.

    `storage_class`: "" where none was given and the cluster has no default.
    """

    phase: str
    requested: str
    capacity: str
    storage_class: str


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """A Service. `cluster_ip` is "" before one is given, "None" for a headless Service."""

    cluster_ip: str


Detail: TypeAlias = (
    Mapping[str, str] | PodDetail | StatefulSetDetail | ClaimDetail | ServiceDetail | None
)


@dataclass(frozen=True, slots=True)
class Observed:
    """One object as last seen. Two are equal where nothing that matters differs.

    `detail` is by kind: a ConfigMap's data, the classes above, None for all others.
    `foreign_managers` are those that changed its content beside the operator (see `ownership`).
    """

    key: ObjectKey
    uid: str
    resource_version: str = field(compare=False)
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owner_uids: tuple[str, ...]
    digest: str
    deleting: bool
    foreign_managers: frozenset[str]
    detail: Detail


def project(obj: Mapping[str, Any]) -> Observed:
    """The projection of a whole object, as the API server returns it."""
    metadata = obj["metadata"]
    key = key_of(obj)
    detail = _DETAILS.get(key.kind)
    annotations = _interned(metadata.get("annotations"))
    annotations.pop(_LAST_APPLIED, None)
    return Observed(
        key=ObjectKey(key.kind, sys.intern(key.namespace), sys.intern(key.name)),
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        labels=_interned(metadata.get("labels")),
        annotations=annotations,
        owner_uids=tuple(map(sys.intern, owner_uids(obj))),
        digest=object_digest(obj),
        deleting="deletionTimestamp" in metadata,
        foreign_managers=foreign_managers(obj),
        detail=detail(obj) if detail else None,
    )


def _interned(texts: Mapping[str, str] | None) -> dict[str, str]:
    """A copy whose strings are shared with their like: a chain's objects repeat its labels."""
    return {sys.intern(name): sys.intern(value) for name, value in (texts or {}).items()}


def _pod(obj: Mapping[str, Any]) -> PodDetail:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    reason, message = _trouble(status)
    conditions = {one["type"]: one for one in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled") or {}
    unschedulable = scheduled.get("reason") == "Unschedulable"
    return PodDetail(
        phase=sys.intern(status.get("phase") or "Unknown"),
        ready=(conditions.get("Ready") or {}).get("status") == "True",
        reason=sys.intern(reason),
        message=message,
        unschedulable=str(scheduled.get("message") or "Unschedulable") if unschedulable else "",
        ip=status.get("podIP") or "",
        claims=tuple(
            sys.intern(volume["persistentVolumeClaim"]["claimName"])
            for volume in spec.get("volumes") or ()
            if "persistentVolumeClaim" in volume
        ),
        containers=tuple(map(_container, status.get("containerStatuses") or ())),
        ports={
            sys.intern(port["name"]): port["containerPort"]
            for container in spec.get("containers") or ()
            for port in container.get("ports") or ()
            if "name" in port
        },
        config_maps=_config_maps(spec),
        has_changed_image=has_changed_image(obj),
    )


def _config_maps(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """That a pod mounts, alone or among other sources of one directory. In a template that an
    older API server has stored one may lack its name: it did not look into those of StatefulSets,
    and anybody may have made one with our labels."""
    sources = (
        source
        for volume in spec.get("volumes") or ()
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ()))
    )
    return tuple(
        sys.intern(source["configMap"].get("name", ""))
        for source in sources
        if "configMap" in source
    )


def _container(status: Mapping[str, Any]) -> ContainerDetail:
    running = (status.get("state") or {}).get("running") or {}
    return ContainerDetail(
        restarts=status.get("restartCount") or 0,
        started_at=running.get("startedAt"),
        started=bool(running) and status.get("started") is True,
    )


def _trouble(status: Mapping[str, Any]) -> tuple[str, str]:
    containers = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    for container in containers:
        state = container.get("state") or {}
        failed = state.get("waiting") or _failure(state.get("terminated"))
        if failed:
            return str(failed.get("reason") or "Error"), str(failed.get("message") or "")
    # Evicted by the kubelet, NodeLost and the like stand on the pod itself.
    return str(status.get("reason") or ""), str(status.get("message") or "")


def _failure(terminated: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """`terminated` if it is a failure: an init container that is done is none."""
    return terminated if terminated and terminated.get("exitCode") else None


def _stateful_set(obj: Mapping[str, Any]) -> StatefulSetDetail:
    spec, status = obj["spec"], obj.get("status") or {}
    return StatefulSetDetail(
        replicas=spec.get("replicas", 1),
        update_revision=status.get("updateRevision") or "",
        observed_generation=status.get("observedGeneration") or 0,
        generation=obj["metadata"].get("generation") or 0,
        template_digest=digest_of(spec["template"]),
        config_maps=_config_maps(spec["template"].get("spec") or {}),
    )


def _claim(obj: Mapping[str, Any]) -> ClaimDetail:
    status = obj.get("status") or {}
    requests = (obj["spec"].get("resources") or {}).get("requests") or {}
    return ClaimDetail(
        phase=sys.intern(status.get("phase") or "Pending"),
        requested=requests.get("storage") or "",
        capacity=(status.get("capacity") or {}).get("storage") or "",
        storage_class=sys.intern(obj["spec"].get("storageClassName") or ""),
    )


def _service(obj: Mapping[str, Any]) -> ServiceDetail:
    return ServiceDetail(cluster_ip=(obj.get("spec") or {}).get("clusterIP") or "")


def _config_map(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return _interned(obj.get("data"))


_DETAILS: Mapping[Kind, Callable[[Mapping[str, Any]], Detail]] = {
    CONFIG_MAP: _config_map,
    PERSISTENT_VOLUME_CLAIM: _claim,
    POD: _pod,
    SERVICE: _service,
    STATEFUL_SET: _stateful_set,
}
