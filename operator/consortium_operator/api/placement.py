"""What a pod needs of the cluster: storage, resources, where it runs and what it carries.

`spec.nodeDefaults` sets it for all nodes; a node entry may set each key anew. An override replaces
the whole key, so a node entry has no defaults inside: it would hide the chain's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from consortium_operator.api.affinity import Affinity
from consortium_operator.api.base import (
    LIST_ATOMIC,
    Integer,
    Part,
    ResourceQuantities,
    ShortText,
    StorageQuantity,
    StringMap,
    Text,
)


class Storage(Part):
    """The volume of a node's ledger."""

    size: StorageQuantity = Field(
        default="20Gi",
        description="Size of the volume, at least 2Gi. It may grow, never shrink.",
    )
    storage_class_name: Text | None = Field(
        default=None, description="Default: the cluster's default storage class."
    )


class NodeStorage(Storage):
    """The volume of a node's ledger, in place of nodeDefaults.storage as a whole."""

    size: StorageQuantity = Field(
        description="Size of the volume, at least 2Gi. It may grow, never shrink."
    )


class Resources(Part):
    """What the node's container asks of its machine."""

    requests: ResourceQuantities = Field(
        default={}, description="Reserved for the container, such as cpu: 500m and memory: 1Gi."
    )
    limits: ResourceQuantities = Field(
        default={}, description="What the container may use at most."
    )


class TolerationOperator(StrEnum):
    """How a toleration compares."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """What a taint does."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(Part):
    """A taint of machines that does not keep the pod away."""

    key: Text | None = Field(default=None, description="Key of the taint. Absent: every key.")
    operator: TolerationOperator | None = Field(
        default=None, description="Exists or Equal. Absent: Equal."
    )
    value: ShortText | None = Field(default=None, description="Value of the taint, for Equal.")
    effect: TaintEffect | None = Field(
        default=None, description="Effect of the taint. Absent: every effect."
    )
    toleration_seconds: Integer | None = Field(
        default=None, description="For NoExecute: how long the pod stays, in seconds."
    )


class Placement(Part):
    """Where a node's pod runs."""

    region: ShortText | None = Field(
        default=None, description="Value of the machine's label topology.kubernetes.io/region."
    )
    zone: ShortText | None = Field(
        default=None, description="Value of the machine's label topology.kubernetes.io/zone."
    )
    node_selector: StringMap = Field(
        default={},
        description="Further labels that the machine must have; its region and zone aside.",
    )
    tolerations: Annotated[
        tuple[Toleration, ...], Field(max_length=32, json_schema_extra=LIST_ATOMIC)
    ] = Field(default=(), description="Taints of machines that do not keep the pod away.")
    affinity: Affinity | None = Field(
        default=None,
        description=(
            "Kubernetes affinity of the pod. It replaces the one that spreads a chain's sealers "
            "over machines and zones."
        ),
    )
    priority_class_name: Text | None = Field(
        default=None, description="The pod's priority class. Default: the cluster's default."
    )


class NodeDefaults(Part):
    """What a node entry does not set itself. An override there replaces the whole key."""

    storage: Storage = Field(default=Storage(), description="The volume of a node's ledger.")
    resources: Resources = Field(
        default=Resources(), description="What the node's container asks of its machine."
    )
    placement: Placement = Field(default=Placement(), description="Where a node's pod runs.")
    pod_labels: StringMap = Field(
        default={}, description="Further labels of the pod. None may start with consortium.dev/."
    )
    pod_annotations: StringMap = Field(default={}, description="Further annotations of the pod.")
