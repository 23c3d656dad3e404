"""config.genesis: made once from the founding members (`seal`), then only read (`Genesis.read`).

One canonical text: the same plan gives the same bytes, whatever the order of its members. It holds
every key whose default in the node differs from build_chain.sh's, and every key that we mean to
hold: keys that block 0 leaves out (web3.chain_id, executor.version, chain.block_limit) must still
be the same on all nodes, or they execute the same transaction differently.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from consortium_operator.api.fisco_bcos import Cryptography, FiscoBcos
from consortium_operator.chain.genesis import Founder, Seal, TamperedGenesis
from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.genesis_keys import GENESIS_KEYS
from consortium_operator.engines.fisco_bcos.key_table import boolean, layered
from consortium_operator.engines.fisco_bcos.sealed import SealedSettings, resolve
from consortium_operator.engines.fisco_bcos.version_number import Version
from consortium_operator.engines.fisco_bcos.versions import VERSIONS
from consortium_operator.engines.protocol import InvalidMaterial

_NODE_ID = re.compile(r"[0-9a-f]{128}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")

Values = Mapping[str, Mapping[str, str]]


def seal(plan: Plan, node_ids: Mapping[str, str], admin: str) -> Seal:
    """The founding of the planned chain. `node_ids`: node path → node id, of every sealer;
    `admin`: address of the first governor, needed with auth off too. Raises InvalidMaterial."""
    version = VERSIONS[plan.spec.version]
    settings = resolve(plan.spec.fisco_bcos, version)
    founders = _founders(plan, node_ids)
    values = _values(plan, settings, founders, _admin(plan, admin))
    text = ini.write("config.genesis.j2", layered(GENESIS_KEYS, version, values))
    return Seal(text, founders, settings.to_seal())


def _founders(plan: Plan, node_ids: Mapping[str, str]) -> tuple[Founder, ...]:
    """Sealers only: a node in no list gets no blocks, and observers join by a transaction."""
    founders = []
    paths: dict[str, str] = {}
    for node in plan.sealers:
        node_id = node_ids.get(node.path, "")
        # The node checks neither length nor uniqueness, and its quorum would count ghosts.
        if _NODE_ID.fullmatch(node_id) is None:
            raise InvalidMaterial(f"{node.path} has no node id of 128 lower-case hex digits")
        if node_id in paths:
            raise InvalidMaterial(f"{paths[node_id]} and {node.path} have one node id")
        paths[node_id] = node.path
        founders.append(Founder(node.member, node.name, node_id, node.weight))
    if not founders:
        raise InvalidMaterial("a genesis needs at least one sealer")
    return tuple(sorted(founders))


def _admin(plan: Plan, admin: str) -> str:
    account = plan.spec.fisco_bcos.executor.auth_admin_account or admin
    if _ADDRESS.fullmatch(account) is None:
        raise InvalidMaterial("the first governor's address must be 0x and 40 hex digits")
    return account


def _values(
    plan: Plan, settings: SealedSettings, founders: tuple[Founder, ...], admin: str
) -> Values:
    spec = plan.spec.fisco_bcos
    return {
        "chain": {
            "sm_crypto": boolean(spec.cryptography is Cryptography.SM),
            "group_id": spec.group_id,
            "chain_id": plan.spec.chain_id,
            "block_limit": str(spec.genesis.block_limit),
        },
        "web3": {"chain_id": settings.web3_chain_id},
        "consensus": _consensus(spec) | _nodes(founders),
        "version": {"compatibility_version": settings.compatibility_version},
        "tx": {"gas_limit": str(spec.genesis.gas_limit)},
        "executor": {
            "is_wasm": boolean(spec.executor.wasm),
            "is_auth_check": boolean(spec.executor.auth_check),
            "auth_admin_account": admin,
            "is_serial_execute": boolean(spec.executor.serial),
            "version": settings.executor_version,
        },
        "features": dict.fromkeys(_in_node_order(plan), boolean(True)),
    }


def _consensus(spec: FiscoBcos) -> dict[str, str]:
    return {
        "consensus_type": spec.consensus.type.value.lower(),
        "block_tx_count_limit": str(spec.consensus.block_tx_count_limit),
        "leader_period": str(spec.consensus.leader_period),
        "epoch_sealer_num": str(spec.consensus.epoch_sealer_num),
        "epoch_block_num": str(spec.consensus.epoch_block_num),
    }


def _nodes(founders: tuple[Founder, ...]) -> dict[str, str]:
    """In the order in which the node sorts them: by node id."""
    ordered = sorted(founders, key=lambda founder: founder.node_id)
    return {f"node.{i}": f"{f.node_id}: {f.weight}" for i, f in enumerate(ordered)}


def _in_node_order(plan: Plan) -> list[str]:
    """Block 0 holds the features in the order of the file; ours is the node's own."""
    wanted = plan.spec.fisco_bcos.genesis.features
    return [flag for flag in VERSIONS[plan.spec.version].features if flag in wanted]


@dataclass(frozen=True, slots=True)
class Genesis:
    """A config.genesis as the node reads it, with the node's own defaults where a key is absent.

    `sealers`: (node id, weight) in the node's order. `features`: (flag, on) in the file's order.
    """

    sm_crypto: bool
    group_id: str
    chain_id: str
    block_limit: int
    web3_chain_id: str
    consensus_type: str
    block_tx_count_limit: int
    leader_period: int
    epoch_sealer_num: int
    epoch_block_num: int
    sealers: tuple[tuple[str, int], ...]
    compatibility_version: Version
    gas_limit: int
    is_wasm: bool
    is_auth_check: bool
    auth_admin_account: str
    is_serial_execute: bool
    executor_version: int
    features: tuple[tuple[str, bool], ...]

    @classmethod
    def read(cls, text: str) -> "Genesis":
        """Raises TamperedGenesis where the text is none that we could have sealed."""
        return _of(text)


@lru_cache(maxsize=256)
def _of(text: str) -> Genesis:
    """Every round of a chain asks for its genesis several times, and it never changes."""
    try:
        return _read(ini.parse(text))
    except ValueError as error:
        raise TamperedGenesis(f"config.genesis: {error}") from error


def _read(sections: Mapping[str, Mapping[str, str]]) -> Genesis:
    def value(section: str, name: str) -> str:
        key = GENESIS_KEYS.key(section, name)
        assert key is not None
        found = sections.get(section, {}).get(name)
        complaint = None if found is None else key.kind.complaint(found)
        if complaint is not None:
            raise ValueError(f"{section}.{name} {complaint}")
        return found if found is not None else key.code or ""

    def number(section: str, name: str) -> int:
        return int(value(section, name))

    def flag(section: str, name: str) -> bool:
        return value(section, name) == boolean(True)

    return Genesis(
        sm_crypto=flag("chain", "sm_crypto"),
        group_id=value("chain", "group_id"),
        chain_id=value("chain", "chain_id"),
        block_limit=number("chain", "block_limit"),
        web3_chain_id=value("web3", "chain_id"),
        consensus_type=value("consensus", "consensus_type"),
        block_tx_count_limit=number("consensus", "block_tx_count_limit"),
        leader_period=number("consensus", "leader_period"),
        epoch_sealer_num=number("consensus", "epoch_sealer_num"),
        epoch_block_num=number("consensus", "epoch_block_num"),
        sealers=_sealers(sections.get("consensus", {})),
        compatibility_version=Version.parse(value("version", "compatibility_version")),
        gas_limit=number("tx", "gas_limit"),
        is_wasm=flag("executor", "is_wasm"),
        is_auth_check=flag("executor", "is_auth_check"),
        auth_admin_account=value("executor", "auth_admin_account"),
        is_serial_execute=flag("executor", "is_serial_execute"),
        executor_version=number("executor", "version"),
        features=tuple((k, flag("features", k)) for k in sections.get("features", {})),
    )


def _sealers(consensus: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Every key that begins with "node.", sorted by id (NodeConfig.cpp, parseConsensusNodeList)."""
    key = GENESIS_KEYS.key("consensus", "node.0")
    assert key is not None
    found = []
    for name, entry in consensus.items():
        if not key.stands_for(name):
            continue
        complaint = key.kind.complaint(entry)
        if complaint is not None:
            raise ValueError(f"consensus.{name} {complaint}")
        node_id, _, weight = entry.partition(":")
        found.append((node_id, int(weight)))
    if not found:
        raise ValueError("it names no sealer")
    return tuple(sorted(found))
