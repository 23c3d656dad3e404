"""Whether Services find an address, and nodes the one that their peers remember."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, ip_address, ip_network

from consortium_operator.chain.journal import Journal, JournalError
from consortium_operator.chain.plan import Plan
from consortium_operator.cli.doctor.facts import Facts, of_chain
from consortium_operator.cli.doctor.finding import Check, Finding
from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.kinds import JsonObject

_CHECK = Check("addresses")
_FEW = 32


def judge(facts: Facts) -> Iterator[Finding]:
    yield from _judge_ranges(facts)
    for plan in facts.namespace.planned:
        yield from _judge_kept(facts, plan)


def _judge_ranges(facts: Facts) -> Iterator[Finding]:
    ranges, taken = facts.cluster.ranges, facts.cluster.addresses
    if isinstance(ranges, Hidden) or isinstance(taken, Hidden):
        why = ranges.why if isinstance(ranges, Hidden) else str(getattr(taken, "why", ""))
        yield _CHECK.unknown("Service addresses", why)
        return
    missing = _services_to_come(facts)
    used = [one["metadata"]["name"] for one in taken]
    for cidr in sorted(text for one in ranges for text in one["spec"]["cidrs"]):
        yield _judge_range(cidr, _room(cidr, used), missing)


def _judge_range(cidr: str, room: int, missing: int) -> Finding:
    subject, told = f"Service range {cidr}", f"{room} addresses are free"
    fix = (
        "add a range: kubectl apply a ServiceCIDR (networking.k8s.io/v1), or remove Services that "
        "are no longer used"
    )
    if room < missing:
        return _CHECK.error(subject, f"{told}, and the chains here still need {missing}", fix)
    if room < missing + _FEW:
        return _CHECK.warning(subject, told, fix)
    return _CHECK.ok(subject, told)


def _room(cidr: str, used: Iterable[str]) -> int:
    network = ip_network(cidr)
    # Of IPv4 neither the first nor the last one is given away, of IPv6 not the first.
    unusable = 2 if isinstance(network, IPv4Network) else 1
    inside = sum(1 for one in used if ip_address(one) in network)
    return network.num_addresses - unusable - inside


def _services_to_come(facts: Facts) -> int:
    """How many Services the chains want that are not there, as far as that can be seen."""
    services = facts.namespace.services
    if isinstance(services, Hidden):
        return 0
    there = {_name(one) for one in services}
    wanted = {
        name
        for plan in facts.namespace.planned
        for name in (
            *(node.names.node for node in plan.nodes),
            *(member.names.rpc_service for member in plan.members),
        )
    }
    return len(wanted - there)


def _judge_kept(facts: Facts, plan: Plan) -> Iterator[Finding]:
    """That every Service has the address by which the journal remembers it."""
    maps, services, subject = facts.namespace.config_maps, facts.namespace.services, plan.key.name
    if isinstance(maps, Hidden) or isinstance(services, Hidden):
        why = maps.why if isinstance(maps, Hidden) else str(getattr(services, "why", ""))
        yield _CHECK.unknown(f"{subject}: kept addresses", why)
        return
    kept = _kept(maps, plan)
    found = {_name(one): one["spec"].get("clusterIP") for one in of_chain(services, subject)}
    owners = _owners(facts)
    bad = []
    for service, address in kept.items():
        if service in found and found[service] != address:
            bad.append(f"{service} has {found[service]}, and its peers remember {address}")
        elif service not in found and address in owners:
            bad.append(f"{service} is gone, and its address {address} is {owners[address]}'s")
    for message in bad:
        yield _CHECK.warning(
            f"{subject}: kept addresses",
            message,
            "nodes that cached the old address find the node again when they restart, one by one: "
            f"kubectl consortium restart {subject} MEMBER/NODE --namespace {plan.key.namespace}",
        )
    if not bad:
        yield _CHECK.ok(f"{subject}: kept addresses", f"{len(kept)} of {len(kept)} in place")


def _kept(maps: Iterable[JsonObject], plan: Plan) -> Mapping[str, str]:
    data = next((one.get("data") or {} for one in maps if _name(one) == plan.key.journal), {})
    try:
        entries = Journal.from_data(data).entries
    except JournalError:  # the chain's condition says so
        return {}
    wanted = {node.names.node for node in plan.nodes} | {m.names.rpc_service for m in plan.members}
    return {
        name: entry.cluster_ip
        for name, entry in entries.items()
        if entry.cluster_ip is not None and name in wanted
    }


def _owners(facts: Facts) -> Mapping[str, str]:
    """Address → the Service that has it, as the cluster keeps account."""
    taken = facts.cluster.addresses
    if isinstance(taken, Hidden):
        return {}
    parents = {_name(one): one["spec"].get("parentRef") or {} for one in taken}
    return {
        address: f"{one.get('namespace', '')}/{one.get('name', '')}"
        for address, one in parents.items()
    }


def _name(obj: JsonObject) -> str:
    return str(obj["metadata"]["name"])
