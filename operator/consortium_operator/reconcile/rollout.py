"""Pods come and change one node at a time, under the guard.

A StatefulSet that is absent is made at once. One that should change is written only at its node's
turn, and then its pod is evicted: `OnDelete` sees to it that nothing else takes up a new template.
The state is in the objects, so a crash at any point is resumed by the next round.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import is_ours
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.digest import digest_of
from consortium_operator.kube.errors import Conflict, EvictionRefused, Invalid, NotFound
from consortium_operator.kube.kinds import POD, ObjectKey, key_of
from consortium_operator.kube.projection import Observed, StatefulSetDetail
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.apply import bring_one, is_settled, refusal, wanted_hash
from consortium_operator.reconcile.desired import NodeObjects
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.guard import judge
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.world import Round

REVISION_LABEL = "controller-revision-hash"


@dataclass(frozen=True, slots=True)
class Turn:
    """A node whose template or pod is not the wanted one.

    `written`: only the pod is left. `seen`: the StatefulSet's controller knows what was written; a
    pod that is evicted before would come back by the old template. `pod`: the one that was judged;
    another may have its name by the time the turn is taken.
    """

    objects: NodeObjects
    pod: Observed | None
    written: bool
    seen: bool = True

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
    ordered = sorted(waiting, key=lambda turn: _precedence(turn, known))
    turn, reason = await _take_one(run, ordered, known)
    others = f", {len(waiting)} nodes in all" if len(waiting) > 1 else ""
    run.findings.add(
        Finding(
            ConditionType.UP_TO_DATE,
            Reason.ROLLING_OUT,
            f"node {turn.node.path} changes{others}" + (f"; it waits: {reason}" if reason else ""),
        )
    )


async def _take_one(
    run: Round, waiting: Sequence[Turn], known: Knowledge
) -> tuple[Turn, str | None]:
    """The turn that was taken, or the first one and why it must wait. One that must wait is
    overtaken by nodes that are down: their change may be what brings them up."""
    first = waiting[0]
    reason = await _take(run, first, known)
    if reason is None:
        return first, None
    for turn in waiting[1:]:
        if not known.is_live(turn.node) and await _take(run, turn, known) is None:
            return turn, None
    return first, reason


async def _look_at(run: Round, objects: NodeObjects) -> Turn | None:
    """Makes the StatefulSet where there is none, and undoes at once what others did to it; None
    where nothing is left to do."""
    wanted = objects.stateful_set
    observed = run.world.store.get(key_of(wanted))
    if observed is None or not is_settled(run, wanted):
        try:
            if observed is not None and await _needs_a_turn(run, wanted, observed):
                return Turn(objects, _pod(run, objects.node), written=False)
        except Invalid as error:
            run.findings.add(refusal(wanted, error))
            return None
        await bring_one(run, wanted)
        observed = run.world.store.get(key_of(wanted))
    return _turn_of_pod(run, objects, observed) if observed is not None else None


async def _needs_a_turn(run: Round, wanted: Manifest, observed: Observed) -> bool:
    """Whether a write would bring a template that we want now and did not want before.

    What others changed is undone without waiting: a pod that is replaced meanwhile, by a drain or
    the loss of its machine, would start with it. The write itself changes no pod (`OnDelete`).
    """
    applied = run.memory.applied.get(observed.key)
    if observed.foreign_managers or (applied and applied.wanted == wanted_hash(wanted)):
        return False
    if not is_ours(observed.labels, wanted["metadata"]["labels"]):
        return False
    # After a restart of ours nothing is remembered: ask what an apply would change.
    foretold = await run.world.client.apply(wanted, dry_run=True)
    detail = observed.detail
    if isinstance(detail, StatefulSetDetail):
        return digest_of(foretold["spec"]["template"]) != detail.template_digest
    return True


def _turn_of_pod(run: Round, objects: NodeObjects, stateful_set: Observed) -> Turn | None:
    """A turn as long as the pod is of an older template, or of nobody knows which."""
    detail = stateful_set.detail
    pod = _pod(run, objects.node)
    if not isinstance(detail, StatefulSetDetail) or pod is None:
        return None
    if detail.observed_generation == 0:
        return None  # new: its pod may be there before its controller has said so in the status
    if detail.observed_generation != detail.generation:
        return Turn(objects, pod, written=True, seen=False)
    is_current = pod.labels.get(REVISION_LABEL) == detail.update_revision
    return None if is_current else Turn(objects, pod, written=True)


def _precedence(turn: Turn, known: Knowledge) -> tuple[bool, bool, bool, int, str]:
    """Who is in the middle of its turn, then who is lost or down, then who is furthest behind."""
    is_lost = turn.node.names.node in known.lost
    is_live, height = known.is_live(turn.node), known.height(turn.node)
    return (not turn.written, not is_lost, is_live, height, turn.node.path)


async def _take(run: Round, turn: Turn, known: Knowledge) -> str | None:
    """One step of a node's turn. Returns why it must wait, or None."""
    if not turn.seen:
        return "the controller of its StatefulSet has not looked at it yet"
    if turn.pod is not None:
        reason = _refusal(run, turn, known)
        if reason is not None:
            return reason
    if not turn.written:
        await bring_one(run, turn.objects.stateful_set)
        return None
    return await _evict(run, turn.pod) if turn.pod is not None else None


def _refusal(run: Round, turn: Turn, known: Knowledge) -> str | None:
    name = turn.node.names.node
    is_lost = name in known.lost
    verdict = judge(known.view, turn.node, known.custody.nodes[name], is_lost=is_lost)
    if not verdict.granted:
        return verdict.why
    if is_lost or not known.is_up(turn.node):
        return None
    # Below the quorum nobody is live: then those that are up wait for those that are down.
    serves, word = (known.is_live, "live") if known.is_live(turn.node) else (known.is_up, "up")
    missing = [
        node.path
        for node in run.plan.sealers
        if node != turn.node and not (serves(node) and _stays(run, node))
    ]
    return f"{missing[0]} is not {word}, and only one goes at a time" if missing else None


def _stays(run: Round, node: PlannedNode) -> bool:
    """A pod that is stopping answers for a moment longer."""
    pod = _pod(run, node)
    return pod is not None and not pod.deleting


async def _evict(run: Round, pod: Observed) -> str | None:
    if pod.deleting:
        return "its pod is stopping"
    try:
        await run.world.client.evict(pod.key.namespace, pod.key.name, pod.uid)
    except EvictionRefused as error:
        return str(error)
    except (NotFound, Conflict):
        return None  # it is gone, and another may have its name by now
    run.log.info("evicted a pod", extra={"pod": pod.key.name})
    return None


def _pod(run: Round, node: PlannedNode) -> Observed | None:
    return run.world.store.get(ObjectKey(POD, run.key.namespace, node.names.pod))
