"""Keeps the membership journal: what we wanted, what was achieved, and each Service's address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.moment import moment_of, rfc3339
from consortium_operator.chain.journal import OUTSIDE, Journal, JournalEntry, JournalError
from consortium_operator.chain.membership import achieved_of, change_for, intent_of
from consortium_operator.chain.naming import chain_labels, is_ours
from consortium_operator.chain.plan import Departure, PlannedMember, PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.kube.kinds import CONFIG_MAP, SERVICE, ObjectKey
from consortium_operator.kube.projection import ServiceDetail
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.second_starts import first_pod
from consortium_operator.reconcile.suspicions import noted_suspicion
from consortium_operator.reconcile.world import Custody, Round


def read_journal(run: Round) -> Journal:
    """Raises Blocked where the journal cannot be read: without it a lost volume would look new."""
    key = ObjectKey(CONFIG_MAP, run.key.namespace, run.key.journal)
    observed = run.world.store.get(key)
    if observed is None or not isinstance(observed.detail, Mapping):
        return Journal({})
    if not is_ours(observed.labels, chain_labels(run.key.name, run.plan.engine)):
        return Journal({})  # the write of ours will tell
    try:
        return Journal.from_data(observed.detail)
    except JournalError as error:
        raise Blocked(
            Finding(
                ConditionType.MEMBERSHIP_IN_SYNC,
                Reason.PENDING,
                f"ConfigMap {key.name}: {error}. Put it back from a backup",
                needs_person=True,
            )
        ) from error


def look_up_journal(run: Round) -> Journal:
    """As far as it can be read, for a round that may write nothing."""
    try:
        return read_journal(run)
    except Blocked as blocked:
        run.findings.extend(blocked.findings)
        return Journal({})


@dataclass(frozen=True, slots=True)
class Seen:
    """What this round saw; `generations`: the newest volume generation by node."""

    custody: Custody
    view: ChainView | None
    generations: Mapping[str, int]


def updated(run: Round, journal: Journal, seen: Seen) -> Journal:
    """The journal with what this round saw. Entries of nodes and members that left stay."""
    entries, unclear = dict(journal.entries), unclear_nodes(run, journal, seen)
    for node in run.plan.nodes:
        if node.names.node in unclear:
            continue
        entries[node.names.node] = _entry(run, node, journal.of(node.names.node), seen)
    for member in run.plan.members:
        name = member.names.rpc_service
        entries[name] = _member_entry(run, member, journal.of(name), seen)
    return replace(journal, entries=entries)


def unclear_nodes(run: Round, journal: Journal, seen: Seen) -> frozenset[str]:
    """Full object names of nodes that are new, or came after the founding and have lost volume and
    journal. Only the chain can say which, where there was one, and it cannot be read."""
    had_volumes = bool(seen.generations) or run.plan.spec.fisco_bcos.genesis_sha256 is not None
    if not had_volumes or (seen.view is not None and seen.view.was_read):
        return frozenset()
    names = frozenset(node.names.node for node in run.plan.staying)
    known = {name for name in names if journal.of(name) != JournalEntry()}
    return names - known - seen.generations.keys() - run.founders


def _member_entry(
    run: Round, member: PlannedMember, known: JournalEntry, seen: Seen
) -> JournalEntry:
    name = member.names.rpc_service
    entry = replace(known, cluster_ip=_cluster_ip(run, name) or known.cluster_ip)
    if member.departure is not Departure.OUT:
        is_known = member.name in seen.custody.node_authorities
        return replace(entry, trusted=True) if is_known else entry
    if not known.trusted:
        return entry
    return replace(entry, trusted=False, dropped=(known.dropped or 0) + 1)


def _entry(run: Round, node: PlannedNode, known: JournalEntry, seen: Seen) -> JournalEntry:
    entry = replace(
        known,
        path=node.path,
        intent=intent_of(node),
        cluster_ip=_cluster_ip(run, node.names.node) or known.cluster_ip,
        first_pod=_first_pod(run, node, known, seen),
    )
    entry = noted_suspicion(run, node, entry)
    if _was_forgotten(run, node, known, seen):
        entry = replace(entry, block=0)
    register, view = seen.custody.nodes.get(node.names.node), seen.view
    if node.departure is not None:
        entry = replace(entry, rebuilding=None, former_weight=None)
    elif entry.rebuilding is not None:
        return entry
    else:
        entry = replace(entry, out=None, out_at=None)
    if view is None or register is None or view.height < 1:
        return entry
    is_so = change_for(node, register.node_id).holds(view.members)
    if node.departure is not None:
        return _noted_out(run, entry, view) if is_so and view.has_quorum() else entry
    is_new = achieved_of(known) != entry.intent or known.block is None
    if is_so and is_new and register.node_id in view.live:
        weight = node.weight if node.is_sealer else 0
        return replace(entry, role=node.role.value, weight=weight, block=view.height)
    return _noted_block(node, entry, view)


def _was_forgotten(run: Round, node: PlannedNode, known: JournalEntry, seen: Seen) -> bool:
    """Whether its volume is lost, and with it the journal that told of both. Of a founding the
    journal is written before the first volume; and no node gets a vote that has no volume."""
    name = node.names.node
    if known != JournalEntry() or name in seen.generations:
        return False
    is_founder = name in run.founders and bool(seen.generations)
    return is_founder or _votes(seen, name)


def _votes(seen: Seen, name: str) -> bool:
    register, view = seen.custody.nodes.get(name), seen.view
    if register is None or view is None or view.height < 1:
        return False
    return register.node_id in view.all_sealers


def _noted_out(run: Round, entry: JournalEntry, view: ChainView) -> JournalEntry:
    now = run.world.now()
    if entry.out is None:
        return replace(entry, role=OUTSIDE, weight=0, out=view.height, out_at=rfc3339(now))
    # A time to come was noted by a clock that was wrong.
    is_past = entry.out_at is not None and moment_of(entry.out_at) <= now
    return entry if is_past else replace(entry, out_at=rfc3339(now))


def _noted_block(node: PlannedNode, entry: JournalEntry, view: ChainView) -> JournalEntry:
    """A node that keeps up has a ledger that must not be lost, whatever it is on the chain."""
    seen = view.of(node.names.node)
    if entry.block is not None or seen is None or seen.height < 1 or seen.node_id not in view.up:
        return entry
    return replace(entry, block=view.height)


def _first_pod(run: Round, node: PlannedNode, known: JournalEntry, seen: Seen) -> str | None:
    """Remembered once for each volume generation, while the node has no block on it."""
    generation = seen.generations.get(node.names.node)
    has_blocks = known.block is not None and known.rebuilding is None
    if has_blocks or generation is None:
        return known.first_pod
    if known.first_pod is not None and known.first_pod.startswith(f"{generation}/"):
        return known.first_pod
    return first_pod(run, node, generation) or known.first_pod


def _cluster_ip(run: Round, service: str) -> str | None:
    found = run.world.store.get(ObjectKey(SERVICE, run.key.namespace, service))
    if found is None or not isinstance(found.detail, ServiceDetail):
        return None
    return found.detail.cluster_ip
