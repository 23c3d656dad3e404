"""The types of proposals: what is checked when one is made, its resource, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consortium_sandbox.node import abi
from consortium_sandbox.node.executor import consensus_contract, contract_auth, system_config
from consortium_sandbox.node.executor.calls import (
    COMMITTEE_ADDRESS,
    CONSENSUS_ADDRESS,
    CONTRACT_AUTH_ADDRESS,
    SYSTEM_CONFIG_ADDRESS,
    Call,
    CallFailed,
    Contract,
    revert,
)
from consortium_sandbox.node.executor.committee_state import Council

Arguments = list[abi.Value]
_CONTRACTS: dict[str, Contract] = {
    CONSENSUS_ADDRESS: consensus_contract.contract,
    CONTRACT_AUTH_ADDRESS: contract_auth.contract,
    SYSTEM_CONFIG_ADDRESS: system_config.contract,
}


def _no_check(call: Call, arguments: Arguments) -> None:
    del call, arguments


@dataclass(frozen=True)
class Kind:
    """A type of proposal: its number and its three parts."""

    number: int
    resource: Callable[[Arguments], str]
    execute: Callable[[Call, Arguments], int]
    check: Callable[[Call, Arguments], None] = _no_check


def _chain_wide(address: str) -> Callable[[Arguments], str]:
    """One slot for the whole chain, whatever the proposal is about."""
    return lambda arguments: address


def _by_account(arguments: Arguments) -> str:
    return abi.hex_of(arguments[0])


# --- checks ------------------------------------------------------------------------------------


def _check_rates(call: Call, arguments: Arguments) -> None:
    participation, win = (abi.number_of(value) for value in arguments[:2])
    if participation > 100:
        raise revert("invalid range of participatesRate")
    if win > 100:
        raise revert("invalid range of winRate")


def _check_node(call: Call, arguments: Arguments) -> None:
    if len(str(arguments[0])) <= 1:
        raise revert("invalid node.")


def _check_key(call: Call, arguments: Arguments) -> None:
    if len(str(arguments[0])) <= 1:
        raise revert("invalid key length.")


def _check_deploy_type(call: Call, arguments: Arguments) -> None:
    if contract_auth.deploy_type(call.state) == abi.number_of(arguments[0]):
        raise revert("the current deploy auth type is the same as you want to set")


# --- what they do ------------------------------------------------------------------------------


def _set_governor(call: Call, arguments: Arguments) -> int:
    account, weight = abi.hex_of(arguments[0]), abi.number_of(arguments[1])
    if weight == 0 and account == call.sender:
        raise revert("You can not remove yourself!")
    Council(call.state).set_governor(account, weight)
    return 0


def _set_rates(call: Call, arguments: Arguments) -> int:
    Council(call.state).set_rates(abi.number_of(arguments[0]), abi.number_of(arguments[1]))
    return 0


def _set_deploy_type(call: Call, arguments: Arguments) -> int:
    return _inner(call, CONTRACT_AUTH_ADDRESS, contract_auth.SET_TYPE, arguments[:1])


def _set_deploy_right(call: Call, arguments: Arguments) -> int:
    signature = contract_auth.OPEN if arguments[1] else contract_auth.CLOSE
    return _inner(call, CONTRACT_AUTH_ADDRESS, signature, arguments[:1])


def _set_config(call: Call, arguments: Arguments) -> int:
    return _inner(call, SYSTEM_CONFIG_ADDRESS, system_config.SET, arguments[:2])


def _set_node(call: Call, arguments: Arguments) -> int:
    node, weight, add, _ = arguments
    if not add:
        return _inner(call, CONSENSUS_ADDRESS, "setWeight(string,uint256)", [node, weight])
    if weight:
        return _inner(call, CONSENSUS_ADDRESS, "addSealer(string,uint256)", [node, weight])
    return _inner(call, CONSENSUS_ADDRESS, "addObserver(string)", [node])


def _remove_node(call: Call, arguments: Arguments) -> int:
    return _inner(call, CONSENSUS_ADDRESS, "remove(string)", arguments[:1])


def _inner(call: Call, to: str, signature: str, arguments: Arguments) -> int:
    """Call a built-in contract as the committee; what it throws reverts the whole transaction."""
    data = abi.selector(signature, call.suite)
    data += abi.encode(abi.parameters(signature), arguments)
    try:
        result = _CONTRACTS[to](Call(call.state, call.place, COMMITTEE_ADDRESS, to, data))
    except CallFailed as error:
        raise revert(error.text) from error
    return int.from_bytes(result.output, "big", signed=True)


KINDS = {
    "createUpdateGovernorProposal(address,uint32,uint256)": Kind(11, _by_account, _set_governor),
    "createSetRateProposal(uint8,uint8,uint256)": Kind(
        12, _chain_wide(COMMITTEE_ADDRESS), _set_rates, _check_rates
    ),
    "createSetDeployAuthTypeProposal(uint8,uint256)": Kind(
        21, _chain_wide(CONTRACT_AUTH_ADDRESS), _set_deploy_type, _check_deploy_type
    ),
    "createModifyDeployAuthProposal(address,bool,uint256)": Kind(
        22, _by_account, _set_deploy_right
    ),
    "createSetSysConfigProposal(string,string,uint256)": Kind(
        41, _chain_wide(SYSTEM_CONFIG_ADDRESS), _set_config, _check_key
    ),
    "createSetConsensusWeightProposal(string,uint32,bool,uint256)": Kind(
        51, _chain_wide(CONSENSUS_ADDRESS), _set_node, _check_node
    ),
    "createRmNodeProposal(string,uint256)": Kind(
        52, _chain_wide(CONSENSUS_ADDRESS), _remove_node, _check_node
    ),
}
