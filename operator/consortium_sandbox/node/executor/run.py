"""Execute transactions and blocks on a state."""

from __future__ import annotations

import re

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import Receipt
from consortium_sandbox.node.executor import (
    accounts,
    committee,
    committee_views,
    consensus_contract,
    contract_auth,
    system_config,
)
from consortium_sandbox.node.executor.calls import (
    CALL_ADDRESS_ERROR,
    COMMITTEE_ADDRESS,
    CONSENSUS_ADDRESS,
    CONTRACT_AUTH_ADDRESS,
    DEPLOY_GAS,
    NOT_ENOUGH_CASH,
    OUT_OF_GAS,
    PERMISSION_DENIED,
    SYSTEM_CONFIG_ADDRESS,
    SYSTEM_GAS,
    Call,
    CallFailed,
    Contract,
    Place,
    Result,
    revert,
)
from consortium_sandbox.node.state import State
from consortium_sandbox.node.transaction import Transaction

_CONTRACTS: dict[str, Contract] = {
    SYSTEM_CONFIG_ADDRESS: system_config.contract,
    CONSENSUS_ADDRESS: consensus_contract.contract,
    CONTRACT_AUTH_ADDRESS: contract_auth.contract,
    COMMITTEE_ADDRESS: committee.contract,
    committee_views.COMMITTEE: committee_views.of_committee,
    committee_views.PROPOSALS: committee_views.of_proposals,
}
_COMMITTEE = (COMMITTEE_ADDRESS, committee_views.COMMITTEE, committee_views.PROPOSALS)
# What a proposal takes at least, as counted by executing the contract.
_PROPOSAL_GAS = 300_000
# The usual start of a compiled contract: copy LEN bytes from offset 12 to memory and return them.
_PRELUDE = re.compile(rb"\x60(.)\x60\x0c\x60\x00\x39\x60(.)\x60\x00\xf3(.*)", re.DOTALL)


def execute(state: State, transaction: Transaction, place: Place) -> Receipt:
    """Run one transaction; a failed one leaves the state as it was."""
    sender = (transaction.sender or b"").hex()
    if _costs(state, place):
        return Receipt(place.block_number, status=NOT_ENOUGH_CASH, gas_used=SYSTEM_GAS)
    if transaction.data.to == COMMITTEE_ADDRESS and _starves(state, place):
        return _failed(CallFailed("", OUT_OF_GAS), place)
    if transaction.data.to:
        return call(state, place, sender, transaction.data.to, transaction.data.input)
    if not contract_auth.may_deploy(state, sender):
        return _failed(CallFailed("Create permission denied", PERMISSION_DENIED), place)
    return _deploy(state, transaction, place)


def _costs(state: State, place: Place) -> bool:
    """Whether the sender must have a balance; no account has one here. Executor 1 takes the price,
    executor 0 the gas at any price, 0 too, where a flag says so (ExecutiveSerialFlow.cpp)."""
    number = place.block_number
    if place.rules.executor == 0:
        serial = place.rules.serial or state.has_feature("feature_dmc2serial", number)
        serial = serial and not state.has_feature("feature_sharding", number)
        return serial and state.has_feature("feature_balance_policy1", number)
    price = state.setting("tx_gas_price")
    return price is not None and price.since <= number and int(price.value, 16) > 0


def _starves(state: State, place: Place) -> bool:
    """Executor 0 limits what the committee may take from a flag on (BlockExecutive.cpp)."""
    number = place.block_number
    if place.rules.executor == 0 and not state.has_feature("bugfix_precompiled_gascalc", number):
        return False
    limit = state.setting("tx_gas_limit")
    return limit is not None and limit.since <= number and int(limit.value) < _PROPOSAL_GAS


def call(state: State, place: Place, sender: str, to: str, data: bytes) -> Receipt:
    """Call a contract. An address is taken with or without 0x here, as the executor does."""
    address = to.lower().removeprefix("0x")
    scratch = state.overlay()
    try:
        result = _contract(state, place, address)(Call(scratch, place, sender, address, data))
    except CallFailed as error:
        return _failed(error, place)
    state.take_over(scratch)
    return Receipt(
        block_number=place.block_number,
        output=result.output,
        gas_used=SYSTEM_GAS,
        logs=result.logs,
    )


def _failed(error: CallFailed, place: Place) -> Receipt:
    return Receipt(
        block_number=place.block_number,
        status=error.status,
        output=abi.revert_reason(error.text, place.rules.suite),
        gas_used=SYSTEM_GAS,
        message=error.text,
    )


def _contract(state: State, place: Place, address: str) -> Contract:
    if address in _COMMITTEE:
        _find_committee(state, place, address)
    if address in _CONTRACTS:
        return _CONTRACTS[address]
    if state.get(f"code/{accounts.name(state, place, address)}") is None:
        raise CallFailed("Call address error.", CALL_ADDRESS_ERROR)
    # No EVM here: a deployed contract can be called, and does nothing.
    return lambda call: Result()


def _find_committee(state: State, place: Place, address: str) -> None:
    is_lost = not accounts.has_committee(state, place)
    if is_lost and address == COMMITTEE_ADDRESS:
        # It is there, and finds nobody to ask.
        raise revert("")
    if is_lost or state.get("governors") is None:
        raise CallFailed("Call address error.", CALL_ADDRESS_ERROR)


def _deploy(state: State, transaction: Transaction, place: Place) -> Receipt:
    seed = f"{place.block_number}_{place.index}_0"
    address = place.rules.suite.hash(seed.encode())[:20].hex()
    data = transaction.data.input
    prelude = _PRELUDE.fullmatch(data)
    runtime = prelude[3][: prelude[1][0]] if prelude else data
    name = accounts.name(state, place, address)
    state.put(f"code/{name}", runtime.hex())
    state.put(f"abi/{name}", transaction.data.abi)
    return Receipt(block_number=place.block_number, gas_used=DEPLOY_GAS, contract_address=address)
