"""The chain's state: a flat map of text, and typed access to the two tables that matter here.

A block is executed on an overlay; its changes are merged when the block is committed, or dropped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from consortium_sandbox.node import versions
from consortium_sandbox.node.block_zero import makes_committee
from consortium_sandbox.node.genesis import Genesis
from consortium_sandbox.node.pbft.committee import Committee, Sealer
from consortium_sandbox.node.releases import Release

SEALER, OBSERVER = "consensus_sealer", "consensus_observer"
CANDIDATE = "consensus_candidate_sealer"
RAW_ADDRESS = "feature_raw_address"
Changes = dict[str, str]


@dataclass(frozen=True, order=True)
class Member:
    """A node in one of the lists. `since` is the first block it counts in."""

    node_id: str
    kind: str
    weight: int
    term_weight: int
    since: int


@dataclass(frozen=True)
class Setting:
    """A system configuration value and the block from which it holds."""

    value: str
    since: int


class Readable(Protocol):
    """What a state may lie on: a dict or another state."""

    def get(self, key: str, /) -> str | None: ...


class State:
    """A map with changes on top. Reading sees the changes."""

    def __init__(self, base: Readable) -> None:
        self._base = base
        self.changes: Changes = {}

    def get(self, key: str) -> str | None:
        return self.changes[key] if key in self.changes else self._base.get(key)

    def put(self, key: str, value: str) -> None:
        self.changes[key] = value

    def overlay(self) -> State:
        """A state whose changes can be taken over or dropped."""
        return State(self)

    def take_over(self, other: State) -> None:
        self.changes |= other.changes

    # --- members -----------------------------------------------------------------------------

    def members(self) -> list[Member]:
        """All lists together, sorted by node id."""
        return [Member(*fields) for fields in json.loads(self.get("members") or "[]")]

    def set_members(self, members: list[Member]) -> None:
        fields = [[m.node_id, m.kind, m.weight, m.term_weight, m.since] for m in sorted(members)]
        self.put("members", json.dumps(fields))

    def committee(self) -> Committee:
        """Those who vote. Where the last working sealer became a candidate, the first candidate."""
        members = self.members()
        working = [m for m in members if m.kind == SEALER]
        voting = working or [m for m in members if m.kind == CANDIDATE][:1]
        return Committee.of(Sealer(member.node_id, member.weight) for member in voting)

    # --- system configuration ------------------------------------------------------------------

    def setting(self, key: str) -> Setting | None:
        found = self.get(f"config/{key}")
        return None if found is None else Setting(*json.loads(found))

    def set_setting(self, key: str, value: str, since: int) -> None:
        self.put(f"config/{key}", json.dumps([value, since]))

    def compatibility(self) -> int:
        found = self.setting("compatibility_version")
        return versions.to_number(found.value) if found else versions.RC4

    def auth_is_on(self) -> bool:
        """What block 0 of an older chain does not hold, executor 0 takes from the file."""
        found = self.setting("auth_check_status")
        return self.get("auth-by-file") == "1" if found is None else found.value != "0"

    def has_feature(self, flag: str, number: int | None = None) -> bool:
        """Whether a flag is set and, where a block is given, holds in that block."""
        found = self.setting(flag)
        if found is None or found.value != "1":
            return False
        return number is None or found.since <= number


def genesis_changes(genesis: Genesis, release: Release) -> Changes:
    """What block 0 writes (Ledger.cpp, buildGenesisBlock)."""
    state, settings = State({}), _founding_settings(genesis, release)
    for key, value in settings.items():
        state.set_setting(key, value, 0)
    working = {s.node_id for s in genesis.sealers}
    if genesis.consensus_type == "rpbft" and genesis.compatibility >= versions.V3_5:
        working = set(_first_working(genesis))
    state.set_members(
        [
            Member(
                s.node_id,
                SEALER if s.node_id in working else CANDIDATE,
                s.weight,
                s.term_weight,
                0,
            )
            for s in {s.node_id: s for s in genesis.sealers}.values()
        ]
    )
    # A node starts without it all the same.
    if makes_committee(genesis, {key for key in settings if settings[key] == "1"}, release):
        state.put("governors", json.dumps({genesis.executor.admin.lower().removeprefix("0x"): 1}))
    by_file = genesis.executor.auth_check and genesis.executor.version == 0
    state.put("auth-by-file", str(int(by_file)))
    is_raw = genesis.executor.version > 0 and state.has_feature(RAW_ADDRESS)
    state.put("committee-is-raw", str(int(is_raw)))
    return state.changes


def _first_working(genesis: Genesis) -> list[str]:
    """The sealers of the first epoch: a shuffle by the hashes of the node ids (Ledger.cpp)."""
    ids = [sealer.node_id for sealer in genesis.sealers]
    if len(ids) > genesis.epoch_sealers:
        for last in range(len(ids) - 1, 0, -1):
            digest = genesis.suite.hash(bytes.fromhex(ids[last]))
            chosen = int.from_bytes(digest, "big") % (last + 1)
            ids[last], ids[chosen] = ids[chosen], ids[last]
    return ids[: genesis.epoch_sealers]


def _founding_settings(genesis: Genesis, release: Release) -> dict[str, str]:
    settings = dict.fromkeys(release.founding_flags(genesis.compatibility), "1")
    settings |= {
        "tx_count_limit": str(genesis.tx_count_limit),
        "tx_gas_limit": str(genesis.gas_limit),
        "consensus_leader_period": "1",
        "compatibility_version": genesis.compatibility_text,
    }
    if genesis.compatibility >= versions.V3_6:
        settings["tx_gas_price"] = "0x0"
    if genesis.consensus_type == "rpbft" and genesis.compatibility >= versions.V3_5:
        settings["feature_rpbft"] = "1"
        settings["feature_rpbft_epoch_sealer_num"] = str(genesis.epoch_sealers)
        settings["feature_rpbft_epoch_block_num"] = str(genesis.epoch_blocks)
        settings["feature_rpbft_notify_rotate"] = "0"
    if genesis.compatibility >= versions.V3_3:
        settings["auth_check_status"] = str(int(genesis.executor.auth_check))
    if genesis.compatibility >= versions.V3_9:
        settings["web3_chain_id"] = genesis.web3_chain_id
    if genesis.compatibility >= versions.V3_15 and genesis.executor.version > 0:
        settings["executor_version"] = str(genesis.executor.version)
        settings["balance_transfer"] = "1"
    return settings | {flag: "1" for flag, on in genesis.features if on}
