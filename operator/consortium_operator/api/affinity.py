"""The affinity of a pod, as Kubernetes has it, field by field.

Not an object of any content: one resource whose affinity is nested a thousand levels deep could not
be read by this process, and with it no list that holds it, which is that of all chains.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import Field

from consortium_operator.api.base import LIST_ATOMIC, Integer, Part, ShortText, Text
from consortium_operator.api.selector import LabelSelector

T = TypeVar("T")

Entries = Annotated[tuple[T, ...], Field(max_length=32, json_schema_extra=LIST_ATOMIC)]
Weight = Annotated[Integer, Field(ge=1, le=100)]

_WEIGHT = "1 to 100: what a machine that fulfils it gains."


class NodeSelectorOperator(StrEnum):
    """How a label or field of a machine is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    GREATER = "Gt"
    LESS = "Lt"


class NodeSelectorRequirement(Part):
    """A condition on one label or field of a machine."""

    key: Text = Field(description="Key of the label, or name of the field.")
    operator: NodeSelectorOperator = Field(description="In, NotIn, Exists, DoesNotExist, Gt or Lt.")
    values: Annotated[tuple[Text, ...], Field(max_length=64, json_schema_extra=LIST_ATOMIC)] = (
        Field(default=(), description="Values, for In and NotIn; one number for Gt and Lt.")
    )


class NodeSelectorTerm(Part):
    """Which machines. All conditions must hold."""

    match_expressions: Entries[NodeSelectorRequirement] = Field(
        default=(), description="Conditions on labels of the machine."
    )
    match_fields: Entries[NodeSelectorRequirement] = Field(
        default=(), description="Conditions on fields of the machine, such as metadata.name."
    )


class NodeSelector(Part):
    """Which machines."""

    node_selector_terms: Entries[NodeSelectorTerm] = Field(
        description="Alternatives: a machine that fulfils one of them will do."
    )


class PreferredNodes(Part):
    """Machines that are liked."""

    weight: Weight = Field(description=_WEIGHT)
    preference: NodeSelectorTerm = Field(description="Which machines.")


class NodeAffinity(Part):
    """To machines, by their labels."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = Field(
        default=None, description="The pod runs on these machines only."
    )
    preferred_during_scheduling_ignored_during_execution: Entries[PreferredNodes] = Field(
        default=(), description="The pod rather runs on these."
    )


class PodAffinityTerm(Part):
    """Which pods, and how near."""

    topology_key: Text = Field(
        description="Label of machines; those with the same value count as one place."
    )
    label_selector: LabelSelector | None = Field(
        default=None, description="The pods. Absent: none."
    )
    namespaces: Entries[ShortText] = Field(
        default=(), description="Where these pods are. Absent: in the chain's own namespace."
    )
    namespace_selector: LabelSelector | None = Field(
        default=None, description="Further namespaces of these pods."
    )
    match_label_keys: Entries[Text] = Field(
        default=(), description="Labels whose values these pods share with this one."
    )
    mismatch_label_keys: Entries[Text] = Field(
        default=(), description="Labels whose values these pods do not share with this one."
    )


class PreferredPods(Part):
    """Pods that are liked, or not, nearby."""

    weight: Weight = Field(description=_WEIGHT)
    pod_affinity_term: PodAffinityTerm = Field(description="Which pods, and how near.")


class PodAffinity(Part):
    """To other pods, or away from them."""

    required_during_scheduling_ignored_during_execution: Entries[PodAffinityTerm] = Field(
        default=(), description="What must hold of the place."
    )
    preferred_during_scheduling_ignored_during_execution: Entries[PreferredPods] = Field(
        default=(), description="What is liked of the place."
    )


class Affinity(Part):
    """Where the pod runs, by machines and by other pods."""

    node_affinity: NodeAffinity | None = Field(default=None, description="To machines.")
    pod_affinity: PodAffinity | None = Field(default=None, description="To other pods.")
    pod_anti_affinity: PodAffinity | None = Field(default=None, description="Away from other pods.")
