"""Keeps the membership journal: what we wanted, what was achieved, and each Service's address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.journal import Journal, JournalEntry, JournalError
from consortium_operator.chain.naming import chain_labels, is_ours
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.kube.kinds import CONFIG_MAP, SERVICE, ObjectKey
from consortium_operator.kube.projection import ServiceDetail
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.second_starts import first_pod
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


@dataclass(frozen=True, slots=True)
class Seen:
    """What this round saw; `generations`: the newest volume generation by node."""

    custody: Custody
    view: ChainView | None
    generations: Mapping[str, int]


def updated(run: Round, journal: Journal, seen: Seen) -> Journal:
    """The journal with what this round saw. Entries of nodes that left stay."""
    entries = dict(journal.entries)
    for node in run.plan.nodes:
        entries[node.names.node] = _entry(run, node, journal.of(node.names.node), seen)
    for member in run.plan.members:
        name = member.names.rpc_service
        known = journal.of(name)
        entries[name] = replace(known, cluster_ip=_cluster_ip(run, name) or known.cluster_ip)
    return replace(journal, entries=entries)


def _entry(run: Round, node: PlannedNode, known: JournalEntry, seen: Seen) -> JournalEntry:
    entry = replace(
        known,
        intent=f"{node.role.value}/{node.weight}",
        cluster_ip=_cluster_ip(run, node.names.node) or known.cluster_ip,
        first_pod=_first_pod(run, node, known, seen),
    )
    register, view = seen.custody.nodes.get(node.names.node), seen.view
    if view is None or register is None or view.height < 1 or register.node_id not in view.live:
        return entry
    weight = view.weights.get(register.node_id, 0)
    if (known.role, known.weight) == (node.role.value, weight) and known.block is not None:
        return entry
    return replace(entry, role=node.role.value, weight=weight, block=view.height)


def _first_pod(run: Round, node: PlannedNode, known: JournalEntry, seen: Seen) -> str | None:
    """Remembered once for each volume generation, while the node has no block."""
    generation = seen.generations.get(node.names.node)
    if known.block is not None or generation is None:
        return known.first_pod
    if known.first_pod is not None and known.first_pod.startswith(f"{generation}/"):
        return known.first_pod
    return first_pod(run, node, generation) or known.first_pod


def _cluster_ip(run: Round, service: str) -> str | None:
    found = run.world.store.get(ObjectKey(SERVICE, run.key.namespace, service))
    if found is None or not isinstance(found.detail, ServiceDetail):
        return None
    return found.detail.cluster_ip
