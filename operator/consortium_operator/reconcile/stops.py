"""Nodes that the spec stops: one by `state: Stopped`, all by `hibernated`. Keys, volume and Service
stay, so that the same node goes on later.

The pod is evicted as every pod that goes, which a budget may refuse; only then does its StatefulSet
want none, so that drains and the operator share one slot. A chain that hibernates is meant to stand
still: the quorum is no question then, and budgets are gone. But before its first block nothing that
runs is stopped, since it could not go on; nor is what runs on a volume that would go with it.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import ASLEEP_ANNOTATION
from consortium_operator.chain.plan import Departure, PlannedNode
from consortium_operator.kube.kinds import STATEFUL_SET, JsonObject, ObjectKey
from consortium_operator.kube.projection import Observed, PodDetail, StatefulSetDetail
from consortium_operator.reconcile.apply import bring_one, change_one
from consortium_operator.reconcile.desired import NodeObjects
from consortium_operator.reconcile.evictions import evict, pod_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.rollout import Wait, under_way, why_wait
from consortium_operator.reconcile.volumes import ledgers_of
from consortium_operator.reconcile.world import Round


async def stop_nodes(run: Round, stopped: Iterable[NodeObjects], known: Knowledge) -> bool:
    """Whether any pod went, so that what was read of the chain is old. One at a time, but for a
    chain that hibernates."""
    together = run.plan.spec.hibernated
    has_gone = False
    for objects in stopped:
        pod = pod_of(run, objects.node)
        if pod is not None and not pod.deleting:
            if has_gone and not together:
                break
            if _holds_its_volume(run, objects.node, pod, known):
                run.findings.add(_stays(objects.node))
                continue
            wait = await _send_away(run, objects.node, pod, known)
            run.findings.add(under_way(f"node {objects.node.path} stops, as the spec says", wait))
            if wait is not None:
                continue
            has_gone = True
        await bring_one(run, objects.stateful_set)
    return has_gone


async def sleep_and_wake(run: Round, known: Knowledge) -> None:
    """Nodes that leave are left as they are, but they sleep with their chain and wake up with it:
    as long as they are not voted out, the quorum counts them."""
    sleeps = run.plan.spec.hibernated
    for node, found in _leavers(run):
        is_asleep = ASLEEP_ANNOTATION in found.annotations
        has_pods = isinstance(found.detail, StatefulSetDetail) and found.detail.replicas > 0
        is_due = has_pods and not is_asleep if sleeps else is_asleep
        if not is_due:
            continue
        pod = pod_of(run, node)
        if sleeps and pod is not None and not pod.deleting:
            wait = await _send_away(run, node, pod, known)
            run.findings.add(under_way(f"node {node.path} sleeps with its chain", wait))
            if wait is not None:
                continue
        # By what is there: nothing else says how the node was, that the spec has no more.
        await change_one(run, found.key, partial(_scaled, asleep=sleeps))


def _leavers(run: Round) -> Iterator[tuple[PlannedNode, Observed]]:
    """With their StatefulSets."""
    for node in run.plan.nodes:
        found = run.world.store.get(ObjectKey(STATEFUL_SET, run.key.namespace, node.names.node))
        if (
            node.departure is Departure.LEAVING
            and found is not None
            and run.plan.uid in found.owner_uids
        ):
            yield node, found


def _scaled(found: JsonObject, *, asleep: bool) -> JsonObject:
    metadata = found["metadata"]
    others = {k: v for k, v in metadata.get("annotations", {}).items() if k != ASLEEP_ANNOTATION}
    marked = {**others, ASLEEP_ANNOTATION: "true"} if asleep else others
    return {
        **found,
        "metadata": {**metadata, "annotations": marked},
        "spec": {**found["spec"], "replicas": 0 if asleep else 1},
    }


def _holds_its_volume(run: Round, node: PlannedNode, pod: Observed, known: Knowledge) -> bool:
    """Whether its process is all that keeps the node's volume from going."""
    is_lost = any(one.is_lost for one in ledgers_of(run, known.journal) if one.node == node)
    return is_lost and isinstance(pod.detail, PodDetail) and pod.detail.phase == "Running"


def _stays(node: PlannedNode) -> Finding:
    message = (
        f"node {node.path} does not stop: its volume is deleted, and is gone for good once its pod "
        "ends. Save what is on it, then delete the pod by hand"
    )
    return Finding(ConditionType.NODES_READY, Reason.VOLUME_LOST, message, needs_person=True)


async def _send_away(run: Round, node: PlannedNode, pod: Observed, known: Knowledge) -> Wait | None:
    wait = _why_wait(run, node, pod, known)
    if wait is not None:
        return wait
    refused = await evict(run, pod, f"the spec stops node {node.path}")
    return Wait(refused) if refused is not None else None


def _why_wait(run: Round, node: PlannedNode, pod: Observed, known: Knowledge) -> Wait | None:
    if not run.plan.spec.hibernated:
        return why_wait(run, node, pod, known)
    if known.has_blocks:
        return None
    return Wait("the chain has no block yet, and its nodes could not go on later")
