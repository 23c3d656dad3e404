"""Execute transactions and blocks on a state."""

from __future__ import annotations

import re
from dataclasses import dataclass

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import Receipt
from consortium_sandbox.node.executor import committee, consensus_contract, system_config
from consortium_sandbox.node.executor.calls import (
    CALL_ADDRESS_ERROR,
    COMMITTEE_ADDRESS,
    CONSENSUS_ADDRESS,
    DEPLOY_GAS,
    SYSTEM_CONFIG_ADDRESS,
    SYSTEM_GAS,
    Call,
    CallFailed,
    Contract,
    Result,
)
from consortium_sandbox.node.keys import keccak256
from consortium_sandbox.node.state import State
from consortium_sandbox.node.transaction import Transaction

_CONTRACTS: dict[str, Contract] = {
    SYSTEM_CONFIG_ADDRESS: system_config.contract,
    CONSENSUS_ADDRESS: consensus_contract.contract,
    COMMITTEE_ADDRESS: committee.contract,
}
# The usual start of a compiled contract: copy LEN bytes from offset 12 to memory and return them.
_PRELUDE = re.compile(rb"\x60(.)\x60\x0c\x60\x00\x39\x60(.)\x60\x00\xf3(.*)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """Where in the chain a transaction is executed."""

    block_number: int
    index: int = 0


def execute(state: State, transaction: Transaction, place: Place) -> Receipt:
    """Run one transaction; a failed one leaves the state as it was."""
    if not transaction.data.to:
        return _deploy(state, transaction, place)
    sender = (transaction.sender or b"").hex()
    return call(state, place, sender, transaction.data.to, transaction.data.input)


def call(state: State, place: Place, sender: str, to: str, data: bytes) -> Receipt:
    """Call a contract. An address is taken with or without 0x here, as the executor does."""
    address = to.lower().removeprefix("0x")
    scratch = state.overlay()
    try:
        result = _contract(state, address)(Call(scratch, place.block_number, sender, address, data))
    except CallFailed as error:
        return Receipt(
            block_number=place.block_number,
            status=error.status,
            output=abi.revert_reason(error.text),
            gas_used=SYSTEM_GAS,
            message=error.text,
        )
    state.take_over(scratch)
    return Receipt(
        block_number=place.block_number,
        output=result.output,
        gas_used=SYSTEM_GAS,
        logs=result.logs,
    )


def _contract(state: State, address: str) -> Contract:
    if address in _CONTRACTS:
        return _CONTRACTS[address]
    if state.get(f"code/{address}") is None:
        raise CallFailed("Call address error.", CALL_ADDRESS_ERROR)
    # No EVM here: a deployed contract can be called, and does nothing.
    return lambda call: Result()


def _deploy(state: State, transaction: Transaction, place: Place) -> Receipt:
    seed = f"{place.block_number}_{place.index}_0"
    address = keccak256(seed.encode())[:20].hex()
    data = transaction.data.input
    prelude = _PRELUDE.fullmatch(data)
    runtime = prelude[3][: prelude[1][0]] if prelude else data
    state.put(f"code/{address}", runtime.hex())
    state.put(f"abi/{address}", transaction.data.abi)
    return Receipt(block_number=place.block_number, gas_used=DEPLOY_GAS, contract_address=address)
