"""Pods come and change one node at a time, under the guard.

A StatefulSet that is absent is made at once. One that should change is written only at its node's
turn, and then its pod is evicted: `OnDelete` sees to it that nothing else takes up a new template.
The state is in the objects, so a crash at any point is resumed by the next round.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.moment import moment_of
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import ChainKey, is_ours
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.digest import digest_of
from consortium_operator.kube.errors import Invalid
from consortium_operator.kube.kinds import key_of
from consortium_operator.kube.projection import Observed, PodDetail, StatefulSetDetail
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.acceptance import how_to_accept
from consortium_operator.reconcile.apply import bring_one, is_settled, refusal, wanted_hash
from consortium_operator.reconcile.desired import NodeObjects, desired_journal
from consortium_operator.reconcile.evictions import evict, pod_of, stays
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.hangs import is_silent_for_a_moment
from consortium_operator.reconcile.journal import read_journal
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.node_states import cannot_start, sight_of, why_down
from consortium_operator.reconcile.relabelled import (
    is_as_made,
    may_be_made_anew,
    with_restart,
)
from consortium_operator.reconcile.suspicions import SILENT_FOR
from consortium_operator.reconcile.world import Round

REVISION_LABEL = "controller-revision-hash"
STUCK_AFTER = timedelta(minutes=5)
"""A restarted node takes part again after seconds; the longest recovery that was seen took 88 s."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A node whose template or pod is not the wanted one.

    `written`: only the pod is left. `seen`: the StatefulSet's controller knows what was written; a
    pod that is evicted before would come back by the old template. `pod`: the one that was judged;
    another may have its name by the time the turn is taken. `meddled`: its template is the wanted
    one, but somebody has changed the pod.
    """

    objects: NodeObjects
    pod: Observed | None
    written: bool
    seen: bool = True
    meddled: bool = False

    @property
    def node(self) -> PlannedNode:
        return self.objects.node


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a turn is not taken yet. `missing`: the node that it waits for; `acceptance`: the command
    by which a person lets it go on."""

    why: str
    missing: PlannedNode | None = None
    acceptance: str | None = None


async def find_turns(
    run: Round, nodes: Iterable[NodeObjects], journal: Journal
) -> tuple[Turn, ...]:
    """The nodes that have to change. Makes pods that are absent."""
    looked = [await _look_at(run, objects, journal) for objects in nodes]
    return tuple(turn for turn in looked if turn is not None)


async def take_turn(run: Round, turns: Sequence[Turn], known: Knowledge) -> None:
    """Takes at most one node one step further, and tells of it."""
    if not turns:
        run.memory.awaited = None
        run.world.slot.release(run.key)
        return
    ordered = sorted(turns, key=lambda turn: _precedence(turn, known))
    if known.mass_expiry is not None:
        await _take_together(run, ordered, known)
        return
    other = run.world.slot.other(run.key, run.world.now())
    if other is not None:
        run.findings.add(await _wait_for_chain(run, ordered, known, other))
        return
    turn, wait = await _take_one(run, ordered, known)
    finding = _finding(run, turn, wait, len(turns), known)
    run.findings.add(finding)
    _keep_slot(run, known, turn, wait, stuck=finding.needs_person)


def _keep_slot(run: Round, known: Knowledge, turn: Turn, wait: Wait | None, *, stuck: bool) -> None:
    """From the first node that served until the last has had its turn. A chain that waits for a
    person lets others go on at once, and one that waits for anything but its own last node soon."""
    slot = run.world.slot
    began = wait is None and known.is_live(turn.node)
    goes_on = slot.holder == run.key and (wait is None or wait.missing is not None)
    if stuck:
        slot.release(run.key)
    elif began or goes_on:
        slot.hold(run.key, run.world.now())


def is_silent(run: Round, turn: Turn, known: Knowledge) -> bool:
    """Whether its node is, and has been for long enough to be believed."""
    if known.answers(turn.node):
        return False
    return turn.pod is None or not is_silent_for_a_moment(run, turn.node, turn.pod, known.view)


async def _wait_for_chain(
    run: Round, turns: Sequence[Turn], known: Knowledge, other: ChainKey
) -> Finding:
    """Only what is down changes meanwhile: that may be what brings it up."""
    run.memory.awaited = None
    down = [turn for turn in turns if not known.is_live(turn.node)]
    if down:
        turn, wait = await _take_one(run, down, known)
        if wait is None:
            return _finding(run, turn, None, len(turns), known)
    message = (
        f"node {turns[0].node.path} changes; it waits for the chain {other}, which is rolling: "
        "only one chain is at a time"
    )
    return Finding(ConditionType.UP_TO_DATE, Reason.ROLLING_OUT, message)


async def _take_together(run: Round, turns: Sequence[Turn], known: Knowledge) -> None:
    """All whose certificates have ended, or until a person lets them only those that are down:
    whoever restarts alone is refused by the others, or must refuse them."""
    run.memory.awaited = None
    for turn in turns:
        if turn.node.names.node in known.together or is_silent(run, turn, known):
            await _take(run, turn, known)


def _finding(run: Round, turn: Turn, wait: Wait | None, count: int, known: Knowledge) -> Finding:
    others = f", {count} nodes in all" if count > 1 else ""
    what = f"node {turn.node.path} changes{others}"
    stuck = _is_stuck(run, wait)
    if wait is not None and wait.missing is not None and stuck:
        why = _why_missing(run, wait.missing, known)
        message = (
            f"node {wait.missing.path} does not come back: {why}; {what}, and waits for it. Mend "
            "it, or take the change in the spec back"
        )
        return Finding(ConditionType.UP_TO_DATE, Reason.ROLLOUT_STUCK, message, needs_person=True)
    return under_way(what, wait)


def under_way(what: str, wait: Wait | None) -> Finding:
    """Of something that happens to a node (`what`, a sentence), or waits."""
    condition = ConditionType.UP_TO_DATE
    if wait is None:
        return Finding(condition, Reason.ROLLING_OUT, what)
    if wait.acceptance is None:
        return Finding(condition, Reason.ROLLING_OUT, f"{what}; it waits: {wait.why}")
    message = f"{what}; it waits for a person: {wait.why}. To accept that: {wait.acceptance}"
    return Finding(condition, Reason.AWAITING_ACCEPTANCE, message, needs_person=True)


def _is_stuck(run: Round, wait: Wait | None) -> bool:
    """Whether the node that is waited for cannot start, or has been away for too long."""
    if wait is None or wait.missing is None:
        run.memory.awaited = None
        return False
    name, now = wait.missing.names.node, run.world.now()
    awaited = run.memory.awaited
    if awaited is None or awaited[0] != name or awaited[1] > now:
        awaited = run.memory.awaited = (name, now)
    return cannot_start(pod_of(run, wait.missing)) or now - awaited[1] >= STUCK_AFTER


def _why_missing(run: Round, node: PlannedNode, known: Knowledge) -> str:
    return why_down(node, sight_of(run, known)) or "it is not live"


async def _take_one(
    run: Round, waiting: Sequence[Turn], known: Knowledge
) -> tuple[Turn, Wait | None]:
    """The turn that was taken, or the first one and why it must wait. One that must wait is
    overtaken by nodes that are down: their change may be what brings them up."""
    first = waiting[0]
    wait = await _take(run, first, known)
    if wait is None:
        return first, None
    for turn in waiting[1:]:
        if not known.is_live(turn.node) and await _take(run, turn, known) is None:
            return turn, None
    return first, wait


async def _look_at(run: Round, objects: NodeObjects, journal: Journal) -> Turn | None:
    """Makes the StatefulSet where there is none, and undoes at once what others did to it; None
    where nothing is left to do."""
    wanted = objects.stateful_set
    observed = run.world.store.get(key_of(wanted))
    if observed is None or not is_settled(run, wanted):
        try:
            if observed is not None and await _needs_a_turn(run, wanted, observed):
                return Turn(objects, pod_of(run, objects.node), written=False)
        except Invalid as error:
            run.findings.add(refusal(key_of(wanted), error))
            return None
        await bring_one(run, wanted)
        observed = run.world.store.get(key_of(wanted))
    if observed is None:
        return None
    turn = _turn_of_pod(run, objects, observed)
    if turn is None or turn.pod is None or not turn.meddled:
        return turn
    entry = journal.of(objects.node.names.node)
    return turn if may_be_made_anew(run, turn.pod, entry) else None


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
    """A turn as long as the pod is of an older template, or of nobody knows which, or is not found
    by its labels, or was given another image by hand, which kubelet starts at once."""
    detail = stateful_set.detail
    if not isinstance(detail, StatefulSetDetail) or detail.observed_generation == 0:
        return None  # new: its pod may be there before its controller has said so in the status
    pod = pod_of(run, objects.node)
    if detail.observed_generation != detail.generation:
        return None if pod is None else Turn(objects, pod, written=True, seen=False)
    if pod is None:
        return None
    if pod.labels.get(REVISION_LABEL) != detail.update_revision:
        return Turn(objects, pod, written=True)
    return None if is_as_made(pod, objects) else Turn(objects, pod, written=True, meddled=True)


def _precedence(turn: Turn, known: Knowledge) -> tuple[bool, bool, bool, bool, bool, int, str]:
    """Who is lost anyway, who is in the middle of its turn; observers before sealers; who is down,
    then who is furthest behind; and last, whom a person has to let go."""
    node = turn.node
    return (
        node.names.node not in known.lost,
        not turn.written,
        known.vote(node) > 0,
        known.is_live(node),
        known.stops_the_chain(node),
        known.height(node),
        node.path,
    )


async def _take(run: Round, turn: Turn, known: Knowledge) -> Wait | None:
    """One step of a node's turn. Returns why it must wait, or None."""
    if not turn.seen:
        return Wait("the controller of its StatefulSet has not looked at it yet")
    if turn.pod is not None:
        wait = why_wait(run, turn.node, turn.pod, known)
        if wait is not None:
            return wait
    if not turn.written:
        await bring_one(run, turn.objects.stateful_set)
        return None
    if turn.pod is None:
        return None
    if turn.meddled and not await _note_meddling(run, turn.node, turn.pod):
        return Wait("the journal cannot be written")
    refused = await evict(run, turn.pod, f"node {turn.node.path} changes")
    return None if refused is None else Wait(refused)


async def _note_meddling(run: Round, node: PlannedNode, pod: Observed) -> bool:
    journal = read_journal(run)
    entry = with_restart(journal.of(node.names.node), pod, run.world.now())
    return await bring_one(run, desired_journal(run, journal.noting(node.names.node, entry)))


def why_wait(run: Round, node: PlannedNode, pod: Observed, known: Knowledge) -> Wait | None:
    """Why the node's pod may not be restarted now, or None."""
    may_serve = is_silent_for_a_moment(run, node, pod, known.view)
    verdict = known.verdict(node, works=_works(run, node, pod, known), may_serve=may_serve)
    goes_anyway = node.names.node in known.lost | known.together
    wait = None if goes_anyway else _wait_for_others(run, node, known, may_serve=may_serve)
    if not verdict.granted and not verdict.needs_acceptance:
        missing = wait.missing if wait is not None else _absent_leaver(run, known)
        return Wait(verdict.why, missing=missing)
    if wait is not None or verdict.granted:
        return wait
    return Wait(verdict.why, acceptance=how_to_accept(run, known, node, pod))


def _absent_leaver(run: Round, known: Knowledge) -> PlannedNode | None:
    """One that leaves is waited for only where the chain cannot spare another one meanwhile."""
    if known.disagrees or not known.has_blocks:
        return None
    away = (one for one in run.plan.leaving if known.vote(one) and not known.is_live(one))
    return next(away, None)


def _works(run: Round, node: PlannedNode, pod: Observed, known: Knowledge) -> bool:
    """Whether its process may have begun a ledger that a restart would spoil: one that has been
    silent ever since it started, for long, has not, or cannot say so."""
    detail = pod.detail
    if not isinstance(detail, PodDetail) or not detail.runs:
        return False
    starts = [one.started_at for one in detail.containers if one.started_at is not None]
    is_young = run.world.now() - moment_of(max(starts)) < SILENT_FOR
    return is_young or known.answers(node)


def _wait_for_others(
    run: Round, node: PlannedNode, known: Knowledge, *, may_serve: bool
) -> Wait | None:
    """A node that serves, or may, goes only while all others serve as well as it does. Below the
    quorum nobody is live: then those that are up wait for those that are down."""
    if known.is_live(node) and known.in_doubt:
        return Wait("no block has shown yet that the sealers agree")
    if known.is_live(node) or may_serve:
        serves, word = known.is_live, "live"
    elif known.is_up(node):
        serves, word = known.is_up, "up"
    elif known.answers(node):
        serves, word = known.answers, "answering"
    else:
        return None
    for other in run.plan.running:
        if other != node and known.is_member(other) and not (serves(other) and stays(run, other)):
            return Wait(f"{other.path} is not {word}, and only one goes at a time", missing=other)
    return None
