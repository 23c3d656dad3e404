"""Since when a node is silent, or stands still far behind the others.

Time counts only between looks that are close together. An operator that is restarted before a hang
is long enough would wait anew each time, so what was seen is noted in the journal now and then, as
a length: what happened while nobody looked is not in it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from consortium_operator.api.moment import moment_of, rfc3339
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView, NodeView, Silence
from consortium_operator.kube.projection import Observed, PodDetail
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.world import Round, Suspicion

SILENT_FOR = timedelta(minutes=2)
"""Of silence, until the node is restarted: longer than any pause of a node that recovered by itself
(88 s were seen), shorter than a person needs to look."""
BEHIND_FOR = timedelta(minutes=5)
"""Without a block while the others are far ahead, until the node is restarted: one that syncs gets
blocks every few seconds."""
NOTED_EVERY = timedelta(seconds=30)
"""Of what was seen of a hang: three writes until the restart, and one when the node answers. The
last half minute is always seen by the operator that acts."""
MOST_BETWEEN_LOOKS = timedelta(minutes=1)
"""Looks further apart than this prove nothing about the time between them: then the operator was
what stood still, or the clock jumped."""
MOST_BETWEEN_LIVES = timedelta(minutes=10)
"""Of the operator: kubelet waits for up to five minutes before it starts one again that fails. A
hang that was noted longer ago was another one."""


def find_suspicions(run: Round, view: ChainView, journal: Journal) -> dict[str, Suspicion]:
    """Of the nodes that may hang, by full object name; remembered."""
    before = run.memory.suspects
    if before is None:
        before = _noted_suspicions(run, journal)
    found = {
        node.names.node: suspicion
        for node in run.plan.nodes
        if (suspicion := _suspicion(run, node, view, before.get(node.names.node))) is not None
    }
    run.memory.suspects = found
    return found


def suspicion_of(run: Round, node: PlannedNode) -> Suspicion | None:
    return (run.memory.suspects or {}).get(node.names.node)


def noted_suspicion(run: Round, node: PlannedNode, entry: JournalEntry) -> JournalEntry:
    """The entry with what was seen of a hang, in steps: a journal is not written every round."""
    found = suspicion_of(run, node)
    seen = timedelta(0)
    if found is not None:
        longest = (SILENT_FOR if found.stuck_at is None else BEHIND_FOR) - NOTED_EVERY
        seen = min(found.last_seen - found.since, longest) // NOTED_EVERY * NOTED_EVERY
    if found is None or not seen:
        return replace(
            entry, suspect_pod=None, suspect_for=None, suspect_at=None, suspect_height=None
        )
    noted = replace(
        entry,
        suspect_pod=found.pod_uid,
        suspect_for=int(seen.total_seconds()),
        suspect_height=found.stuck_at,
    )
    return entry if noted == entry else replace(noted, suspect_at=rfc3339(found.last_seen))


def _noted_suspicions(run: Round, journal: Journal) -> dict[str, Suspicion]:
    """What the operator's last life has seen."""
    now = run.world.now()
    found = ((name, _noted(entry, now)) for name, entry in journal.entries.items())
    return {name: suspicion for name, suspicion in found if suspicion is not None}


def _noted(entry: JournalEntry, now: datetime) -> Suspicion | None:
    if entry.suspect_pod is None or entry.suspect_for is None or entry.suspect_at is None:
        return None
    if not timedelta(0) <= now - moment_of(entry.suspect_at) <= MOST_BETWEEN_LIVES:
        return None
    since = now - timedelta(seconds=min(entry.suspect_for, BEHIND_FOR.total_seconds()))
    return Suspicion(entry.suspect_pod, entry.suspect_height, since, now)


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
