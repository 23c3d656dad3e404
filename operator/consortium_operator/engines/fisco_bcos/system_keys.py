"""The settings of the running chain that `onChain.systemConfig` may name.

Source: SystemConfigs.h and SystemConfigPrecompiled.cpp. The chain checks values too, but only a
transaction would tell, and some nonsense passes: a tag that does not know a key refuses it, and a
limit that no transaction can keep stops every contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from consortium_operator.engines.fisco_bcos.key_table import (
    INT64_MAX,
    UINT32_MAX,
    Choice,
    Integer,
    Kind,
    Text,
)
from consortium_operator.engines.fisco_bcos.version_number import (
    EXECUTOR_VERSIONS,
    LEAST_COMPATIBILITY,
    OLDEST,
    WEB3,
    Version,
)


@dataclass(frozen=True, slots=True)
class SystemKey:
    """`since`, `also`: as of a feature. `compatibility`: from which one of its own versions on a
    chain takes it. `only_rpbft`: a chain of another consensus has no use for it."""

    kind: Kind
    since: Version = OLDEST
    also: tuple[Version, ...] = ()
    compatibility: Version = LEAST_COMPATIBILITY
    only_rpbft: bool = False

    def is_known_to(self, version: Version) -> bool:
        return version >= self.since or version in self.also


SYSTEM_KEYS: Mapping[str, SystemKey] = {
    # As at founding. A leader multiplies it by the blocks that it may make ahead and keeps 64 bits
    # (SealingManager.cpp): of 2^62 that is nothing, and it seals no transaction any more.
    "tx_count_limit": SystemKey(Integer(1, 1_000_000)),
    "tx_gas_limit": SystemKey(Integer(100_000, INT64_MAX)),
    # Executor 1 takes it from every sender (TransactionExecutorImpl.h, consumeBalance), and no
    # account of a new chain has anything to pay with: nobody could take it back.
    "tx_gas_price": SystemKey(
        Text(
            r"0x0",
            "must be 0x0: with a price, whose account has no balance changes nothing any more, the "
            "price included; a governor who has seen to that sets it with a tool of their own",
        ),
        compatibility=Version(3, 6, 0),
    ),
    "consensus_leader_period": SystemKey(Integer(1, INT64_MAX)),
    # The chain takes more, and then no turn can be read any more (WorkingSealerManagerImpl.cpp).
    "feature_rpbft_epoch_block_num": SystemKey(Integer(1, UINT32_MAX), only_rpbft=True),
    "feature_rpbft_epoch_sealer_num": SystemKey(Integer(1, UINT32_MAX), only_rpbft=True),
    "web3_chain_id": SystemKey(Integer(0, UINT32_MAX), WEB3, compatibility=WEB3),
    "balance_transfer": SystemKey(
        Choice(("0", "1")),
        Version(3, 12, 0),
        also=(Version(3, 10, 2), Version(3, 10, 3)),
        compatibility=Version(3, 10, 2),
    ),
    "executor_version": SystemKey(
        Choice(("0", "1")), EXECUTOR_VERSIONS, compatibility=EXECUTOR_VERSIONS
    ),
}

ELSEWHERE: Mapping[str, str] = {
    "compatibility_version": "is set by onChain.compatibilityVersion",
    "auth_check_status": "is as founded (executor.authCheck): remove it",
}
"""Keys that the chain knows and this field does not take."""
