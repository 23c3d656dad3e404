"""Nodes that hang: the process runs and takes no part. Kubernetes sees nothing wrong with them, and
there is no liveness probe, because a restart by the kubelet would bypass the guard.

Seen on real nodes: a deadlock in the gateway some seconds after the start (RPC answers, getPeers
does not, SIGTERM is ignored), and a process that was stopped. Their pods are evicted under the
guard; what ignores SIGTERM is killed by the kubelet after the grace period.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.moment import moment_of, rfc3339
from consortium_operator.chain.journal import JournalEntry
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView, NodeView, Silence
from consortium_operator.kube.projection import Observed, PodDetail
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.world import Round, Suspicion

TOLD_AFTER = timedelta(seconds=20)
"""Of silence, until it is called a hang: an answer may take 5 s, and a restarted node takes 4 s."""
SILENT_FOR = timedelta(minutes=2)
"""Of silence, until the node is restarted: longer than any pause of a node that recovered by itself
(88 s were seen), shorter than a person needs to look."""
BEHIND_FOR = timedelta(minutes=5)
"""Without a block while the others are far ahead, until the node is restarted: one that syncs gets
blocks every few seconds."""
MOST_BETWEEN_LOOKS = timedelta(minutes=1)
"""Looks further apart than this prove nothing about the time between them: then the operator was
what stood still, or the clock jumped."""
BETWEEN_NODES = timedelta(minutes=1)
"""Between restarts of two nodes that hang: 30 s until the first is killed, and some until it
serves. Where a quorum was lost, the first one mostly brings it back."""
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=2)
"""Between two restarts of a node that hangs again: twice as long each time. A deadlock at the start
hits one start in thirty, so a second restart mostly helps, and a tenth never."""


@dataclass(frozen=True, slots=True)
class Hang:
    """`since`: when it was first noticed. `is_due`: it has lasted long enough for a restart."""

    node: PlannedNode
    pod: Observed
    since: datetime
    why: str
    is_due: bool


def notice_hangs(run: Round, view: ChainView) -> tuple[Hang, ...]:
    """The nodes that hang, each told as a finding. Remembers since when."""
    suspects: dict[str, Suspicion] = {}
    hangs = []
    for node in run.plan.nodes:
        suspicion = _suspicion(run, node, view, run.memory.suspects.get(node.names.node))
        pod = pod_of(run, node)
        if suspicion is None or pod is None:
            continue
        suspects[node.names.node] = suspicion
        hang = _hang(run, node, view, suspicion, pod)
        if hang is not None:
            hangs.append(hang)
            run.findings.add(_finding(node, f"hangs since {rfc3339(hang.since)}: {hang.why}"))
    run.memory.suspects = suspects
    return tuple(hangs)


def waits(node: PlannedNode, reason: str) -> Finding:
    """That a node which hangs is not restarted yet."""
    return _finding(node, f"is restarted once it may be: {reason}")


def last_restart(entry: JournalEntry, now: datetime) -> datetime | None:
    """When the node was last restarted because it hung. A time to come is none: then a clock was
    wrong."""
    at = moment_of(entry.hung_at) if entry.hung_at is not None else None
    return at if at is not None and at <= now else None


def not_before(entry: JournalEntry, pod: Observed, now: datetime) -> datetime | None:
    """When a node that hangs may be restarted; None: at once. A restart that was noted but whose
    pod is still there did not happen."""
    last = last_restart(entry, now)
    if last is None or entry.hung_pod == pod.uid:
        return None
    return last + _pause(entry.hangs or 1)


def times_in_a_row(entry: JournalEntry, now: datetime) -> int:
    """How often the node will have been restarted with this time. A node that was well for long
    starts anew."""
    last = last_restart(entry, now)
    if last is None or now - last > 2 * LONGEST_PAUSE:
        return 1
    return (entry.hangs or 0) + 1


def is_silent_for_a_moment(
    run: Round, node: PlannedNode, pod: Observed, view: ChainView | None
) -> bool:
    """Whether a node from which no answer came may be at work all the same: kubelet finds its pod
    ready, and it has not been silent for long enough to be restarted for that. A busy machine or
    network swallows an answer now and then."""
    seen = view.of(node.names.node) if view is not None else None
    if view is None or not view.was_read or seen is None or seen.silence is None:
        return False
    if not isinstance(pod.detail, PodDetail) or not pod.detail.ready:
        return False
    suspicion = run.memory.suspects.get(node.names.node)
    return suspicion is None or run.world.now() - suspicion.since < SILENT_FOR


def hung_before_the_first_block(
    hangs: Iterable[Hang], view: ChainView | None, generations: Mapping[str, int]
) -> frozenset[str]:
    """Of a chain that was never seen with a block: full object names of nodes to start over on a
    new volume. Started again on the old one they would be lost to the others."""
    if view is None or view.height != 0:
        return frozenset()
    return frozenset(
        hang.node.names.node
        for hang in hangs
        if hang.is_due and _mounts(hang, generations.get(hang.node.names.node, 0))
    )


def _finding(node: PlannedNode, what: str) -> Finding:
    return Finding(ConditionType.NODES_READY, Reason.NODE_HUNG, f"node {node.path} {what}")


def _suspicion(
    run: Round, node: PlannedNode, view: ChainView, before: Suspicion | None
) -> Suspicion | None:
    """None where the node takes part, or its pod is on its way up or down."""
    pod, seen, now = pod_of(run, node), view.of(node.names.node), run.world.now()
    if pod is None or seen is None or not _should_answer(pod):
        return None
    if before is not None and (before.pod_uid != pod.uid or not _is_continuous(before, now)):
        before = None
    stuck_at: int | None
    if _is_silent(seen, view, was_silent=before is not None and before.stuck_at is None):
        stuck_at = None
    elif view.has_fallen_behind(seen):
        stuck_at = seen.height
    else:
        return None
    since = before.since if before is not None and before.stuck_at == stuck_at else now
    return Suspicion(pod.uid, stuck_at, since, now)


def _should_answer(pod: Observed) -> bool:
    detail = pod.detail
    return (
        isinstance(detail, PodDetail)
        and not pod.deleting
        and detail.phase == "Running"
        and detail.has_started
    )


def _is_continuous(before: Suspicion, now: datetime) -> bool:
    return timedelta(0) <= now - before.last_seen <= MOST_BETWEEN_LOOKS


def _is_silent(seen: NodeView, view: ChainView, *, was_silent: bool) -> bool:
    """Where no connection comes about, the operator may be what is cut off: then the other nodes
    still see it. Unless it hung before: a stopped process takes so many connections and no more."""
    if seen.silence is Silence.UNREACHABLE:
        return was_silent or (view.was_read and not view.is_listed(seen.node_id))
    return seen.silence is Silence.HANGS


def _hang(
    run: Round, node: PlannedNode, view: ChainView, suspicion: Suspicion, pod: Observed
) -> Hang | None:
    lasted = run.world.now() - suspicion.since
    if suspicion.stuck_at is not None:
        if lasted < BEHIND_FOR:
            return None
        why = f"it stands at block {suspicion.stuck_at}, far behind the others"
        return Hang(node, pod, suspicion.since, why, is_due=True)
    if lasted < TOLD_AFTER:
        return None
    seen = view.of(node.names.node)
    why = "it is silent" if seen is None or seen.problem is None else f"it {seen.problem}"
    return Hang(node, pod, suspicion.since, why, is_due=lasted >= SILENT_FOR)


def _pause(times: int) -> timedelta:
    doublings = min(times - 1, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _mounts(hang: Hang, generation: int) -> bool:
    detail = hang.pod.detail
    return isinstance(detail, PodDetail) and hang.node.names.data(generation) in detail.claims
