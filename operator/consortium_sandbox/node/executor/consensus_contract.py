"""The membership contract, 0x…1003 (ConsensusPrecompiled.cpp).

Codes come back in the output of a receipt whose status is 0. Nothing checks that a node exists, or
that a change leaves a quorum.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from consortium_sandbox.node import abi, versions
from consortium_sandbox.node.executor import working_sealers
from consortium_sandbox.node.executor.calls import Call, Result, code, precompiled_error
from consortium_sandbox.node.state import CANDIDATE, OBSERVER, SEALER, Member

OK = 0
NO_AUTHORITY = -50000
BAD_NODE_ID = -51100
LAST_SEALER = -51101
BAD_WEIGHT = -51102
NOT_IN_LIST = -51103
NOT_AN_OBSERVER = -51104

Members = dict[str, Member]
_NODE_ID = re.compile(r"[0-9a-f]{128}")


def contract(call: Call) -> Result:
    """Takes effect from the next block."""
    signature = call.function((*_METHODS, working_sealers.ROTATE))
    rotates = signature == working_sealers.ROTATE and working_sealers.is_on(call)
    if not call.may_govern and not rotates:
        return code(NO_AUTHORITY)
    if rotates:
        return working_sealers.rotate(call)
    if signature not in _METHODS:
        raise precompiled_error("ConsensusPrecompiled call undefined function!")
    arguments = call.arguments(signature)
    node_id = str(arguments[0]).lower()
    members = {member.node_id: member for member in call.state.members()}
    numbers = [abi.number_of(value) % (1 << 64) for value in arguments[1:]]
    result = _METHODS[signature](call, members, node_id, numbers)
    if result == OK:
        call.state.set_members(list(members.values()))
    return code(result)


def _add_sealer(call: Call, members: Members, node_id: str, numbers: list[int]) -> int:
    weight, term_weight = numbers[0], numbers[1] if len(numbers) > 1 else 0
    if not _NODE_ID.fullmatch(node_id):
        return BAD_NODE_ID
    if weight == 0:
        return BAD_WEIGHT
    known = members.get(node_id)
    if known is None and call.state.compatibility() >= versions.V3_1:
        return NOT_AN_OBSERVER
    kind = CANDIDATE if working_sealers.is_on(call) else SEALER
    members[node_id] = Member(node_id, kind, weight, term_weight, call.block_number + 1)
    return OK


def _add_observer(call: Call, members: Members, node_id: str, _: list[int]) -> int:
    if not _NODE_ID.fullmatch(node_id):
        return BAD_NODE_ID
    # As in the node: with one sealer left even an observer that is named again is refused.
    if node_id in members and _sealers(members) == 1:
        return LAST_SEALER
    members[node_id] = Member(node_id, OBSERVER, 0, 0, call.block_number + 1)
    return OK


def _remove(_call: Call, members: Members, node_id: str, _: list[int]) -> int:
    if len(node_id) != 128:
        return BAD_NODE_ID
    if members.pop(node_id, None) is None:
        return NOT_IN_LIST
    return OK if _sealers(members) else LAST_SEALER


def _set_weight(call: Call, members: Members, node_id: str, numbers: list[int]) -> int:
    if len(node_id) == 128 and numbers[0] == 0:
        return BAD_WEIGHT
    return _change(call, members, node_id, lambda known: replace(known, weight=numbers[0]))


def _set_term_weight(call: Call, members: Members, node_id: str, numbers: list[int]) -> int:
    return _change(call, members, node_id, lambda known: replace(known, term_weight=numbers[0]))


def _change(call: Call, members: Members, node_id: str, change: Callable[[Member], Member]) -> int:
    if len(node_id) != 128:
        return BAD_NODE_ID
    known = members.get(node_id)
    if known is None:
        return NOT_IN_LIST
    if known.kind == OBSERVER:
        raise precompiled_error("Cannot set weight to observer.")
    members[node_id] = replace(change(known), since=call.block_number + 1)
    return OK


def _sealers(members: Members) -> int:
    return sum(member.kind == SEALER for member in members.values())


_METHODS: dict[str, Callable[[Call, Members, str, list[int]], int]] = {
    "addSealer(string,uint256)": _add_sealer,
    "addSealer(string,uint256,uint256)": _add_sealer,
    "addObserver(string)": _add_observer,
    "remove(string)": _remove,
    "setWeight(string,uint256)": _set_weight,
    "setTermWeight(string,uint256)": _set_term_weight,
}
