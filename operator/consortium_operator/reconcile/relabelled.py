"""Pods whose labels somebody changed: no Service, budget or policy finds them, their StatefulSet
lets go of them, and cannot make another of their name. Nobody may write to a pod, so such a one is
restarted when the chain can spare it."""

from consortium_operator.chain.naming import CHAIN_LABEL, MEMBER_LABEL, NODE_LABEL, PART_LABEL
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.kinds import POD, ObjectKey
from consortium_operator.kube.projection import Observed, PodDetail, project
from consortium_operator.reconcile.desired import NodeObjects
from consortium_operator.reconcile.key_refusals import name_conflict
from consortium_operator.reconcile.world import Round

_FOUND_BY = (CHAIN_LABEL, MEMBER_LABEL, NODE_LABEL, PART_LABEL)


def is_found(pod: Observed, objects: NodeObjects) -> bool:
    wanted = objects.stateful_set["spec"]["template"]["metadata"]["labels"]
    return all(pod.labels.get(label) == wanted[label] for label in _FOUND_BY)


async def hidden_pod(run: Round, node: PlannedNode) -> Observed | None:
    """The node's pod where our watch does not see it, since it lacks the chain's label. It is told
    by its ledger; one without it is somebody else's."""
    found = await run.world.client.get(ObjectKey(POD, run.key.namespace, node.names.pod))
    if found is None or CHAIN_LABEL in (found["metadata"].get("labels") or {}):
        return None  # our watch will tell of it
    pod = project(found)
    claims = pod.detail.claims if isinstance(pod.detail, PodDetail) else ()
    if any(claim.startswith(f"{node.names.node}-data-g") for claim in claims):
        return pod
    run.findings.extend(name_conflict("Pod", node.names.pod).findings)
    return None
