"""Who belongs to a chain now: the nodes of the spec, and those that left it but not yet the chain.

A node that is taken out of the spec is first voted out, then its pod stops, and last its Service
goes. All that time it is asked, counted and left as it is, but for its certificates; the journal
and the founders table say which nodes there were.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from consortium_operator.api.chain import Role
from consortium_operator.chain.genesis import Founder
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.plan import Departure, Plan, PlannedMember, PlannedNode


@dataclass(frozen=True, slots=True, order=True)
class _Known:
    """A node as people write it: webank, shenzhen-0."""

    member: str
    node: str


def with_leavers(
    plan: Plan, journal: Journal, founders: Iterable[Founder], present: Collection[str]
) -> Plan:
    """The plan with every node that once belonged to it and has not gone for good. `present`: full
    object names of nodes of which anything is left to remove."""
    planned = {node.path for node in plan.nodes}
    leavers = []
    for known in _known(journal, founders):
        if f"{known.member}/{known.node}" in planned:
            continue
        node = _unplanned(plan, known)
        is_out = journal.of(node.names.node).out is not None
        if not is_out or node.names.node in present:
            leavers.append(replace(node, departure=Departure.OUT if is_out else Departure.LEAVING))
    return _with_nodes(plan, (*plan.nodes, *leavers))


def as_running(plan: Plan, journal: Journal, founders: Iterable[Founder]) -> Plan:
    """The plan with the nodes that the chain has in place of the spec's: what runs, where an edit
    of the spec was refused. One that the spec no longer has gets the node defaults."""
    planned = {node.path: node for node in plan.nodes}
    nodes = [
        planned.get(f"{known.member}/{known.node}") or _unplanned(plan, known)
        for known in _known(journal, founders)
    ]
    entries = ((node, journal.of(node.names.node)) for node in nodes)
    return _with_nodes(plan, [_as_achieved(node, e) for node, e in entries if e.out is None])


def _as_achieved(node: PlannedNode, entry: JournalEntry) -> PlannedNode:
    if entry.role is None or not entry.is_on_chain:  # one that comes back was voted out before
        return node
    return replace(node, role=Role(entry.role), weight=entry.weight or 1)


def _known(journal: Journal, founders: Iterable[Founder]) -> list[_Known]:
    founding = {_Known(founder.member, founder.node) for founder in founders}
    return sorted(founding | set(_journalled(journal)))


def _journalled(journal: Journal) -> Iterator[_Known]:
    for entry in journal.entries.values():
        if entry.path is not None:
            member, _, node = entry.path.partition("/")
            yield _Known(member, node)


def _with_nodes(plan: Plan, nodes: Iterable[PlannedNode]) -> Plan:
    known = {member.name: member for member in plan.members}
    by_name = sorted(nodes, key=lambda node: (node.member, node.group, node.index))
    names = sorted({node.member for node in by_name})
    members = tuple(
        known.get(name)
        or PlannedMember(name, plan.key.member(name), departure=_departure(by_name, name))
        for name in names
    )
    return replace(plan, nodes=tuple(by_name), members=members)


def _departure(nodes: Iterable[PlannedNode], member: str) -> Departure:
    left = [node for node in nodes if node.member == member]
    all_out = all(node.departure is Departure.OUT for node in left)
    return Departure.OUT if all_out else Departure.LEAVING


def _unplanned(plan: Plan, known: _Known) -> PlannedNode:
    group, _, index = known.node.rpartition("-")
    defaults = plan.spec.node_defaults
    return PlannedNode(
        member=known.member,
        name=known.node,
        names=plan.key.node(known.member, group, int(index)),
        role=Role.SEALER,
        weight=1,
        storage=defaults.storage,
        resources=defaults.resources,
        placement=defaults.placement,
        pod_labels=defaults.pod_labels,
        pod_annotations=defaults.pod_annotations,
    )
