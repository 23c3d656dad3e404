"""What is left of nodes that were voted out: the pod stops, later the Service goes. Keys, register
and volume stay, and so does whatever says that the node once was.

A node that starts while a name in its peers list does not resolve stops at once, and pods see a new
list up to minutes later: so a Service goes last. An organisation is gone only once no node trusts
its CA any more, which takes a restart of each, since trusted CAs are cached.
"""

from dataclasses import replace
from datetime import timedelta

from consortium_operator.api.moment import moment_of
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.plan import Departure, PlannedMember, PlannedNode
from consortium_operator.chain.roster import with_leavers
from consortium_operator.kube.kinds import CONFIG_MAP, SERVICE, STATEFUL_SET, Kind, ObjectKey
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import desired_journal
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.prune import discard
from consortium_operator.reconcile.world import Founded, Round

STAYS_NAMED_FOR = timedelta(minutes=3)
"""Kubelet's sync period and its cache of ConfigMaps, and some more."""


def of_founded(run: Round, seal: Seal, journal: Journal) -> Round:
    """The round of a chain that is founded: it knows the founders, and who leaves."""
    roster = with_leavers(run.plan, journal, seal.founders, present_nodes(run))
    # The same object as long as it is equal: what was rendered for it is still good.
    if run.memory.roster is None or run.memory.roster != roster:
        run.memory.roster = roster
    founders = (one for one in roster.nodes if seal.founder(one.member, one.name) is not None)
    names = frozenset(one.names.node for one in founders)
    return replace(run, plan=run.memory.roster, founders=names)


def present_nodes(run: Round) -> frozenset[str]:
    """Full object names of nodes of which there is something to remove."""
    found = (
        observed.key.name
        for kind in (SERVICE, STATEFUL_SET)
        for observed in run.world.store.by_chain(run.key.namespace, run.key.name, kind)
        if run.plan.uid in observed.owner_uids
    )
    return frozenset(found)


async def see_off(founded: Founded, journal: Journal) -> None:
    """Takes away what nodes need that are out, as far as its time has come."""
    run = founded.round
    members = {member.name: member for member in run.plan.members}
    for node in run.plan.nodes:
        if node.departure is not Departure.OUT:
            continue
        await _discard(run, STATEFUL_SET, node.names.node)
        if pod_of(run, node) is None and _may_lose_its_name(run, node, members, journal):
            await _discard(run, SERVICE, node.names.node)
            await _discard(run, CONFIG_MAP, node.names.peers)
    for member in members.values():
        if member.departure is Departure.OUT and _has_no_service(run, member):
            await _discard(run, SERVICE, member.names.rpc_service)


async def tell_removed_organisations(founded: Founded, journal: Journal) -> None:
    """Once every pod has restarted without their CAs. Written down first: an Event that is lost
    harms nobody, one that comes twice would mean a second removal."""
    run = founded.round
    for member in run.plan.members:
        entry = journal.of(member.names.rpc_service)
        if _was_told(entry) or member.departure is not Departure.OUT:
            continue
        journal = journal.noting(member.names.rpc_service, replace(entry, told=entry.dropped))
        if await bring_one(run, desired_journal(run, journal)):
            message = f"member {member.name} left the chain, and no node trusts its CA any more"
            run.tell("OrganisationRemoved", message)


def _may_lose_its_name(
    run: Round, node: PlannedNode, members: dict[str, PlannedMember], journal: Journal
) -> bool:
    member = members[node.member]
    is_gone = _was_told(journal.of(member.names.rpc_service))
    if member.departure is Departure.OUT and not is_gone:
        return False
    out_at = journal.of(node.names.node).out_at
    return out_at is not None and run.world.now() - moment_of(out_at) >= STAYS_NAMED_FOR


def _was_told(entry: JournalEntry) -> bool:
    return (entry.dropped or 0) == (entry.told or 0)


def _has_no_service(run: Round, member: PlannedMember) -> bool:
    services = (
        run.world.store.get(ObjectKey(SERVICE, run.key.namespace, node.names.node))
        for node in run.plan.nodes_of(member.name)
    )
    return not any(services)


async def _discard(run: Round, kind: Kind, name: str) -> None:
    observed = run.world.store.get(ObjectKey(kind, run.key.namespace, name))
    if observed is not None and run.plan.uid in observed.owner_uids and not observed.deleting:
        await discard(run, observed.key, observed.uid)
