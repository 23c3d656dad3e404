"""config.genesis, config.ini and nodes.json, as a node would read them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from consortium_operator.chain.genesis import TamperedGenesis
from consortium_operator.chain.inspected import Inspected
from consortium_operator.chain.quorum import Quorum
from consortium_operator.chain.standalone import LAST_PORT, LEAST_PORT
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.block0 import block0_text
from consortium_operator.engines.fisco_bcos.config_keys import CONFIG_KEYS
from consortium_operator.engines.fisco_bcos.genesis import Genesis
from consortium_operator.engines.fisco_bcos.key_table import Table
from consortium_operator.engines.fisco_bcos.overlay import nearest

Sections = Mapping[str, Mapping[str, str]]

GENESIS, CONFIG, PEERS = "genesis", "node settings", "peers"

_NODE_ID_LENGTH = 128


def inspect_genesis(path: str, text: str) -> Inspected:
    facts: dict[str, Any] = {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    try:
        genesis = Genesis.read(text)
        block0 = block0_text(genesis)
    except TamperedGenesis as error:
        return Inspected(path, GENESIS, facts | {"text": text}, (str(error),))
    total = Quorum(sum(weight for _, weight in genesis.sealers))
    facts |= {
        "chainId": genesis.chain_id,
        "groupId": genesis.group_id,
        "cryptography": "SM" if genesis.sm_crypto else "Standard",
        "consensus": genesis.consensus_type,
        "compatibilityVersion": str(genesis.compatibility_version),
        "authCheck": genesis.is_auth_check,
        "authAdminAccount": genesis.auth_admin_account,
        "quorum": {
            "totalWeight": total.total_weight,
            "required": total.required,
            "mayFail": total.faulty,
        },
        "sealers": [{"nodeId": node_id, "weight": weight} for node_id, weight in genesis.sealers],
        "block0Sha256": hashlib.sha256(block0.encode()).hexdigest(),
        "block0": block0,
        "text": text,
    }
    return Inspected(path, GENESIS, facts, tuple(_sealer_problems(genesis.sealers, total)))


def _sealer_problems(sealers: Sequence[tuple[str, int]], total: Quorum) -> Iterator[str]:
    """A node counts ghosts without a word: it checks neither the length nor that ids differ."""
    for node_id, count in Counter(node_id for node_id, _ in sealers).items():
        if count > 1:
            yield f"node {node_id[:12]}… stands {count} times, and counts each time"
        if len(node_id) != _NODE_ID_LENGTH:
            yield f"node id {node_id[:12]}… has {len(node_id)} digits instead of {_NODE_ID_LENGTH}"
    if total.faulty == 0:
        yield "no sealer may fail: four of one weight are needed for one to fail"
        return
    for node_id, weight in sealers:
        if total.is_too_heavy(weight):
            yield f"node {node_id[:12]}… alone stops the chain: its weight {weight} is above f"


def inspect_config(path: str, sections: Sections) -> Inspected:
    def value(section: str, key: str) -> str | None:
        found = sections.get(section, {}).get(key)
        if found is not None:
            return found
        known = CONFIG_KEYS.key(section, key)
        return known.code if known is not None else None

    wanted = {
        "p2p": ("listen_ip", "listen_port", "sm_ssl", "nodes_path", "nodes_file"),
        "rpc": ("listen_ip", "listen_port", "sm_ssl", "enable_ssl", "disable_ssl"),
        "web3_rpc": ("enable", "listen_ip", "listen_port"),
        "cert": ("ca_path", "ca_cert", "node_cert", "node_key", "multi_ca_path"),
        "security": ("private_key_path",),
        "storage": ("data_path", "type", "key_page_size"),
        "log": ("enable_console_output", "log_path", "level"),
    }
    facts: dict[str, Any] = {
        section: {key: found for key in keys if (found := value(section, key)) is not None}
        for section, keys in wanted.items()
    }
    lists = {"denied": "certificate_blacklist", "allowed": "certificate_whitelist"}
    facts |= {name: len(sections.get(section, {})) for name, section in lists.items()}
    return Inspected(path, CONFIG, facts, tuple(_complaints(sections, CONFIG_KEYS)))


def _complaints(sections: Sections, table: Table) -> Iterator[str]:
    """A node reads a bad value as its default, and passes over a key that it does not know."""
    for section, keys in sections.items():
        known = table.section(section)
        if known is None:
            names = [one.name for one in table.sections]
            yield f"[{section}] is no section; the nearest is [{nearest(section, names)}]"
            continue
        for name, value in keys.items():
            key = table.key(section, name)
            if key is None:
                names = [one.name for one in known.keys]
                yield f"{section}.{name} is no key; the nearest is {nearest(name, names)}"
            elif value and (complaint := key.kind.complaint(value)) is not None:
                yield f"{section}.{name} {complaint}"


def inspect_peers(path: str, text: str) -> Inspected:
    try:
        nodes = json.loads(text).get("nodes")
    except (ValueError, AttributeError, RecursionError):
        return Inspected(path, PEERS, {}, ("it is no JSON object: a node refuses to start",))
    if not isinstance(nodes, list):
        return Inspected(path, PEERS, {"nodes": []}, ('"nodes" is no list: no peer is dialled',))
    shown = [str(one) for one in nodes]
    problems = tuple(problem for one in shown for problem in _peer_problems(one))
    twice = sorted(one for one, count in Counter(shown).items() if count > 1)
    return Inspected(
        path, PEERS, {"nodes": shown}, (*problems, *(f"{one} stands twice" for one in twice))
    )


def _peer_problems(entry: str) -> Iterator[str]:
    """One bad entry stops the node (GatewayConfig.cpp)."""
    host, colon, port = entry.rpartition(":")
    if not colon or not host or not port.isdecimal():
        yield f"{entry} is no host:port: a node refuses to start"
    elif ":" in host and not (host.startswith("[") and host.endswith("]")):
        yield f"{entry}: an IPv6 address stands in brackets"
    elif not LEAST_PORT <= int(port) <= LAST_PORT:
        yield f"{entry}: the port must be {LEAST_PORT} to {LAST_PORT}"


def kind_of(path: str, text: str) -> tuple[str, Sections] | None:
    """Which of the two INI files it is, by its sections; by its name where it cannot be read.
    None where it is neither."""
    name = path.rpartition("/")[2].rpartition(":")[2]
    try:
        sections = ini.parse(text)
    except ini.InvalidIni:
        named = {"config.genesis": GENESIS, "config.ini": CONFIG}.get(name)
        return (named, {}) if named is not None else None
    if any(key.startswith("node.") for key in sections.get("consensus", {})):
        return GENESIS, sections
    is_config = {"p2p", "rpc"} & sections.keys() or name == "config.ini"
    return (CONFIG, sections) if is_config else None
