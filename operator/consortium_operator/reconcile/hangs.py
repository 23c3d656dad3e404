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
from consortium_operator.api.moment import rfc3339
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.kube.projection import Observed, PodDetail
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.repeats import Repeats
from consortium_operator.reconcile.suspicions import (
    BEHIND_FOR,
    SILENT_FOR,
    find_suspicions,
    suspicion_of,
)
from consortium_operator.reconcile.world import Round, Suspicion

TOLD_AFTER = timedelta(seconds=20)
"""Of silence, until it is called a hang: an answer may take 5 s, and a restarted node takes 4 s."""
BETWEEN_NODES = timedelta(minutes=1)
"""Between restarts of two nodes that hang: 30 s until the first is killed, and some until it
serves. Where a quorum was lost, the first one mostly brings it back."""


@dataclass(frozen=True, slots=True)
class Hang:
    """`since`: when it was first noticed. `is_due`: it has lasted long enough for a restart."""

    node: PlannedNode
    pod: Observed
    since: datetime
    why: str
    is_due: bool


def notice_hangs(run: Round, view: ChainView, journal: Journal) -> tuple[Hang, ...]:
    """The nodes that hang, each told as a finding. Remembers since when."""
    suspicions, hangs = find_suspicions(run, view, journal), []
    for node in run.plan.nodes:
        suspicion, pod = suspicions.get(node.names.node), pod_of(run, node)
        if suspicion is None or pod is None:
            continue
        hang = _hang(run, node, view, suspicion, pod)
        if hang is not None:
            hangs.append(hang)
            run.findings.add(_finding(node, f"hangs since {rfc3339(hang.since)}: {hang.why}"))
    return tuple(hangs)


def waits(node: PlannedNode, reason: str) -> Finding:
    """That a node which hangs is not restarted yet."""
    return _finding(node, f"is restarted once it may be: {reason}")


def restarts_of(entry: JournalEntry) -> Repeats:
    """Those of the node that were because it hung."""
    return Repeats(entry.hangs, entry.hung_pod, entry.hung_at)


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
    suspicion = suspicion_of(run, node)
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


def _mounts(hang: Hang, generation: int) -> bool:
    detail = hang.pod.detail
    return isinstance(detail, PodDetail) and hang.node.names.data(generation) in detail.claims
