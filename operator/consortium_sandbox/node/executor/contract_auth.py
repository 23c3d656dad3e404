"""Who may deploy contracts, 0x…1005 (AuthManagerPrecompiled.cpp): only the committee changes it.

Type 0: everybody. 1: a white list, only those opened. 2: a black list, all but those closed.
Changing the type empties neither list. Rights on single methods of contracts are not modelled.
"""

from __future__ import annotations

from consortium_sandbox.node import abi
from consortium_sandbox.node.executor.calls import (
    COMMITTEE_ADDRESS,
    Call,
    Result,
    code,
    precompiled_error,
)
from consortium_sandbox.node.state import State

ALLOW_ALL, WHITE_LIST, BLACK_LIST = 0, 1, 2
TYPE, SET_TYPE = "deployType()", "setDeployAuthType(uint8)"
OPEN, CLOSE, HAS = "openDeployAuth(address)", "closeDeployAuth(address)", "hasDeployAuth(address)"
_OK, _NO_AUTHORITY, _UNKNOWN_TYPE = 0, -50000, -51003


def may_deploy(state: State, account: str) -> bool:
    """Whether an account (40 hex digits) may deploy."""
    kind = deploy_type(state)
    if not state.auth_is_on() or kind == ALLOW_ALL:
        return True
    listed = state.get(f"deploy-auth/{kind}/{account}") == "1"
    return listed if kind == WHITE_LIST else not listed


def deploy_type(state: State) -> int:
    return int(state.get("deploy-auth-type") or ALLOW_ALL)


def contract(call: Call) -> Result:
    signature = call.function((TYPE, SET_TYPE, OPEN, CLOSE, HAS))
    if signature is None:
        raise precompiled_error("AuthManagerPrecompiled call undefined function!")
    arguments = call.arguments(signature)
    if signature == TYPE:
        return Result(abi.encode(["uint256"], [deploy_type(call.state)]))
    if signature == HAS:
        return Result(abi.encode(["bool"], [may_deploy(call.state, abi.hex_of(arguments[0]))]))
    if call.sender != COMMITTEE_ADDRESS:
        return code(_NO_AUTHORITY)
    if signature == SET_TYPE:
        return _set_type(call, abi.number_of(arguments[0]))
    return _set_right(call, abi.hex_of(arguments[0]), opened=signature == OPEN)


def _set_type(call: Call, kind: int) -> Result:
    if kind not in (ALLOW_ALL, WHITE_LIST, BLACK_LIST):
        return code(_UNKNOWN_TYPE)
    call.state.put("deploy-auth-type", str(kind))
    return code(_OK)


def _set_right(call: Call, account: str, *, opened: bool) -> Result:
    """The entry goes to the list of the type in force."""
    kind = deploy_type(call.state)
    listed = opened if kind == WHITE_LIST else not opened
    if kind != ALLOW_ALL:
        call.state.put(f"deploy-auth/{kind}/{account}", str(int(listed)))
    return code(_OK)
