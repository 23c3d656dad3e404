"""Where nodes run outside a cluster: on which host, in which directory, on which ports.

As build_chain.sh has it: node N of a host gets the first port plus N, and its directory is
`<host>/node<N>`. Nodes come in the plan's order, so member by member, and fill the hosts as they
were named.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from consortium_operator.chain.files import Port
from consortium_operator.chain.plan import PlannedNode

LEAST_PORT, LAST_PORT = 1025, 65535
"""What a node takes, as its own port and as a peer's (GatewayConfig.cpp)."""
EPHEMERAL = range(32768, 61000)
"""Linux gives these to outgoing connections, also to those of another node."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_WITH_COUNT = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(:(?P<count>[^:]*))?")


class NoPlace(ValueError):
    """Nodes cannot be placed as wanted. `reasons` says all that is wrong, each with the fix."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Host:
    """`address`: an IP address or a name, without brackets. `count`: how many nodes it gets, or
    None for its share of those that are left."""

    address: str
    count: int | None = None

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.address

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            return self.address == "localhost"


@dataclass(frozen=True, slots=True)
class Place:
    """One node's. `number`: N of its directory; `ports`: by name, of all that it listens on."""

    host: Host
    number: int
    ports: Mapping[str, int]

    @property
    def directory(self) -> str:
        return f"{self.host.address}/node{self.number}"

    def endpoint(self, port: str) -> str:
        """As nodes.json writes it; an IPv6 address stands in brackets."""
        host = f"[{self.host.address}]" if self.host.is_ipv6 else self.host.address
        return f"{host}:{self.ports[port]}"


def parse_host(text: str) -> Host:
    """HOST or HOST:COUNT; an IPv6 address stands in brackets. Raises NoPlace."""
    if "," in text:
        raise NoPlace(f"{text!r}: name one host each time, HOST:COUNT")
    found = _WITH_COUNT.fullmatch(text.strip())
    if found is None:
        raise NoPlace(f"{text!r} is no HOST:COUNT; an IPv6 address stands in brackets, [::1]:4")
    count = found["count"]
    if count is not None and not re.fullmatch(r"[1-9][0-9]{0,3}", count):
        raise NoPlace(f"{text!r}: the count of nodes must be a number of at least 1")
    return Host(_address(found["host"]), None if count is None else int(count))


def _address(text: str) -> str:
    """In its one spelling, so that two spellings of a host are seen to be one."""
    is_ip = text.startswith("[") or text.rpartition(".")[2].isdecimal()
    if not is_ip:
        name = text.lower()
        labels = name.split(".")
        if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
            raise NoPlace(f"{text!r} is neither an IP address nor the name of a host")
        return name
    try:
        found = (ipaddress.IPv6Address if text.startswith("[") else ipaddress.IPv4Address)(
            text.strip("[]")
        )
    except ValueError:
        raise NoPlace(f"{text!r} is no IP address") from None
    if found.is_unspecified or found.is_multicast or getattr(found, "scope_id", None):
        raise NoPlace(f"{text!r} is no address that a node could be reached at")
    return str(found)


def place_nodes(
    nodes: Sequence[PlannedNode], hosts: Sequence[Host], ports: Sequence[Port]
) -> dict[str, Place]:
    """Node path → place, in the order of `nodes`. `ports`: the first one of each kind.

    Raises NoPlace.
    """
    twice = [address for address, n in Counter(h.address for h in hosts).items() if n > 1]
    if twice:
        raise NoPlace(
            *(f"{address} is named twice: name it once, with its count" for address in twice)
        )
    counted = _with_counts(hosts, len(nodes))
    wrong = tuple(reason for host in counted for reason in _wrong_ports(host, ports))
    if wrong:
        raise NoPlace(*wrong)
    slots = (
        Place(host, number, {port.name: port.number + number for port in ports})
        for host in counted
        for number in range(host.count or 0)
    )
    return {node.path: slot for node, slot in zip(nodes, slots, strict=True)}


def _with_counts(hosts: Sequence[Host], nodes: int) -> list[Host]:
    given = sum(host.count or 0 for host in hosts)
    open_hosts = [host for host in hosts if host.count is None]
    left = nodes - given
    if left < 0 or (left > 0 and not open_hosts):
        raise NoPlace(
            f"the chain has {nodes} nodes, and the hosts have room for {given}: "
            f"the counts must add up to {nodes}"
        )
    if not open_hosts:
        return list(hosts)
    share, rest = divmod(left, len(open_hosts))
    if rest or not share:
        raise NoPlace(
            f"{left} nodes are left for {len(open_hosts)} hosts without a count: "
            "say how many each gets, HOST:COUNT"
        )
    return [replace(host, count=share) if host.count is None else host for host in hosts]


def _wrong_ports(host: Host, ports: Sequence[Port]) -> Iterator[str]:
    last = (host.count or 1) - 1
    for port in ports:
        if not LEAST_PORT <= port.number <= LAST_PORT:
            yield f"the {port.name} port {port.number} must be {LEAST_PORT} to {LAST_PORT}"
        elif port.number + last > LAST_PORT:
            yield (
                f"{host.count} nodes on {host.address} would need the {port.name} ports "
                f"{port.number} to {port.number + last}: the last one there is is {LAST_PORT}"
            )
    for one, other in combinations(ports, 2):
        if abs(one.number - other.number) <= last:
            yield (
                f"{host.count} nodes on {host.address} would use some ports twice: the {one.name} "
                f"ports begin at {one.number}, the {other.name} ports at {other.number}"
            )


def cautions(places: Mapping[str, Place]) -> list[str]:
    """What can be, but will hardly work, in words."""
    hosts = list(dict.fromkeys(place.host for place in places.values()))
    found = [
        f"{host.address} can be reached from its own machine only, and the nodes on "
        f"{next(o for o in hosts if o != host).address} must dial it"
        for host in hosts
        if host.is_loopback and len(hosts) > 1
    ]
    used = sorted({port for place in places.values() for port in place.ports.values()})
    taken = [port for port in used if port in EPHEMERAL]
    if taken:
        found.append(
            f"port {taken[0]} is one of those that Linux gives to outgoing connections "
            f"({EPHEMERAL[0]} to {EPHEMERAL[-1]}): a node may find it taken"
        )
    return found
