"""Nodes that the spec stops: one by `state: Stopped`, all by `hibernated`. Keys, volume and Service
stay, so that the same node goes on later.

The pod is evicted as every pod that goes, which a budget may refuse; only then does its StatefulSet
want none, so that drains and the operator share one slot. A chain that hibernates is meant to stand
still: the quorum is no question then, and budgets are gone. But before its first block nothing that
runs is stopped, since it could not go on.
"""

from collections.abc import Iterable

from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.projection import Observed
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import NodeObjects
from consortium_operator.reconcile.evictions import evict, pod_of
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.rollout import Wait, under_way, why_wait
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
            wait = await _send_away(run, objects.node, pod, known)
            run.findings.add(under_way(f"node {objects.node.path} stops, as the spec says", wait))
            if wait is not None:
                continue
            has_gone = True
        await bring_one(run, objects.stateful_set)
    return has_gone


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
