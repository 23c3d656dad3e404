"""Nodes whose ledger is built anew from their peers, on the next volume generation: because the
volume is lost, or because a person moves the node.

An observer is rebuilt just so. A sealer that starts empty has forgotten what it voted for, so it
is first made an observer (`demotions`). Begun is only what the journal says: a rebuild is noted in
one round and acted upon in a later one, so that a crash at any point is resumed. Until the new
volume is there, a rebuild is off again if the lost volume comes back, or the word is taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.naming import ChildPart, is_ours
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM, ObjectKey
from consortium_operator.manifests.metadata import labels
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.second_starts import first_pod
from consortium_operator.reconcile.volumes import (
    Ledger,
    has_lost_its_disk,
    how_to_move,
    is_to_move,
    ledgers_of,
    tell_wrong_moves,
)
from consortium_operator.reconcile.world import Round


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a node is not rebuilt yet. `needs_person`: its owner has to say that it may be, or where
    it `needs_backup`, to bring its volume back."""

    why: str
    needs_person: bool = False
    needs_backup: bool = False


async def note_rebuilds(run: Round, known: Knowledge) -> Journal:
    """The journal with the rebuilds that go on now. At most one begins."""
    journal = known.journal
    before = ledgers_of(run, journal)
    for ledger in before:
        if ledger.entry.rebuilding is not None:
            journal = journal.noting(ledger.node.names.node, _gone_on(run, known, ledger, before))
    ledgers = ledgers_of(run, journal)
    tell_wrong_moves(run, ledgers)
    for ledger in sorted(ledgers, key=lambda one: (known.vote(one.node) > 0, one.node.path)):
        if ledger.entry.rebuilding is None and await _may_begin(run, known, ledger, ledgers):
            weight = known.vote(ledger.node) or None
            entry = replace(ledger.entry, rebuilding=ledger.next, former_weight=weight)
            return journal.noting(ledger.node.names.node, entry)
    return journal


def rebuilt_now(run: Round, known: Knowledge, stands: Journal) -> frozenset[str]:
    """Full object names of nodes whose new volume may be made. `stands`: the journal as it was
    read in this round."""
    ledgers, found = ledgers_of(run, known.journal), set()
    for ledger in ledgers:
        name = ledger.node.names.node
        if not ledger.awaits_volume or ledger.node.is_stopped:
            continue
        wait = _wait_for_volume(run, known, ledger, ledgers)
        if stands.of(name).rebuilding == ledger.entry.rebuilding and wait is None:
            found.add(name)
        run.findings.add(_on_its_way(run, ledger, wait))
    return frozenset(found)


def is_back(run: Round, known: Knowledge, ledger: Ledger) -> bool:
    """Whether the node takes part again, on its newest volume. On a short chain one without any
    block would count as up."""
    return (
        not ledger.awaits_volume
        and known.is_live(ledger.node)
        and known.height(ledger.node) > 0
        and first_pod(run, ledger.node, ledger.newest) is not None
    )


def _gone_on(
    run: Round, known: Knowledge, ledger: Ledger, ledgers: Sequence[Ledger]
) -> JournalEntry:
    entry = ledger.entry
    if ledger.awaits_volume:
        is_on_its_way = not _wait_for_lost(known, ledger, ledgers)
        goes_on = ledger.is_lost or (is_to_move(run, ledger) and is_on_its_way)
        return entry if goes_on else replace(entry, rebuilding=ledger.newest)
    votes_again = known.vote(ledger.node) == (entry.former_weight or 0)
    if is_back(run, known, ledger) and votes_again:
        return replace(entry, rebuilding=None, former_weight=None)
    return entry


async def _may_begin(
    run: Round, known: Knowledge, ledger: Ledger, ledgers: Sequence[Ledger]
) -> bool:
    """By a person's word, or because nothing is risked. What waits is a finding."""
    is_asked = is_to_move(run, ledger)
    if not (is_asked or ledger.is_lost) or ledger.node.is_stopped:
        return False
    wait = (
        _wait_for_backup(known, ledger, ledgers)
        or _wait_for_others(known, ledgers)
        or _wait_for_lost(known, ledger, ledgers)
    )
    if wait is None and not is_asked:
        wait = _wait_for_person(run, known, ledger, ledgers)
    if wait is not None:
        run.findings.add(_waits(run, ledger, wait))
        return False
    return is_asked or not await _is_there(run, ledger)


async def _is_there(run: Round, ledger: Ledger) -> bool:
    """What the watch does not show: it lags, or somebody took the labels away by which it looks."""
    found = await run.world.client.get(_claim(run, ledger))
    if found is None:
        return False
    wanted = labels(run.plan, ChildPart.DATA, ledger.node)
    if not is_ours(found["metadata"].get("labels") or {}, wanted):
        run.findings.add(_unlabelled(run, ledger, wanted))
    return True


def _wait_for_backup(known: Knowledge, ledger: Ledger, ledgers: Sequence[Ledger]) -> Wait | None:
    """Nodes that run still have what is deleted under them, and others can be rebuilt from it."""
    is_left = known.was_read or any(one.last and not one.is_lost for one in ledgers)
    if is_left or not ledger.is_lost:
        return None
    why = "no other node has its volume, from which it could be rebuilt"
    return Wait(why, needs_person=True, needs_backup=True)


def _wait_for_others(known: Knowledge, ledgers: Sequence[Ledger]) -> Wait | None:
    if known.view is None or not known.was_read or known.disagrees:
        return _UNREADABLE
    others = [
        one.node.path
        for one in ledgers
        if one.entry.rebuilding is not None and not one.node.is_stopped
    ]
    # One that cannot vote again before this one is back must not be waited for.
    if others and known.view.has_quorum():
        return Wait(f"{', '.join(others)} is being rebuilt, and only one is at a time")
    return None


def _wait_for_lost(known: Knowledge, ledger: Ledger, ledgers: Sequence[Ledger]) -> Wait | None:
    """A sealer that only moves makes way, also once that is noted: the chain may not spare its vote
    before the other is back, which could wait for its turn for ever."""
    lost = [
        one.node.path
        for one in ledgers
        if one.is_lost and not one.node.is_stopped and one.node != ledger.node
    ]
    if not lost or ledger.is_lost or not known.vote(ledger.node):
        return None
    return Wait(f"the volume of {', '.join(lost)} is lost, and comes first")


def _wait_for_person(
    run: Round, known: Knowledge, ledger: Ledger, ledgers: Sequence[Ledger]
) -> Wait | None:
    """Why a lost volume is not rebuilt by itself."""
    claim = run.world.store.get(_claim(run, ledger))
    if claim is not None:
        is_lost = has_lost_its_disk(claim)
        why = "its claim is Lost" if is_lost else "it is kept as long as its pod runs"
        return Wait(why, needs_person=True)
    lost = [one.node.path for one in ledgers if one.is_lost and known.vote(one.node)]
    if known.vote(ledger.node) and len(lost) > 1:
        why = f"the volumes of {len(lost)} sealers are lost: {', '.join(lost)}"
        return Wait(why, needs_person=True)
    if known.view is None or not known.view.has_quorum():
        return Wait("no block can be made without it", needs_person=True)
    return None


def _wait_for_volume(
    run: Round, known: Knowledge, ledger: Ledger, ledgers: Sequence[Ledger]
) -> Wait | None:
    """Why a node that is being rebuilt does not start empty yet."""
    node, view = ledger.node, known.view
    if view is None or not known.was_read or known.disagrees:
        return _UNREADABLE
    if view.has_quorum():
        return Wait("as a sealer it becomes an observer first") if known.vote(node) else None
    if not known.vote(node) or known.is_up(node):
        return Wait("no block can be made")
    if not is_to_move(run, ledger):
        return Wait(
            "no block can be made without it, not even to make it an observer", needs_person=True
        )
    missing = [one.node.path for one in ledgers if _is_missed(run, known, one, node)]
    if missing:
        return Wait(f"{', '.join(missing)} is down too, and has to be back first")
    return None if view.up else Wait("no node is up that it could be rebuilt from")


_UNREADABLE = Wait("the chain cannot be read, or its nodes disagree")


def _is_missed(run: Round, known: Knowledge, other: Ledger, node: PlannedNode) -> bool:
    """Whether another sealer is down, and no person has said that it is to be rebuilt as well."""
    is_sealer = other.node != node and known.vote(other.node) > 0
    return is_sealer and not known.is_up(other.node) and not is_to_move(run, other)


def _claim(run: Round, ledger: Ledger) -> ObjectKey:
    name = ledger.node.names.data(max(ledger.newest, ledger.last))
    return ObjectKey(PERSISTENT_VOLUME_CLAIM, run.key.namespace, name)


def _unlabelled(run: Round, ledger: Ledger, wanted: Mapping[str, str]) -> Finding:
    claim, node = _claim(run, ledger), ledger.node
    words = " ".join(f"{name}={value}" for name, value in sorted(wanted.items()))
    message = (
        f"the volume {claim.name} of node {node.path} lacks labels by which it is known, and its "
        f"pod is left alone. Put them back: kubectl label persistentvolumeclaim {claim.name} "
        f"--namespace {claim.namespace} --overwrite {words}"
    )
    return Finding(ConditionType.NODES_READY, Reason.VOLUME_LOST, message, needs_person=True)


def _waits(run: Round, ledger: Ledger, wait: Wait) -> Finding:
    """Of a rebuild that has not begun."""
    if ledger.is_lost:
        return _lost(run, ledger, wait)
    node, volume = ledger.node, ledger.node.names.data(ledger.next)
    message = f"node {node.path} waits for its new volume {volume}: {wait.why}"
    return Finding(ConditionType.UP_TO_DATE, Reason.ROLLING_OUT, message)


def _on_its_way(run: Round, ledger: Ledger, wait: Wait | None) -> Finding:
    """Of a rebuild that has begun, and has no volume yet."""
    if ledger.is_lost and wait is not None:
        return _lost(run, ledger, wait)
    why = f": {wait.why}" if wait is not None else ""
    volume = ledger.node.names.data(ledger.entry.rebuilding or 0)
    message = f"node {ledger.node.path} is rebuilt on the volume {volume}{why}"
    if ledger.is_lost:
        return Finding(ConditionType.NODES_READY, Reason.VOLUME_LOST, message)
    return Finding(ConditionType.UP_TO_DATE, Reason.ROLLING_OUT, message)


def _or_begun_empty(ledger: Ledger) -> str:
    """Before its first block, nothing tells a founding from a restore but the pin."""
    if ledger.entry.block is not None:
        return ""
    return (
        ", or where the chain never had a block, delete the resource, which keeps keys and data, "
        "and create it without spec.fiscoBcos.genesisSha256"
    )


def _lost(run: Round, ledger: Ledger, wait: Wait) -> Finding:
    node = ledger.node
    where = "is gone or going" if ledger.entry.block else "is not there"
    message = (
        f"the volume {node.names.data(ledger.last)} of node {node.path} {where}, and its pod is "
        f"left alone: {wait.why}"
    )
    if wait.needs_backup:
        message += f". Restore the PersistentVolumeClaim{_or_begun_empty(ledger)}"
    elif wait.needs_person:
        message += (
            ". Restore the PersistentVolumeClaim, or have the node rebuilt from the others: "
            f"{how_to_move(run, ledger)}"
        )
    return Finding(
        ConditionType.NODES_READY, Reason.VOLUME_LOST, message, needs_person=wait.needs_person
    )
