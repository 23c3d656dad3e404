"""nodes.json: the list of endpoints a node dials.

Names are resolved once, here; the dialling loop only sees addresses. One bad entry stops the whole
node at the start; on SIGUSR1 it leaves the old list in place.
"""

from __future__ import annotations

import ipaddress
import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

from consortium_sandbox.node.failure import StartFailed, invalid_parameter

Endpoint = tuple[str, int]
Resolver = Callable[[str], str | None]


def system_resolver(name: str) -> str | None:
    """The first address that the system's resolver gives for a name, or None."""
    try:
        found = socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return str(found[0][4][0]) if found else None


def load_peers(path: str) -> frozenset[Endpoint]:
    """Read nodes.json. Raises StartFailed with the node's text."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        content = b""
    if not content:
        raise invalid_parameter(f"initP2PConfig: unable to read nodes json file, path={path}")
    return parse_peers(content, system_resolver)


def parse_peers(content: bytes, resolve: Resolver) -> frozenset[Endpoint]:
    try:
        document = json.loads(content)
    except ValueError:
        raise invalid_parameter("GatewayConfig: unable to parse p2p connected nodes json") from None
    nodes = document.get("nodes") if isinstance(document, dict) else None
    if not isinstance(nodes, list):
        return frozenset()
    return frozenset(parse_endpoint(_as_text(node), resolve) for node in nodes)


def parse_endpoint(host: str, resolve: Resolver) -> Endpoint:
    """`ip:port`, `[ip6]:port` or `name:port`."""
    parts = re.split(r"\]+", host)
    if len(parts) == 2:
        address, port = parts[0][1:], _port(parts[1][1:])
    elif len(parts) == 1:
        fields = re.split(r":+", host)
        if len(fields) < 2:
            raise invalid_parameter(f"GatewayConfig: invalid host , host={host}")
        address, port = fields[0], _port(fields[1])
    else:
        raise invalid_parameter(f"GatewayConfig: the host is invalid, host={host}")
    if port <= 1024:
        raise invalid_parameter(f"GatewayConfig: the port is invalid, port={port}")
    return _address(address, host, resolve), port


def _address(address: str, host: str, resolve: Resolver) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        found = resolve(address)
    if found is None:
        raise invalid_parameter(
            f"GatewayConfig: the host is not a valid ip or a hostname, host={host}"
        )
    return found


def _port(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**31) <= int(text) < 2**31:
        raise StartFailed(
            "bad lexical cast: source type value could not be interpreted as target",
            kind="boost::bad_lexical_cast",
        )
    return int(text) & 0xFFFF  # The node stores 16 bits: 70000 silently becomes 4464.


def _as_text(node: object) -> str:
    if isinstance(node, (dict, list)):
        raise StartFailed("Value is not convertible to string.", kind="Json::LogicError")
    return "" if node is None else str(node)
