"""Weight by fault domain: what a chain loses with one region or one zone, by where its nodes are
told to run. What is placed nowhere is in no domain: where it runs is the cluster's choice."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from consortium_operator.chain.plan import Plan, PlannedNode


class DomainKind(StrEnum):
    """What fails together."""

    REGION = "region"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class FaultDomain:
    """`name` of a zone holds its region, because regions name their zones alike.
    `is_concentrated`: holds more than f, so that the chain stops with it."""

    kind: DomainKind
    name: str
    weight: int
    sealers: int
    is_concentrated: bool


def fault_domains(plan: Plan) -> tuple[FaultDomain, ...]:
    """Those with a sealer: regions, then zones, the heaviest first."""
    return tuple(domain for kind in DomainKind for domain in _of_kind(plan, kind))


def unplaced_weight(plan: Plan) -> int:
    """The weight of sealers that name neither a region nor a zone."""
    return sum(node.weight for node in plan.sealers if not any(_names(node)))


def _of_kind(plan: Plan, kind: DomainKind) -> Iterator[FaultDomain]:
    weights, counts = _count(plan.sealers, kind)
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        weight = weights[name]
        yield FaultDomain(kind, name, weight, counts[name], plan.quorum.is_too_heavy(weight))


def _count(sealers: Iterable[PlannedNode], kind: DomainKind) -> tuple[Counter[str], Counter[str]]:
    weights: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for node in sealers:
        region, zone = _names(node)
        name = region if kind is DomainKind.REGION else zone
        if name:
            weights[name] += node.weight
            counts[name] += 1
    return weights, counts


def _names(node: PlannedNode) -> tuple[str, str]:
    """Region and zone, empty where none is named."""
    region, zone = node.placement.region or "", node.placement.zone or ""
    return region, f"{region}/{zone}" if region and zone else zone
