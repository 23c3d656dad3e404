"""Names, labels, owners and annotations of every child: one function, so that no builder forgets.

A child is either disposable (made again when it is lost, garbage-collected with the resource) or
retained (it outlives the resource: keys, register, genesis, journal, volumes).
"""

from collections.abc import Mapping
from typing import Any

from consortium_operator.api.chain import API_VERSION, KIND
from consortium_operator.api.kept import KEPT_BY_PIPELINES
from consortium_operator.chain.naming import (
    PART_LABEL,
    ChildPart,
    chain_labels,
    member_labels,
    node_labels,
)
from consortium_operator.chain.plan import Plan, PlannedMember, PlannedNode

Scope = PlannedNode | PlannedMember | None
"""Whose child it is: a node's, a member's, or (None) the chain's."""


def labels(plan: Plan, part: ChildPart, scope: Scope = None) -> dict[str, str]:
    """Role and weight are not among them: they change while the object stays."""
    chain, engine = plan.key.name, plan.engine
    match scope:
        case PlannedNode():
            found = node_labels(chain, engine, scope.member, scope.names.node)
        case PlannedMember():
            found = member_labels(chain, engine, scope.name)
        case None:
            found = chain_labels(chain, engine)
    return found | {PART_LABEL: part.value}


def disposable(plan: Plan, name: str, part: ChildPart, scope: Scope = None) -> dict[str, Any]:
    """Metadata of a child that goes with the chain's resource."""
    return _metadata(plan, name, part, scope) | _owner(plan)


def retained(
    plan: Plan,
    name: str,
    part: ChildPart,
    scope: Scope = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Metadata of a child that outlives the chain's resource: without an owner.

    Marked for whoever puts rendered objects under a pipeline's care (`consortium render`), or
    copies them with the marks by which it claims its own.
    """
    return _metadata(plan, name, part, scope) | {
        "annotations": KEPT_BY_PIPELINES | dict(annotations or {})
    }


def _metadata(plan: Plan, name: str, part: ChildPart, scope: Scope) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": plan.key.namespace,
        "labels": labels(plan, part, scope),
    }


def _owner(plan: Plan) -> dict[str, Any]:
    """`controller: true` keeps another controller from adopting the child, and makes tools show
    it below the chain. blockOwnerDeletion is left out: a foreground deletion would wait for each
    child, and setting it needs a right on the resource's finalizers."""
    if plan.uid is None:
        return {}
    owner = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": plan.key.name,
        "uid": plan.uid,
        "controller": True,
    }
    return {"ownerReferences": [owner]}
