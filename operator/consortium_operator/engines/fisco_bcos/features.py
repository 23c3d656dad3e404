"""The feature flags that config.genesis may switch on, and which tag of the node knows which.

A node refuses to start with a flag that it does not know (Features.h, string2Flag). The order is
that of the newest tag; a genesis names its flags in this order whatever tag founds the chain, so
that one list of flags always gives one block 0.
"""

from collections.abc import Collection
from dataclasses import dataclass

from consortium_operator.api.fisco_bcos import ConsensusType, Cryptography, FiscoBcos
from consortium_operator.engines.fisco_bcos.version_number import OLDEST, Version


@dataclass(frozen=True, slots=True)
class Feature:
    """`since`: the first tag that knows the flag, and all newer ones do. `also`: older tags that
    know it too: a patch release may have what the next minor release has not."""

    flag: str
    since: Version = OLDEST
    also: tuple[Version, ...] = ()

    def is_known_to(self, version: Version) -> bool:
        return version >= self.since or version in self.also


_3_7_3 = Version(3, 7, 3)
_3_9_0 = Version(3, 9, 0)

FEATURES = (
    Feature("bugfix_revert"),
    Feature("bugfix_statestorage_hash"),
    Feature("bugfix_evm_create2_delegatecall_staticcall_codecopy"),
    Feature("bugfix_event_log_order"),
    Feature("bugfix_call_noaddr_return"),
    Feature("bugfix_precompiled_codehash"),
    Feature("bugfix_dmc_revert"),
    Feature("bugfix_keypage_system_entry_hash", Version(3, 6, 1)),
    Feature("bugfix_internal_create_redundant_storage", Version(3, 6, 1)),
    Feature("bugfix_internal_create_permission_denied", Version(3, 7, 0)),
    Feature("bugfix_sharding_call_in_child_executive", Version(3, 7, 0)),
    Feature("bugfix_empty_abi_reset", Version(3, 7, 0)),
    Feature("bugfix_eip55_addr", Version(3, 7, 0)),
    Feature("bugfix_eoa_as_contract", _3_7_3),
    Feature("bugfix_eoa_match_failed", _3_9_0),
    Feature("bugfix_evm_exception_gas_used", _3_7_3),
    Feature("bugfix_dmc_deploy_gas_used", _3_7_3),
    Feature("bugfix_staticcall_noaddr_return", _3_9_0, also=(_3_7_3,)),
    Feature("bugfix_support_transfer_receive_fallback", _3_9_0, also=(_3_7_3,)),
    Feature("bugfix_set_row_with_dirty_flag", _3_7_3),
    Feature("bugfix_rpbft_vrf_blocknumber_input", Version(3, 12, 0)),
    Feature("bugfix_delete_account_code", Version(3, 13, 0)),
    Feature("bugfix_policy1_empty_code_address", Version(3, 13, 0)),
    Feature("bugfix_precompiled_gasused", Version(3, 13, 0)),
    Feature("bugfix_nonce_not_increase_when_revert", Version(3, 14, 0)),
    Feature("bugfix_set_contract_nonce_when_create", Version(3, 14, 0)),
    Feature("bugfix_precompiled_gascalc", Version(3, 15, 1)),
    Feature("bugfix_method_auth_sender", Version(3, 15, 2)),
    Feature("bugfix_precompiled_evm_status", Version(3, 15, 2)),
    Feature("bugfix_delegatecall_transfer", Version(3, 16, 0)),
    Feature("bugfix_nonce_initialize", Version(3, 16, 0)),
    Feature("bugfix_v1_timestamp", Version(3, 16, 0)),
    Feature("bugfix_revert_logs", Version(3, 16, 4)),
    Feature("feature_dmc2serial"),
    Feature("feature_sharding"),
    Feature("feature_rpbft"),
    Feature("feature_paillier"),
    Feature("feature_balance"),
    Feature("feature_balance_precompiled"),
    Feature("feature_balance_policy1"),
    Feature("feature_paillier_add_raw"),
    Feature("feature_evm_cancun", Version(3, 10, 0)),
    Feature("feature_evm_timestamp", Version(3, 12, 0)),
    Feature("feature_evm_address", Version(3, 12, 0)),
    Feature("feature_rpbft_term_weight", Version(3, 12, 0)),
    Feature("feature_raw_address", Version(3, 13, 0)),
    Feature("feature_rpbft_vrf_type_secp256k1", Version(3, 13, 0)),
    Feature("feature_balance_policy2", Version(3, 14, 0)),
)

# A flag → the one that must be on before it (Features.h, validate): a transaction could not
# switch them on in another order, and a chain founded otherwise would be like no other.
REQUIRED = {
    "feature_balance_precompiled": "feature_balance",
    "feature_balance_policy1": "feature_balance_precompiled",
}

_SECP256K1_PROOFS = "feature_rpbft_vrf_type_secp256k1"


def stops_the_turns(flag: str, spec: FiscoBcos) -> str | None:
    """Why RPBFT could not go on to other sealers with this flag, or None. It holds the leader's
    proof against the sealers' ids as secp256k1 keys (checkSealerPublicKey)."""
    sm_rpbft = (spec.cryptography, spec.consensus.type) == (Cryptography.SM, ConsensusType.RPBFT)
    if flag != _SECP256K1_PROOFS or not sm_rpbft:
        return None
    return "does not go with cryptography: SM: no sealer would ever take a turn from another"


RAW_ADDRESS = "feature_raw_address"
"""Moves every account of executor 1: for a founding only (on_chain.py)."""
PAID = "feature_balance_policy1"
_IN_ONE_QUEUE, _SHARDS = "feature_dmc2serial", "feature_sharding"
CHARGING = (PAID, _IN_ONE_QUEUE, _SHARDS)
"""The flags by which `charges` decides."""


def charges(on: Collection[str], executor: str, *, serial: bool) -> bool:
    """Whether who sends a transaction must have a balance, at any price, 0 too: so it is with
    executor 0 where transactions are executed one after the other (ExecutiveSerialFlow.cpp,
    BlockExecutiveFactory.cpp). Those who govern have none, nor has the founding's committee."""
    is_serial = (serial or _IN_ONE_QUEUE in on) and _SHARDS not in on
    return executor == "0" and is_serial and PAID in on


_COUNTED = "bugfix_nonce_not_increase_when_revert"
_BEGUN = "bugfix_set_contract_nonce_when_create"
_NOT_OF_THE_SYSTEM = "bugfix_nonce_initialize"
_ADDRESS_BY_NONCE = "feature_evm_address"


def stops_at_nonces(flag: str, on: Collection[str], compatibility: Version) -> bool:
    """Whether executor 0 of 3.16.0 or newer stops where a contract makes another, as the committee
    does in block 0: it counts up a nonce that was never begun, or was begun under the digits of the
    address and not where the flag has it looked for (TransactionExecutive.cpp, EVMAccount.h)."""
    has_both = compatibility >= Version(3, 14, 0)
    if flag == RAW_ADDRESS:
        return has_both or _COUNTED in on
    return flag == _COUNTED and not (has_both or _BEGUN in on)


def halves_the_committee(
    flag: str, on: Collection[str], compatibility: Version, *, serial: bool
) -> bool:
    """Whether executor 0 gives both contracts that the committee makes one address: it follows from
    a nonce that does not count up for the system's own (HostContext.cpp). So the second one is not
    made, and the committee with it."""
    here = serial or _IN_ONE_QUEUE in on or _SHARDS in on
    stays = _NOT_OF_THE_SYSTEM in on or compatibility >= Version(3, 16, 0)
    return flag == _ADDRESS_BY_NONCE and here and stays


def known_features(version: Version) -> tuple[str, ...]:
    """The flags that the tag knows, in the fixed order."""
    return tuple(feature.flag for feature in FEATURES if feature.is_known_to(version))
