"""The governance contract, 0x…10001 (bcos-auth: CommitteeManager, ProposalManager, VoteComputer).

A governor's proposal counts as its vote. When participation and approval reach their rates (0 and 0
at the founding: any single vote is enough, even a "no"), the proposal is carried out in the same
transaction and logs execResult(int256). There is one open proposal per type and resource, and the
types that change nodes and settings share one resource each for the whole chain.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consortium_sandbox.node import abi
from consortium_sandbox.node.block import LogEntry
from consortium_sandbox.node.executor import consensus_contract, system_config
from consortium_sandbox.node.executor.calls import (
    COMMITTEE_ADDRESS,
    CONSENSUS_ADDRESS,
    SYSTEM_CONFIG_ADDRESS,
    Call,
    CallFailed,
    Contract,
    Result,
    revert,
)
from consortium_sandbox.node.keys import keccak256

EXEC_RESULT = keccak256(b"execResult(int256)")
_CONTRACTS: dict[str, Contract] = {
    CONSENSUS_ADDRESS: consensus_contract.contract,
    SYSTEM_CONFIG_ADDRESS: system_config.contract,
}


@dataclass(frozen=True)
class Kind:
    """A type of proposal: its number, its resource, and what it does once passed."""

    number: int
    resource: Callable[[list[abi.Value]], str]
    execute: Callable[[Call, list[abi.Value]], int]


def contract(call: Call) -> Result:
    signature = _SIGNATURES.get(call.selector)
    if signature is None:
        raise revert("")
    arguments = call.arguments(signature)
    governors = _governors(call)
    if call.sender not in governors:
        raise revert("you must be governor")
    if signature == VOTE:
        return _vote(call, int(str(arguments[0])), bool(arguments[1]))
    return _create(call, signature, arguments)


def _create(call: Call, signature: str, arguments: list[abi.Value]) -> Result:
    kind = _KINDS[signature]
    slot = f"proposal-slot/{kind.number}/{kind.resource(arguments)}"
    open_one = call.state.get(slot)
    if open_one and _is_open(call, _load(call, int(open_one))):
        raise revert("Current proposal not end")
    number = int(call.state.get("proposal-count") or 0) + 1
    call.state.put("proposal-count", str(number))
    call.state.put(slot, str(number))
    interval = int(str(arguments[-1]))
    proposal = {
        "call": signature,
        "input": call.input.hex(),
        "ends": call.block_number + interval,
        "votes": {},
        "done": False,
    }
    logs = _count(call, number, proposal, agree=True)
    return Result(abi.encode(["uint256"], [number]), logs)


def _vote(call: Call, number: int, agree: bool) -> Result:
    if not call.state.get(f"proposal/{number}"):
        raise revert("Proposal not exist")
    proposal = _load(call, number)
    if not _is_open(call, proposal):
        raise revert("Proposal is not votable")
    if call.sender in proposal["votes"]:
        raise revert("Already voted")
    return Result(b"", _count(call, number, proposal, agree))


def _count(call: Call, number: int, proposal: dict[str, Any], agree: bool) -> tuple[LogEntry, ...]:
    """Add the sender's vote, and carry the proposal out if that was enough."""
    proposal["votes"][call.sender] = agree
    governors = _governors(call)
    voted = sum(governors.get(voter, 0) for voter in proposal["votes"])
    agreed = sum(governors.get(voter, 0) for voter, yes in proposal["votes"].items() if yes)
    participation, win = _rates(call)
    total = sum(governors.values())
    proposal["done"] = voted * 100 >= participation * total and agreed * 100 >= win * voted
    call.state.put(f"proposal/{number}", json.dumps(proposal, sort_keys=True))
    if not proposal["done"]:
        return ()
    kind = _KINDS[proposal["call"]]
    data = bytes.fromhex(proposal["input"])
    result = kind.execute(call, abi.decode(abi.parameters(proposal["call"]), data[4:]))
    return (LogEntry(COMMITTEE_ADDRESS, (EXEC_RESULT,), abi.encode(["int256"], [result])),)


# --- what proposals do -------------------------------------------------------------------------


def _set_node(call: Call, arguments: list[abi.Value]) -> int:
    node, weight, add, _ = arguments
    if not add:
        return _inner(call, CONSENSUS_ADDRESS, "setWeight(string,uint256)", [node, weight])
    if weight:
        return _inner(call, CONSENSUS_ADDRESS, "addSealer(string,uint256)", [node, weight])
    return _inner(call, CONSENSUS_ADDRESS, "addObserver(string)", [node])


def _remove_node(call: Call, arguments: list[abi.Value]) -> int:
    return _inner(call, CONSENSUS_ADDRESS, "remove(string)", arguments[:1])


def _set_config(call: Call, arguments: list[abi.Value]) -> int:
    return _inner(call, SYSTEM_CONFIG_ADDRESS, system_config.SET, arguments[:2])


def _set_governor(call: Call, arguments: list[abi.Value]) -> int:
    account, weight = _hex(arguments[0]), int(str(arguments[1]))
    governors = _governors(call) | {account: weight}
    kept = {account: weight for account, weight in governors.items() if weight}
    call.state.put("governors", json.dumps(kept, sort_keys=True))
    return 0


def _set_rates(call: Call, arguments: list[abi.Value]) -> int:
    call.state.put("governance-rates", json.dumps([int(str(a)) for a in arguments[:2]]))
    return 0


def _inner(call: Call, to: str, signature: str, arguments: list[abi.Value]) -> int:
    """Call a built-in contract as the committee; what it throws reverts the whole transaction."""
    data = abi.selector(signature) + abi.encode(abi.parameters(signature), arguments)
    try:
        result = _CONTRACTS[to](Call(call.state, call.block_number, COMMITTEE_ADDRESS, to, data))
    except CallFailed as error:
        raise revert(error.text) from error
    return int.from_bytes(result.output, "big", signed=True)


# --- what is stored ----------------------------------------------------------------------------


def _governors(call: Call) -> dict[str, int]:
    found: dict[str, int] = json.loads(call.state.get("governors") or "{}")
    return found


def _rates(call: Call) -> tuple[int, int]:
    participation, win = json.loads(call.state.get("governance-rates") or "[0, 0]")
    return participation, win


def _load(call: Call, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call.state.get(f"proposal/{number}") or "{}")
    return found


def _is_open(call: Call, proposal: dict[str, Any]) -> bool:
    """Expiry is counted in blocks: an idle chain never ends a proposal."""
    return not proposal["done"] and call.block_number <= proposal["ends"]


def _hex(value: abi.Value) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


VOTE = "voteProposal(uint256,bool)"
_KINDS = {
    "createUpdateGovernorProposal(address,uint32,uint256)": Kind(
        11, lambda arguments: _hex(arguments[0]), _set_governor
    ),
    "createSetRateProposal(uint8,uint8,uint256)": Kind(
        12, lambda arguments: COMMITTEE_ADDRESS, _set_rates
    ),
    "createSetSysConfigProposal(string,string,uint256)": Kind(
        41, lambda arguments: SYSTEM_CONFIG_ADDRESS, _set_config
    ),
    "createSetConsensusWeightProposal(string,uint32,bool,uint256)": Kind(
        51, lambda arguments: CONSENSUS_ADDRESS, _set_node
    ),
    "createRmNodeProposal(string,uint256)": Kind(
        52, lambda arguments: CONSENSUS_ADDRESS, _remove_node
    ),
}
_SIGNATURES = {abi.selector(signature): signature for signature in (*_KINDS, VOTE)}
