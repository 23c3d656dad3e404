"""Which region, zone or host stops which chain when it fails: as the spec places its sealers, and
as their pods run."""

from collections.abc import Iterable, Iterator, Mapping

from consortium_operator.chain.fault_domains import (
    DomainKind,
    FaultDomain,
    Place,
    domains_of,
    fault_domains,
)
from consortium_operator.chain.plan import Plan
from consortium_operator.cli.doctor.facts import Facts, labels_of, pods_by_node
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.kinds import JsonObject

_CHECK = Check("quorum")
_REGION, _ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"


def judge(facts: Facts) -> Iterator[Finding]:
    for plan in facts.namespace.planned:
        subject, quorum = plan.key.name, plan.quorum
        if quorum.faulty == 0:
            yield _CHECK.warning(
                subject,
                f"weight {quorum.total_weight}: it stops with any of its sealers, wherever",
                "add sealers to spec.members: four of one weight survive the loss of one",
            )
            continue  # then every domain holds more than f, which says nothing more
        found = [*_too_heavy(plan), *_as_placed(plan), *_as_it_runs(facts, plan)]
        yield from found
        if not found:
            told = f"no region, zone or host holds more than f = {quorum.faulty}"
            yield _CHECK.ok(subject, told)


def _too_heavy(plan: Plan) -> Iterator[Finding]:
    for node in plan.sealers:
        if plan.quorum.is_too_heavy(node.weight):
            yield _CHECK.warning(
                f"{plan.key.name}: {node.path}",
                f"it weighs {node.weight} of {plan.quorum.total_weight}, more than "
                f"f = {plan.quorum.faulty}: the chain stops with it",
                "lower its weight in spec.members, or raise those of others",
            )


def _as_placed(plan: Plan) -> Iterator[Finding]:
    for one in fault_domains(plan):
        if one.is_concentrated:
            yield _stops(plan, one, "is told to hold")


def _as_it_runs(facts: Facts, plan: Plan) -> Iterator[Finding]:
    pods, hosts = facts.namespace.pods, facts.cluster.hosts
    if isinstance(pods, Hidden):
        yield _CHECK.unknown(f"{plan.key.name}: hosts", pods.why)
        return
    placed = {one.kind: one.name for one in fault_domains(plan) if one.is_concentrated}
    known = {} if isinstance(hosts, Hidden) else {h["metadata"]["name"]: h for h in hosts}
    for one in domains_of(plan, _places(pods_by_node(pods, plan.key.name), known)):
        if one.is_concentrated and placed.get(one.kind) != one.name:
            yield _stops(plan, one, "runs")
    if isinstance(hosts, Hidden):
        yield _CHECK.unknown(f"{plan.key.name}: zones of its hosts", hosts.why)


def _places(pods: Mapping[str, JsonObject], hosts: Mapping[str, JsonObject]) -> Mapping[str, Place]:
    found = {}
    for node, pod in pods.items():
        name = str((pod.get("spec") or {}).get("nodeName") or "")
        labels = labels_of(hosts[name]) if name in hosts else {}
        found[node] = Place(labels.get(_REGION), labels.get(_ZONE), name or None)
    return found


def _stops(plan: Plan, one: FaultDomain, verb: str) -> Finding:
    names = ", ".join(_fields(one.kind))
    return _CHECK.warning(
        f"{plan.key.name}: {one.kind} {one.name}",
        f"it {verb} {one.weight} of {plan.quorum.total_weight}, more than "
        f"f = {plan.quorum.faulty}: the chain stops with it",
        f"spread the sealers further: {names}; kubectl consortium topology {plan.key.name} "
        f"--namespace {plan.key.namespace} shows them",
    )


def _fields(kind: DomainKind) -> Iterable[str]:
    if kind is DomainKind.HOST:
        return ("add hosts, or see why the pods are together: placement.nodeSelector, affinity",)
    return (f"placement.{kind} of the nodes in spec.members",)
