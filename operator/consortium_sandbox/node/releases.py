"""What each release of the node knows, tag by tag: its newest data version, flags, keys, settings.

The stand-in's own table, written from the node's sources (Protocol.h, Features.h, SystemConfigs.h,
NodeConfig.cpp, GatewayConfig.cpp of each tag), so that a misreading of the operator's table shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from consortium_sandbox.node import versions
from consortium_sandbox.node.failure import runtime_error
from consortium_sandbox.node.ini import Tree

DEFAULT_TAG = "3.16.4"
TAGS = (
    *("3.6.0", "3.6.1", "3.7.0", "3.7.1", "3.7.2", "3.7.3", "3.8.0", "3.9.0"),
    *("3.10.0", "3.10.2", "3.10.3", "3.11.0"),
    *("3.12.0", "3.12.1", "3.12.2", "3.12.3", "3.12.4", "3.13.0", "3.14.0"),
    *("3.15.0", "3.15.1", "3.15.2", "3.15.3", "3.15.4", "3.15.5"),
    *("3.16.0", "3.16.1", "3.16.2", "3.16.3", "3.16.4"),
)
# The newest version of data a binary takes is its own, but for this one.
_MAX_VERSION = {"3.10.3": "3.10.2"}

# In the order of Features.h, which getGroupInfo lists them by, each with the first tag that has it.
_FLAGS = (
    ("bugfix_revert", "3.6.0"),
    ("bugfix_statestorage_hash", "3.6.0"),
    ("bugfix_evm_create2_delegatecall_staticcall_codecopy", "3.6.0"),
    ("bugfix_event_log_order", "3.6.0"),
    ("bugfix_call_noaddr_return", "3.6.0"),
    ("bugfix_precompiled_codehash", "3.6.0"),
    ("bugfix_dmc_revert", "3.6.0"),
    ("bugfix_keypage_system_entry_hash", "3.6.1"),
    ("bugfix_internal_create_redundant_storage", "3.6.1"),
    ("bugfix_internal_create_permission_denied", "3.7.0"),
    ("bugfix_sharding_call_in_child_executive", "3.7.0"),
    ("bugfix_empty_abi_reset", "3.7.0"),
    ("bugfix_eip55_addr", "3.7.0"),
    ("bugfix_eoa_as_contract", "3.8.0"),
    ("bugfix_eoa_match_failed", "3.9.0"),
    ("bugfix_evm_exception_gas_used", "3.8.0"),
    ("bugfix_dmc_deploy_gas_used", "3.8.0"),
    ("bugfix_staticcall_noaddr_return", "3.9.0"),
    ("bugfix_support_transfer_receive_fallback", "3.9.0"),
    ("bugfix_set_row_with_dirty_flag", "3.8.0"),
    ("bugfix_rpbft_vrf_blocknumber_input", "3.12.0"),
    ("bugfix_delete_account_code", "3.13.0"),
    ("bugfix_policy1_empty_code_address", "3.13.0"),
    ("bugfix_precompiled_gasused", "3.13.0"),
    ("bugfix_nonce_not_increase_when_revert", "3.14.0"),
    ("bugfix_set_contract_nonce_when_create", "3.14.0"),
    ("bugfix_precompiled_gascalc", "3.15.1"),
    ("bugfix_method_auth_sender", "3.15.2"),
    ("bugfix_precompiled_evm_status", "3.15.2"),
    ("bugfix_delegatecall_transfer", "3.16.0"),
    ("bugfix_nonce_initialize", "3.16.0"),
    ("bugfix_v1_timestamp", "3.16.0"),
    ("bugfix_revert_logs", "3.16.4"),
    ("feature_dmc2serial", "3.6.0"),
    ("feature_sharding", "3.6.0"),
    ("feature_rpbft", "3.6.0"),
    ("feature_paillier", "3.6.0"),
    ("feature_balance", "3.6.0"),
    ("feature_balance_precompiled", "3.6.0"),
    ("feature_balance_policy1", "3.6.0"),
    ("feature_paillier_add_raw", "3.6.0"),
    ("feature_evm_cancun", "3.10.0"),
    ("feature_evm_timestamp", "3.12.0"),
    ("feature_evm_address", "3.12.0"),
    ("feature_rpbft_term_weight", "3.12.0"),
    ("feature_raw_address", "3.13.0"),
    ("feature_rpbft_vrf_type_secp256k1", "3.13.0"),
    ("feature_balance_policy2", "3.14.0"),
)
# 3.7.3 came after 3.8.0 was branched off: it knows two flags that 3.8.0 does not, in its own order.
_ONLY_3_7_3 = (
    "bugfix_eoa_as_contract",
    "bugfix_dmc_deploy_gas_used",
    "bugfix_staticcall_noaddr_return",
    "bugfix_support_transfer_receive_fallback",
    "bugfix_evm_exception_gas_used",
    "bugfix_set_row_with_dirty_flag",
)
# What raising the data version to one before 3.6.0 switches on; the later ones are in _FLAGS.
_OLD_UPGRADES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("3.2.3", ("bugfix_revert",)),
    (
        "3.2.4",
        (
            "bugfix_statestorage_hash",
            "bugfix_evm_create2_delegatecall_staticcall_codecopy",
        ),
    ),
    (
        "3.2.7",
        (
            "bugfix_event_log_order",
            "bugfix_call_noaddr_return",
            "bugfix_precompiled_codehash",
            "bugfix_dmc_revert",
        ),
    ),
    ("3.5.0", ("bugfix_revert", "bugfix_statestorage_hash")),
)

# SystemConfigs.h, in its order, which getGroupInfo lists as supportConfigs. There since 3.9.0.
_CONFIGS = (
    ("tx_gas_limit", "3.9.0"),
    ("tx_gas_price", "3.9.0"),
    ("tx_count_limit", "3.9.0"),
    ("consensus_leader_period", "3.9.0"),
    ("auth_check_status", "3.9.0"),
    ("compatibility_version", "3.9.0"),
    ("feature_rpbft", "3.9.0"),
    ("feature_rpbft_epoch_block_num", "3.9.0"),
    ("feature_rpbft_epoch_sealer_num", "3.9.0"),
    ("feature_rpbft_notify_rotate", "3.15.2"),
    ("feature_balance_precompiled", "3.9.0"),
    ("web3_chain_id", "3.9.0"),
    ("balance_transfer", "3.12.0"),
    ("executor_version", "3.15.0"),
)
# Came in 3.10.2, was gone in 3.11.0, came back in 3.12.0.
_BALANCE_TRANSFER_EARLY = ("3.10.2", "3.10.3")

# Keys of both files that a parser has not always read; older ones ignore them like any other word.
_KEYS_SINCE = {
    "sync.allow_free_node": "3.7.1",
    "web3.chain_id": "3.9.0",
    "web3_rpc.enable": "3.9.0",
    "log.rotate_time_point": "3.11.0",
    "storage.enable_separate_block_state": "3.11.0",
    "rpc.enable_ssl": "3.12.0",
    "security.kms_type": "3.13.0",
    "security.cloud_kms_type": "3.13.0",
    "security.cipher_data_key": "3.13.0",
    "storage_security.kms_type": "3.13.0",
    "p2p.enable_ssl_verify": "3.14.0",
    "txpool.enable_txs_from_free_node": "3.14.0",
    "executor.version": "3.15.0",
}


@dataclass(frozen=True)
class Release:
    """One tag."""

    tag: str

    def has(self, since: str) -> bool:
        """Whether this is that tag or a later one."""
        return TAGS.index(self.tag) >= TAGS.index(since)

    @property
    def max_version(self) -> int:
        """The newest data version that the binary takes (Protocol.h, MAX_VERSION)."""
        return versions.to_number(_MAX_VERSION.get(self.tag, self.tag))

    @cached_property
    def flags(self) -> tuple[str, ...]:
        known = [flag for flag, since in _FLAGS if self.has(since)]
        if self.tag == "3.7.3":
            at = known.index("bugfix_eip55_addr") + 1
            known[at:at] = _ONLY_3_7_3
        return tuple(known)

    @property
    def configs(self) -> tuple[str, ...]:
        early = self.tag in _BALANCE_TRANSFER_EARLY
        return tuple(
            name
            for name, since in _CONFIGS
            if self.has(since) or (early and name == "balance_transfer")
        )

    @property
    def has_term_weights(self) -> bool:
        return self.has("3.12.0")

    def as_read(self, tree: Tree) -> Tree:
        """A file as this release sees it: without the keys that only later ones read."""
        return tree.without(key for key, since in _KEYS_SINCE.items() if not self.has(since))

    def founding_flags(self, version: int) -> list[str]:
        """The flags that block 0 of a chain of this data version holds (setGenesisFeatures)."""
        sharding = ["feature_sharding"] if versions.V3_3 <= version <= versions.V3_4 else []
        if version in (versions.V3_3, versions.V3_4):
            return sharding
        start = versions.V3_4 if version == versions.V3_5 else versions.RC4
        return sharding + self.upgrade_flags(start, version)

    def upgrade_flags(self, start: int, end: int) -> list[str]:
        """The flags that raising the data version from `start` to `end` switches on."""
        found = {
            flag
            for version, flags in self._upgrades
            if start < version <= end or version <= end < versions.V3_2_7
            for flag in flags
        }
        return [flag for flag in self.flags if flag in found]

    @cached_property
    def _upgrades(self) -> list[tuple[int, tuple[str, ...]]]:
        upgrades = [(versions.to_number(version), flags) for version, flags in _OLD_UPGRADES]
        if self.tag == "3.7.3":
            upgrades.append((versions.to_number("3.7.3"), _ONLY_3_7_3))
        upgrades += [
            (versions.to_number(since), (flag,))
            for flag, since in _FLAGS
            if flag.startswith("bugfix_") and flag != "bugfix_revert"
        ]
        return upgrades


def release(tag: str) -> Release:
    """Raises StartFailed for a tag that is not emulated."""
    if tag not in TAGS:
        raise runtime_error(f"stand-in: no release {tag!r}, only {', '.join(TAGS)}")
    return Release(tag)
