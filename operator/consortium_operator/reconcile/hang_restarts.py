"""Restarts nodes that hang, one at a time and ever less often, where the guard lets them go."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from consortium_operator.api.moment import rfc3339
from consortium_operator.chain.journal import Journal
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import desired_journal
from consortium_operator.reconcile.evictions import evict
from consortium_operator.reconcile.hangs import BETWEEN_NODES, Hang, restarts_of, waits
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.repeats import FIRST_PAUSE
from consortium_operator.reconcile.world import Founded, Round


async def restart_hung(founded: Founded, hangs: Iterable[Hang], known: Knowledge) -> Journal:
    """At most one node in a round; the journal, which knows of it. One that must wait is a
    finding."""
    run, journal = founded.round, known.journal
    for hang in hangs:
        if not hang.is_due:
            continue
        reason = _reason_to_wait(hang, known, run.world.now())
        if reason is None:
            journal = _noted(run, hang, journal)
            reason = await _restart(founded, hang, journal)
            if reason is None:
                break
        run.findings.add(waits(hang.node, reason))
    return journal


def _reason_to_wait(hang: Hang, known: Knowledge, now: datetime) -> str | None:
    verdict = known.verdict(hang.node, works=False)
    if not verdict.granted:
        return verdict.why
    entry = known.journal.of(hang.node.names.node)
    earliest = restarts_of(entry).not_before(hang.pod.uid, now)
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
        if name != hang.node.names.node and (at := restarts_of(entry).last(now)) is not None
    ]
    if not others:
        return None
    return max(others) + (BETWEEN_NODES if known.was_read else FIRST_PAUSE)


def _noted(run: Round, hang: Hang, journal: Journal) -> Journal:
    name = hang.node.names.node
    entry = journal.of(name)
    again = restarts_of(entry).again(hang.pod.uid, run.world.now())
    entry = replace(entry, hangs=again.times, hung_pod=again.pod, hung_at=again.at)
    return journal.noting(name, entry)


async def _restart(founded: Founded, hang: Hang, journal: Journal) -> str | None:
    """`journal`: with this restart, written before it is done."""
    run = founded.round
    if not await bring_one(run, desired_journal(run, journal)):
        return "the journal cannot be written"
    return await evict(run, hang.pod, f"node {hang.node.path} hangs: {hang.why}")
