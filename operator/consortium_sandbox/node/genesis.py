"""config.genesis: what it may hold, the text of block 0, and the node's "genesis hash".

Block 0 has no time and no randomness: its `extraData` is a text made from this file, compared at
every later start. The text here is built byte for byte as the node builds it
(NodeConfig.cpp, generateGenesisData).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from consortium_sandbox.node import versions
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.ini import BadValue, Tree, bad_data, to_bool
from consortium_sandbox.node.releases import Release
from consortium_sandbox.node.suite import Suite, suite_of

_MAX_BLOCK_LIMIT = 5000
_MIN_GAS_LIMIT = 100_000


@dataclass(frozen=True, order=True)
class FoundingSealer:
    """A line `node.N=<id>[:weight[:term weight]]`; sorted by id, whatever the order in the file."""

    node_id: str
    weight: int
    term_weight: int = 0


@dataclass(frozen=True)
class ChainIdentity:
    """[chain]: in config.genesis, or in config.ini where the chain is older than 3.1."""

    sm_crypto: bool
    group_id: str
    chain_id: str
    block_limit: int


@dataclass(frozen=True)
class ExecutorFlags:
    """[executor]"""

    wasm: bool
    auth_check: bool
    serial: bool
    version: int
    admin: str


@dataclass(frozen=True)
class Genesis:
    """All of config.genesis."""

    chain: ChainIdentity
    web3_chain_id: str
    consensus_type: str
    tx_count_limit: int
    gas_limit: int
    epoch_sealers: int
    epoch_blocks: int
    sealers: tuple[FoundingSealer, ...]
    compatibility: int
    executor: ExecutorFlags
    features: tuple[tuple[str, bool], ...]

    @property
    def suite(self) -> Suite:
        return suite_of(self.chain.sm_crypto)

    @property
    def compatibility_text(self) -> str:
        return versions.to_text(self.compatibility)

    def block_zero_text(self) -> str:
        """The extraData of block 0."""
        if self.compatibility >= versions.V3_1:
            return self._sections_text()
        return self._dashes_text()

    def genesis_hash(self, header_hash: bytes, *, executed_again: bool) -> bytes:
        """What getBlockHashByNumber(0) and getSyncStatus call the genesis hash.

        With executor version 0 it is the header's hash. With version 1 (build_chain's default) it
        depends only on the five values below, and executing block 0 anew, which every start does
        while the height is 0, gives another one: so was it seen on 3.16.4. The real digest is one
        of the executed state and cannot be rebuilt here; these bytes are the stand-in's own.
        """
        if self.executor.version == 0:
            return header_hash
        values = [
            self.chain.chain_id,
            self.chain.group_id,
            self.executor.admin,
            self.executor.auth_check,
            self.compatibility_text,
            executed_again,
        ]
        return self.suite.hash(json.dumps(values).encode())

    def _sections_text(self) -> str:
        chain, executor = self.chain, self.executor
        lines = [
            "[chain]",
            f"sm_crypto:{chain.sm_crypto:d}",
            f"chainID: {chain.chain_id}",
            f"grouID: {chain.group_id}",
            "[consensys]",
            f"consensus_type: {self.consensus_type}",
            f"block_tx_count_limit:{self.tx_count_limit}",
            # Always 1: the node parses consensus.leader_period and then forgets it.
            "leader_period:1",
            "[version]",
            f"compatibility_version:{self.compatibility_text}",
            "[tx]",
            f"gaslimit:{self.gas_limit}",
            "[executor]",
            f"iswasm: {executor.wasm:d}",
            f"isAuthCheck:{executor.auth_check:d}",
            f"authAdminAccount:{executor.admin}",
            f"isSerialExecute:{executor.serial:d}",
        ]
        if self.compatibility >= versions.V3_5:
            lines += [f"epochSealerNum:{self.epoch_sealers}", f"epochBlockNum:{self.epoch_blocks}"]
        if self.features:
            lines += ["[features]", *(f"{flag}:{on:d}" for flag, on in self.features)]
        lines += [f"node.{i}:{s.node_id},{s.weight}" for i, s in enumerate(self.sealers)]
        return "\n".join(lines) + "\n"

    def _dashes_text(self) -> str:
        executor = self.executor
        values = [
            self.tx_count_limit,
            1,
            self.gas_limit,
            self.compatibility_text,
            int(executor.wasm),
            int(executor.auth_check),
            executor.admin,
            int(executor.serial),
        ]
        nodes = "".join(f"{sealer.node_id},{sealer.weight};" for sealer in self.sealers)
        return "-".join(str(value) for value in values) + nodes


def read_genesis(tree: Tree, config: Tree, release: Release) -> Genesis:
    """Read config.genesis in the node's order; `config` is config.ini, for chains before 3.1."""
    tree = release.as_read(tree)
    compatibility = versions.to_number(tree.text("version.compatibility_version", "3.0.0-rc4"))
    chain = _chain(tree) if compatibility >= versions.V3_1 else None
    web3_chain_id = tree.text("web3.chain_id", "0")
    if not re.fullmatch(r"[0-9]+", web3_chain_id):
        raise StartFailed("The web3ChainId must be number string")
    features = _features(tree, release)
    consensus_type = _consensus_type(tree)
    tx_count_limit, gas_limit = _limits(tree)
    sealers = _sealers(tree)
    rpbft = consensus_type == "rpbft"
    if tree.checked_integer("consensus.leader_period", "1") <= 0:
        raise StartFailed("Please set consensus.leader_period to positive!")
    executor = _executor(tree, compatibility)
    return Genesis(
        chain=chain or _chain(config),
        web3_chain_id=web3_chain_id,
        consensus_type=consensus_type,
        tx_count_limit=tx_count_limit,
        gas_limit=gas_limit,
        epoch_sealers=tree.unsigned("consensus.epoch_sealer_num", 4) if rpbft else 4,
        epoch_blocks=tree.unsigned("consensus.epoch_block_num", 1000) if rpbft else 1000,
        sealers=sealers,
        compatibility=compatibility,
        executor=executor,
        features=features,
    )


def _chain(tree: Tree) -> ChainIdentity:
    chain_id = tree.text("chain.chain_id", "chain")
    if not re.fullmatch(r"[A-Za-z0-9]*", chain_id):
        raise StartFailed("The chainId must be number or digit")
    block_limit = tree.checked_integer("chain.block_limit", "1000")
    if not 0 < block_limit <= _MAX_BLOCK_LIMIT:
        raise StartFailed(
            f"Please set chain.block_limit to positive and less than {_MAX_BLOCK_LIMIT} !"
        )
    return ChainIdentity(
        sm_crypto=tree.boolean("chain.sm_crypto", False),
        group_id=tree.text("chain.group_id", "group"),
        chain_id=chain_id,
        block_limit=block_limit,
    )


def _features(tree: Tree, release: Release) -> tuple[tuple[str, bool], ...]:
    features = []
    for flag, text in tree.section("features").items():
        try:
            value = to_bool(text)
        except BadValue:
            raise bad_data("b") from None
        if flag not in release.flags:
            # The real exception carries no text: only the type names the trouble.
            raise StartFailed("std::exception", kind="bcos::ledger::NoSuchFeatureError")
        features.append((flag, value))
    return tuple(features)


def _consensus_type(tree: Tree) -> str:
    kind = tree.text("consensus.consensus_type", "pbft")
    if kind not in ("pbft", "rpbft"):
        raise StartFailed("consensus.consensus_type is illegal, it must be pbft or rpbft!")
    return kind


def _limits(tree: Tree) -> tuple[int, int]:
    count = tree.checked_integer("consensus.block_tx_count_limit", "1000")
    if count <= 0:
        raise StartFailed("Please set consensus.block_tx_count_limit to positive!")
    gas = tree.checked_integer("tx.gas_limit", "3000000000")
    if gas <= _MIN_GAS_LIMIT:
        raise StartFailed(f"Please set tx.gas_limit to more than {_MIN_GAS_LIMIT} !")
    return count, gas


def _sealers(tree: Tree) -> tuple[FoundingSealer, ...]:
    sealers = [
        _sealer(value)
        for key, value in tree.section("consensus").items()
        if key.startswith("node.")
    ]
    if not sealers:
        raise StartFailed("Must set sealerList!")
    return tuple(sorted(sealers))


def _sealer(value: str) -> FoundingSealer:
    fields = value.split(":")
    node_id = fields[0].lower()
    weight = _weight(fields[1]) if len(fields) > 1 else 1
    term_weight = _weight(fields[2]) if len(fields) > 2 else 0
    if weight <= 0 or term_weight < 0:
        raise StartFailed(f"Please set weight for {node_id} to positive!")
    if not re.fullmatch(r"[0-9a-f]*", node_id):
        raise StartFailed("std::exception", kind="boost::algorithm::non_hex_input")
    if len(node_id) % 2:
        raise StartFailed("std::exception", kind="boost::algorithm::not_enough_input")
    return FoundingSealer(node_id, weight, term_weight)


def _weight(text: str) -> int:
    text = text.strip()
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**63) <= int(text) < 2**63:
        raise StartFailed(
            "bad lexical cast: source type value could not be interpreted as target",
            kind="boost::bad_lexical_cast",
        )
    return int(text)


def _executor(tree: Tree, compatibility: int) -> ExecutorFlags:
    flags = ExecutorFlags(
        wasm=tree.boolean("executor.is_wasm", False),
        auth_check=tree.boolean("executor.is_auth_check", False),
        serial=tree.boolean("executor.is_serial_execute", False),
        version=tree.integer("executor.version", 0),
        admin=tree.text("executor.auth_admin_account", ""),
    )
    if compatibility >= versions.V3_1 and flags.wasm and not flags.serial:
        raise StartFailed(
            "loadExecutorConfig wasm only support serial executing, "
            "please set is_serial_execute to true"
        )
    if compatibility >= versions.V3_1 and flags.wasm and flags.auth_check:
        raise StartFailed(
            "loadExecutorConfig auth only support solidity, "
            "please set is_auth_check to false or set is_wasm to false"
        )
    if not flags.admin and (flags.auth_check or compatibility >= versions.V3_3):
        raise StartFailed(
            "executor.auth_admin_account is null, please set correct auth_admin_account"
        )
    return flags


def check_supported(genesis: Genesis, release: Release, *, founded: bool) -> None:
    """A genesis newer than the binary (Ledger.cpp): only found out when block 0 is at hand."""
    if genesis.compatibility <= release.max_version:
        return
    version = genesis.compatibility_text
    if founded:
        raise versions.BadVersion(
            f"Current genesis compatibilityVersion is {version}, No support this version"
        )
    raise versions.BadVersion(
        f"The genesis compatibilityVersion is {version}, high than support maxVersion"
    )
