"""Restarts nodes that hang, one at a time and ever less often, where the guard lets them go."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from consortium_operator.api.moment import rfc3339
from consortium_operator.chain.journal import Journal
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import desired_journal
from consortium_operator.reconcile.evictions import evict
from consortium_operator.reconcile.hangs import (
    BETWEEN_NODES,
    FIRST_PAUSE,
    Hang,
    last_restart,
    not_before,
    times_in_a_row,
    waits,
)
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.world import Founded


async def restart_hung(founded: Founded, hangs: Iterable[Hang], known: Knowledge) -> None:
    """At most one node in a round. One that must wait is a finding."""
    run = founded.round
    for hang in hangs:
        if not hang.is_due:
            continue
        reason = _reason_to_wait(hang, known, run.world.now())
        if reason is None:
            reason = await _restart(founded, hang, known.journal)
            if reason is None:
                return
        run.findings.add(waits(hang.node, reason))


def _reason_to_wait(hang: Hang, known: Knowledge, now: datetime) -> str | None:
    verdict = known.verdict(hang.node, works=False)
    if not verdict.granted:
        return verdict.why
    entry = known.journal.of(hang.node.names.node)
    earliest = not_before(entry, hang.pod, now)
    if earliest is not None and now < earliest:
        return (
            f"it was restarted for the same reason {entry.hangs} times, and is not again before "
            f"{rfc3339(earliest)}"
        )
    turn = _turn_after_others(hang, known, now)
    if turn is not None and now < turn:
        return f"another node was restarted just now; not before {rfc3339(turn)}"
    return None


def _turn_after_others(hang: Hang, known: Knowledge, now: datetime) -> datetime | None:
    """One at a time also here: it may be the operator that is slow, and then a node that seems to
    hang serves. Where no node at all answers, that is the likelier explanation."""
    others = [
        at
        for name, entry in known.journal.entries.items()
        if name != hang.node.names.node and (at := last_restart(entry, now)) is not None
    ]
    if not others:
        return None
    return max(others) + (BETWEEN_NODES if known.was_read else FIRST_PAUSE)


async def _restart(founded: Founded, hang: Hang, journal: Journal) -> str | None:
    """Notes the restart before it is done, so that none is ever forgotten. One that was noted and
    not done is not noted again: a budget may refuse it for hours."""
    run, name = founded.round, hang.node.names.node
    now, entry = run.world.now(), journal.of(name)
    if entry.hung_pod != hang.pod.uid:
        times = times_in_a_row(entry, now)
        entry = replace(entry, hangs=times, hung_pod=hang.pod.uid, hung_at=rfc3339(now))
    if not await bring_one(run, desired_journal(founded, journal.noting(name, entry))):
        return "the journal cannot be written"
    return await evict(run, hang.pod, f"node {hang.node.path} hangs: {hang.why}")
