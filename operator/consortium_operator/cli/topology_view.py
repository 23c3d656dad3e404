"""A chain's shape as `consortium topology` shows it: pure, from the plan, so of what the resource
wants and not of what runs."""

from collections.abc import Iterator
from dataclasses import dataclass

from consortium_operator.chain.fault_domains import FaultDomain, fault_domains, unplaced_weight
from consortium_operator.chain.plan import Plan, PlannedMember, PlannedNode
from consortium_operator.cli.printing import shown


@dataclass(frozen=True, slots=True)
class NodeShape:
    """One node. `weight` is 0 of an observer: it has no vote."""

    name: str
    role: str
    weight: int
    region: str | None
    zone: str | None
    is_stopped: bool

    @property
    def place(self) -> str:
        return "/".join(one for one in (self.region, self.zone) if one)


@dataclass(frozen=True, slots=True)
class CityShape:
    """One entry of a member's nodes, which is mostly a city."""

    name: str
    nodes: tuple[NodeShape, ...]


@dataclass(frozen=True, slots=True)
class MemberShape:
    name: str
    display_name: str | None
    weight: int
    cities: tuple[CityShape, ...]


@dataclass(frozen=True, slots=True)
class TopologyView:
    """`may_fail`: f. `links`: pairs of nodes, each of which dials the other."""

    namespace: str
    name: str
    total_weight: int
    required: int
    may_fail: int
    links: int
    members: tuple[MemberShape, ...]
    domains: tuple[FaultDomain, ...]
    unplaced_weight: int
    warnings: tuple[str, ...]

    @property
    def node_count(self) -> int:
        return sum(len(city.nodes) for member in self.members for city in member.cities)

    @property
    def headline(self) -> str:
        return (
            f"{self.namespace}/{self.name}: {_count(len(self.members), 'member')}, "
            f"{_count(self.node_count, 'node')}"
        )

    @property
    def quorum(self) -> str:
        return (
            f"weight {self.total_weight}: {self.required} needed for a block, "
            f"{self.may_fail} may fail"
        )

    @property
    def mesh(self) -> str:
        return f"{_count(self.links, 'peer link')}: every node with every other"


def view(plan: Plan) -> TopologyView:
    nodes = len(plan.nodes)
    domains = fault_domains(plan)
    return TopologyView(
        namespace=plan.key.namespace,
        name=plan.key.name,
        total_weight=plan.quorum.total_weight,
        required=plan.quorum.required,
        may_fail=plan.quorum.faulty,
        links=nodes * (nodes - 1) // 2,
        members=tuple(_member(plan, member) for member in plan.members),
        domains=domains,
        unplaced_weight=unplaced_weight(plan),
        warnings=tuple(_warnings(plan, domains)),
    )


def _member(plan: Plan, member: PlannedMember) -> MemberShape:
    nodes = plan.nodes_of(member.name)
    told = next(one for one in plan.spec.members if one.name == member.name)
    return MemberShape(
        name=member.name,
        display_name=told.display_name,
        weight=sum(node.weight for node in nodes if node.is_sealer),
        cities=tuple(
            CityShape(name, tuple(_node(node) for node in nodes if node.group == name))
            for name in dict.fromkeys(node.group for node in nodes)
        ),
    )


def _node(node: PlannedNode) -> NodeShape:
    return NodeShape(
        name=node.name,
        role=node.role.value,
        weight=node.weight if node.is_sealer else 0,
        region=node.placement.region,
        zone=node.placement.zone,
        is_stopped=node.is_stopped,
    )


def _warnings(plan: Plan, domains: tuple[FaultDomain, ...]) -> Iterator[str]:
    quorum = plan.quorum
    if quorum.faulty == 0:
        yield "f is 0: the chain stops with any sealer; four of one weight survive the loss of one"
        return  # then every domain holds more than f, which says nothing more
    for node in plan.sealers:
        if quorum.is_too_heavy(node.weight):
            yield f"{node.path} weighs {node.weight}, more than f = {quorum.faulty}: " + _STOPS
    for one in domains:
        if one.is_concentrated:
            yield (
                f"{one.kind} {one.name} holds {one.weight} of {quorum.total_weight}, "
                f"more than f = {quorum.faulty}: {_STOPS}"
            )


_STOPS = "the chain stops with it"


def lines(found: TopologyView) -> Iterator[str]:
    """For people: a tree of members, cities and nodes, then what fails together."""
    yield shown(found.headline)
    for number, member in enumerate(found.members):
        yield from _tree_of_member(member, is_last=number == len(found.members) - 1)
    yield ""
    yield found.quorum
    yield found.mesh
    yield from _domain_lines(found)
    for warning in found.warnings:
        yield shown(f"warning: {warning}")


def _tree_of_member(member: MemberShape, *, is_last: bool) -> Iterator[str]:
    named = f"{member.name} · {member.display_name}" if member.display_name else member.name
    yield shown(f"{_branch(is_last)}{named} · weight {member.weight}")
    for number, city in enumerate(member.cities):
        last_city = number == len(member.cities) - 1
        yield shown(f"{_trunk(is_last)}{_branch(last_city)}{city.name}")
        for index, node in enumerate(city.nodes):
            stem = _trunk(is_last) + _trunk(last_city) + _branch(index == len(city.nodes) - 1)
            yield shown(f"{stem}{node.name} · {told(node)}")


def told(node: NodeShape) -> str:
    """A node in words, without its name."""
    words = [f"{node.role} {node.weight}" if node.weight else node.role, node.place]
    return " · ".join(one for one in (*words, "stopped" if node.is_stopped else "") if one)


def _branch(is_last: bool) -> str:
    return "└─ " if is_last else "├─ "


def _trunk(is_last: bool) -> str:
    return "   " if is_last else "│  "


def _domain_lines(found: TopologyView) -> Iterator[str]:
    for one in found.domains:
        mark = " !" if one.is_concentrated and found.may_fail else ""
        sealers = _count(one.sealers, "sealer")
        yield shown(f"{one.kind} {one.name}: {one.weight} of {found.total_weight}, {sealers}{mark}")
    if found.unplaced_weight:
        yield f"no region or zone named: {found.unplaced_weight} of {found.total_weight}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
