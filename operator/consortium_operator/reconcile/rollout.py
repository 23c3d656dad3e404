"""Pods come and change one node at a time, under the guard.

A StatefulSet that is absent is made at once. One that should change is written only at its node's
turn, and then its pod is evicted: `OnDelete` sees to it that nothing else takes up a new template.
The state is in the objects, so a crash at any point is resumed by the next round.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.digest import object_digest
from consortium_operator.kube.errors import EvictionRefused, NotFound
from consortium_operator.kube.kinds import POD, ObjectKey, key_of
from consortium_operator.kube.projection import Observed, StatefulSetDetail
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.apply import bring_one, is_settled, remember
from consortium_operator.reconcile.desired import NodeObjects
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.guard import judge
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.world import Round

REVISION_LABEL = "controller-revision-hash"


@dataclass(frozen=True, slots=True)
class Turn:
    """A node whose template or pod is not the wanted one. `written`: only the pod is left."""

    objects: NodeObjects
    written: bool

    @property
    def node(self) -> PlannedNode:
        return self.objects.node


async def roll(run: Round, nodes: Iterable[NodeObjects], known: Knowledge) -> None:
    """Makes absent pods; takes at most one existing node one step further."""
    waiting = []
    for objects in nodes:
        turn = await _look_at(run, objects)
        if turn is not None:
            waiting.append(turn)
    if not waiting:
        return
    turn = min(waiting, key=lambda turn: _precedence(turn, known))
    others = f", {len(waiting)} nodes in all" if len(waiting) > 1 else ""
    refusal = await _take(run, turn, known)
    run.findings.add(
        Finding(
            ConditionType.UP_TO_DATE,
            Reason.ROLLING_OUT,
            f"node {turn.node.path} changes{others}"
            + (f"; it waits: {refusal}" if refusal else ""),
        )
    )


async def _look_at(run: Round, objects: NodeObjects) -> Turn | None:
    """Makes the StatefulSet where there is none; None where nothing is left to do."""
    wanted = objects.stateful_set
    observed = run.world.store.get(key_of(wanted))
    if observed is None:
        await bring_one(run, wanted)
        return None
    if not is_settled(run, wanted) and not await _is_as_wanted(run, wanted, observed):
        return Turn(objects, written=False)
    return Turn(objects, written=True) if _pod_is_outdated(run, objects.node, observed) else None


async def _is_as_wanted(run: Round, wanted: Manifest, observed: Observed) -> bool:
    """Asks the API server what an apply would change: after a restart of ours, mostly nothing. What
    others added an apply would leave, so it would not tell."""
    if observed.foreign_managers:
        return False
    foretold = await run.world.client.apply(wanted, dry_run=True)
    if object_digest(foretold) != observed.digest:
        return False
    remember(run, wanted, foretold)
    return True


def _pod_is_outdated(run: Round, node: PlannedNode, stateful_set: Observed) -> bool:
    """Also true while the controller has not looked at the new template yet: its turn goes on."""
    detail = stateful_set.detail
    pod = _pod(run, node)
    if not isinstance(detail, StatefulSetDetail) or pod is None:
        return False
    if detail.observed_generation != detail.generation:
        return True
    return pod.labels.get(REVISION_LABEL) != detail.update_revision


def _precedence(turn: Turn, known: Knowledge) -> tuple[bool, bool, bool, int, str]:
    """Who is in the middle of its turn, then who is lost or down, then who is furthest behind."""
    is_lost = turn.node.names.node in known.lost
    is_live, height = known.is_live(turn.node), known.height(turn.node)
    return (not turn.written, not is_lost, is_live, height, turn.node.path)


async def _take(run: Round, turn: Turn, known: Knowledge) -> str | None:
    """One step of a node's turn. Returns why it must wait, or None."""
    pod = _pod(run, turn.node)
    if pod is not None:
        refusal = _refusal(run, turn, known)
        if refusal is not None:
            return refusal
    if not turn.written:
        await bring_one(run, turn.objects.stateful_set)
        return None
    return await _evict(run, pod) if pod is not None else None


def _refusal(run: Round, turn: Turn, known: Knowledge) -> str | None:
    name = turn.node.names.node
    is_lost = name in known.lost
    verdict = judge(known.view, turn.node, known.custody.nodes[name], is_lost=is_lost)
    if not verdict.granted:
        return verdict.why
    if is_lost or not known.is_live(turn.node):
        return None
    down = [node.path for node in run.plan.sealers if not known.is_live(node)]
    return f"{down[0]} is not live, and only one goes at a time" if down else None


async def _evict(run: Round, pod: Observed) -> str | None:
    if pod.deleting:
        return "its pod is stopping"
    try:
        await run.world.client.evict(pod.key.namespace, pod.key.name, pod.uid)
    except EvictionRefused as error:
        return str(error)
    except NotFound:
        return None
    run.log.info("evicted a pod", extra={"pod": pod.key.name})
    return None


def _pod(run: Round, node: PlannedNode) -> Observed | None:
    return run.world.store.get(ObjectKey(POD, run.key.namespace, node.names.pod))
