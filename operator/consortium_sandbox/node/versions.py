"""Version numbers and feature flags of the node (Protocol.h, VersionConverter.h, Features.h)."""

from __future__ import annotations

import re

from consortium_sandbox.node.failure import StartFailed

DEFAULT_VERSION = "3.16.4"

# Features.h, in its order: getGroupInfo lists them so.
FEATURES = (
    "bugfix_revert",
    "bugfix_statestorage_hash",
    "bugfix_evm_create2_delegatecall_staticcall_codecopy",
    "bugfix_event_log_order",
    "bugfix_call_noaddr_return",
    "bugfix_precompiled_codehash",
    "bugfix_dmc_revert",
    "bugfix_keypage_system_entry_hash",
    "bugfix_internal_create_redundant_storage",
    "bugfix_internal_create_permission_denied",
    "bugfix_sharding_call_in_child_executive",
    "bugfix_empty_abi_reset",
    "bugfix_eip55_addr",
    "bugfix_eoa_as_contract",
    "bugfix_eoa_match_failed",
    "bugfix_evm_exception_gas_used",
    "bugfix_dmc_deploy_gas_used",
    "bugfix_staticcall_noaddr_return",
    "bugfix_support_transfer_receive_fallback",
    "bugfix_set_row_with_dirty_flag",
    "bugfix_rpbft_vrf_blocknumber_input",
    "bugfix_delete_account_code",
    "bugfix_policy1_empty_code_address",
    "bugfix_precompiled_gasused",
    "bugfix_nonce_not_increase_when_revert",
    "bugfix_set_contract_nonce_when_create",
    "bugfix_precompiled_gascalc",
    "bugfix_method_auth_sender",
    "bugfix_precompiled_evm_status",
    "bugfix_delegatecall_transfer",
    "bugfix_nonce_initialize",
    "bugfix_v1_timestamp",
    "bugfix_revert_logs",
    "feature_dmc2serial",
    "feature_sharding",
    "feature_rpbft",
    "feature_paillier",
    "feature_balance",
    "feature_balance_precompiled",
    "feature_balance_policy1",
    "feature_paillier_add_raw",
    "feature_evm_cancun",
    "feature_evm_timestamp",
    "feature_evm_address",
    "feature_rpbft_term_weight",
    "feature_raw_address",
    "feature_rpbft_vrf_type_secp256k1",
    "feature_balance_policy2",
)

# The keys of getGroupInfo's supportConfigs that are no flags (SystemConfigs.h).
SUPPORTED_CONFIGS = (
    "tx_gas_limit",
    "tx_gas_price",
    "tx_count_limit",
    "consensus_leader_period",
    "auth_check_status",
    "compatibility_version",
    "feature_rpbft",
    "feature_rpbft_epoch_block_num",
    "feature_rpbft_epoch_sealer_num",
    "feature_rpbft_notify_rotate",
    "feature_balance_precompiled",
    "web3_chain_id",
    "balance_transfer",
    "executor_version",
)

V3_0 = 0x03000000
V3_1 = 0x03010000
V3_3 = 0x03030000
V3_5 = 0x03050000
V3_6 = 0x03060000
V3_9 = 0x03090000
V3_15 = 0x030F0000
RC4 = 4
_MIN_MAJOR, _MAX_MAJOR = 3, 255


class BadVersion(StartFailed):
    """Not a version the node can read."""

    def __init__(self, what: str) -> None:
        super().__init__(what, kind="bcos::tool::InvalidVersion")


def to_number(version: str) -> int:
    """`3.16.4` → 0x03100400; `3.0.0-rc4` → 4. Raises BadVersion with the node's text."""
    if version.startswith("3.0.0-rc"):
        return _number(version, version.removeprefix("3.0.0-rc"))
    fields = version.split(".")
    if len(fields) < 2:
        raise BadVersion(
            "The version must be in format of MAJOR.MINOR.PATCH, and the PATCH version is "
            f"optional, current version is {version}"
        )
    major, minor = _number(version, fields[0]), _number(version, fields[1])
    patch = _number(version, fields[2]) if len(fields) == 3 else 0
    if not _MIN_MAJOR <= major <= _MAX_MAJOR:
        raise BadVersion(
            f"The major version must between {_MIN_MAJOR} to {_MAX_MAJOR}, version:{version}"
        )
    return ((major << 24) + (minor << 16) + (patch << 8)) & 0xFFFFFFFF


def to_text(number: int) -> str:
    """The inverse, always with three parts (that is how block 0 holds it)."""
    if number == RC4:
        return "3.0.0-rc4"
    return f"{number >> 24 & 0xFF}.{number >> 16 & 0xFF}.{number >> 8 & 0xFF}"


def _number(version: str, field: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", field) or abs(int(field)) >= 1 << 32:
        raise BadVersion(version)
    return int(field) % (1 << 32)
