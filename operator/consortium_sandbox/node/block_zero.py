"""Whether block 0 comes to hold the committee, a contract that makes two others.

Executor 1 holds it against the chain's gas limit. Executor 0 counts nonces: without one it aborts,
and where those of the system's own contracts stay as they are, both others get one address.
"""

from __future__ import annotations

from collections.abc import Collection

from consortium_sandbox.node.failure import Abort
from consortium_sandbox.node.genesis import Genesis
from consortium_sandbox.node.releases import Release

# As counted by executing it.
_GAS = 635_887


def makes_committee(genesis: Genesis, flags: Collection[str], release: Release) -> bool:
    """`flags`: all that are on in block 0. Raises Abort where the process ends in it."""
    if genesis.executor.version > 0:
        return genesis.gas_limit >= _GAS
    counts = "bugfix_nonce_not_increase_when_revert" in flags
    # TransactionExecutive.cpp begins one under the digits of an address, whatever the flag says.
    finds = "bugfix_set_contract_nonce_when_create" in flags and "feature_raw_address" not in flags
    if counts and not finds and release.has("3.16.0") and not genesis.executor.wasm:
        raise Abort("NonceNotInitialized")
    if not counts or not {"feature_evm_address", "bugfix_nonce_initialize"} <= {*flags}:
        return True
    # Executed in parallel, contracts are made by the scheduler, and addresses follow otherwise.
    one_by_one = genesis.executor.serial or "feature_dmc2serial" in flags
    return not one_by_one and "feature_sharding" not in flags
