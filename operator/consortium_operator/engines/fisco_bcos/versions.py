"""The versions of the node's program that we know: one row for each tag.

A row holds what differs from tag to tag and cannot be read from the key tables: the newest
compatibility version (Protocol.h), the feature flags (Features.h) and where build_chain.sh of
that tag writes another value than the tables say. To add a tag, add a row.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Version(NamedTuple):
    """X.Y.Z, in the node's order: number by number."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @classmethod
    def parse(cls, text: str) -> "Version":
        """X.Y.Z or X.Y, each number at most 255: the node keeps one byte for each
        (VersionConverter.h). Raises ValueError."""
        if re.fullmatch(r"[0-9]{1,3}([.][0-9]{1,3}){1,2}", text) is None:
            raise ValueError("must be X.Y.Z without a leading v")
        numbers = [int(part) for part in text.split(".")]
        if max(numbers) > 255:
            raise ValueError("must be X.Y.Z with numbers of at most 255")
        return cls(*[*numbers, 0][:3])


FIRST = Version(3, 0, 0)

# The [chain] section stands in config.genesis only from this compatibility version on (before, in
# config.ini), and block 0 holds another text.
LEAST_COMPATIBILITY = Version(3, 1, 0)
# RPBFT's epochs are part of block 0 from this compatibility version on.
EPOCHS_IN_BLOCK0 = Version(3, 5, 0)
# The node writes web3.chain_id into its system configuration from this compatibility version on.
WEB3_CHAIN_ID = Version(3, 9, 0)


@dataclass(frozen=True, slots=True)
class NodeVersion:
    """`build_chain`: "section.key" → what build_chain.sh of this tag writes instead of the key
    tables' value; None where it writes nothing."""

    tag: str
    max_compatibility: Version
    features: tuple[str, ...]
    build_chain: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def version(self) -> Version:
        return Version.parse(self.tag)


# In the order of the node's own list: a genesis names its features in this order.
_FEATURES_3_16_4 = (
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

VERSIONS: Mapping[str, NodeVersion] = {
    row.tag: row
    for row in (
        NodeVersion(
            tag="3.16.4",
            max_compatibility=Version(3, 16, 4),
            features=_FEATURES_3_16_4,
        ),
    )
}
