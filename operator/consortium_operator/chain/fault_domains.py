"""Weight by fault domain: what a chain loses with one region, one zone or one host. Either by where
its nodes are told to run (what is placed nowhere is in no domain: where it runs is the cluster's
choice), or by where they do."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from consortium_operator.chain.plan import Plan, PlannedNode


class DomainKind(StrEnum):
    """What fails together."""

    REGION = "region"
    ZONE = "zone"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class FaultDomain:
    """`name` of a zone holds its region, because regions name their zones alike.
    `is_concentrated`: holds more than f, so that the chain stops with it."""

    kind: DomainKind
    name: str
    weight: int
    sealers: int
    is_concentrated: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is; None where nobody says."""

    region: str | None = None
    zone: str | None = None
    host: str | None = None

    def domain(self, kind: DomainKind) -> str | None:
        """The name of the fault domain of that kind."""
        if kind is DomainKind.REGION:
            return self.region
        if kind is DomainKind.HOST:
            return self.host
        return f"{self.region}/{self.zone}" if self.region and self.zone else self.zone


def fault_domains(plan: Plan) -> tuple[FaultDomain, ...]:
    """Those with a sealer, as the plan places them: regions, then zones, the heaviest first."""
    return domains_of(plan, {node.names.node: _wanted(node) for node in plan.sealers})


def domains_of(plan: Plan, places: Mapping[str, Place]) -> tuple[FaultDomain, ...]:
    """Those with a sealer, where `places` (full object name → place) has it: regions, then zones,
    then hosts, the heaviest first."""
    return tuple(domain for kind in DomainKind for domain in _of_kind(plan, places, kind))


def unplaced_weight(plan: Plan) -> int:
    """The weight of sealers that name neither a region nor a zone."""
    return sum(node.weight for node in plan.sealers if _wanted(node) == Place())


def _wanted(node: PlannedNode) -> Place:
    return Place(node.placement.region or None, node.placement.zone or None)


def _of_kind(plan: Plan, places: Mapping[str, Place], kind: DomainKind) -> Iterator[FaultDomain]:
    weights, counts = _count(plan.sealers, places, kind)
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        weight = weights[name]
        yield FaultDomain(kind, name, weight, counts[name], plan.quorum.is_too_heavy(weight))


def _count(
    sealers: Iterable[PlannedNode], places: Mapping[str, Place], kind: DomainKind
) -> tuple[Counter[str], Counter[str]]:
    weights: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for node in sealers:
        name = places.get(node.names.node, Place()).domain(kind)
        if name:
            weights[name] += node.weight
            counts[name] += 1
    return weights, counts
