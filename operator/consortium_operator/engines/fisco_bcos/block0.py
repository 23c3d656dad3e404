"""The text that a node stores in block 0 (extraData of getBlockByNumber(0)), byte for byte.

A node writes it from config.genesis at its first start (NodeConfig.cpp, generateGenesisData) and
compares it at every later one. The hash that the node calls its genesis hash leaves most of it
out, so this text is what any running node is held against. The odd spellings are the node's.
"""

from consortium_operator.chain.genesis import TamperedGenesis
from consortium_operator.engines.fisco_bcos.genesis import Genesis
from consortium_operator.engines.fisco_bcos.version_number import (
    EPOCHS_IN_BLOCK0,
    LEAST_COMPATIBILITY,
)

# The node reads the epochs for RPBFT only; in any other block 0 its own defaults stand.
_EPOCHS_OF_OTHERS = (4, 1000)
# The node reads leader_period, but since 3.6.0 it keeps this one.
_LEADER_PERIOD = 1


def block0_text(genesis: Genesis) -> str:
    """Raises TamperedGenesis for a genesis older than any that we seal."""
    if genesis.compatibility_version < LEAST_COMPATIBILITY:
        raise TamperedGenesis(
            f"compatibility version {genesis.compatibility_version} is below {LEAST_COMPATIBILITY}"
        )
    return "".join(f"{line}\n" for line in _lines(genesis))


def _lines(genesis: Genesis) -> list[str]:
    return [
        "[chain]",
        f"sm_crypto:{genesis.sm_crypto:d}",
        f"chainID: {genesis.chain_id}",
        f"grouID: {genesis.group_id}",
        "[consensys]",
        f"consensus_type: {genesis.consensus_type}",
        f"block_tx_count_limit:{genesis.block_tx_count_limit}",
        f"leader_period:{_LEADER_PERIOD}",
        "[version]",
        f"compatibility_version:{genesis.compatibility_version}",
        "[tx]",
        f"gaslimit:{genesis.gas_limit}",
        "[executor]",
        f"iswasm: {genesis.is_wasm:d}",
        f"isAuthCheck:{genesis.is_auth_check:d}",
        f"authAdminAccount:{genesis.auth_admin_account}",
        f"isSerialExecute:{genesis.is_serial_execute:d}",
        *_epochs(genesis),
        *(["[features]"] if genesis.features else []),
        *(f"{flag}:{on:d}" for flag, on in genesis.features),
        *(f"node.{i}:{node_id},{weight}" for i, (node_id, weight) in enumerate(genesis.sealers)),
    ]


def _epochs(genesis: Genesis) -> list[str]:
    if genesis.compatibility_version < EPOCHS_IN_BLOCK0:
        return []
    sealers, blocks = _EPOCHS_OF_OTHERS
    if genesis.consensus_type == "rpbft":
        sealers, blocks = genesis.epoch_sealer_num, genesis.epoch_block_num
    return [f"epochSealerNum:{sealers}", f"epochBlockNum:{blocks}"]
