"""Under which name the state keeps an account's contract (EVMAccount.h).

Executor 0 takes the digits of the address, executor 1 its bytes where a flag says so. Nothing moves
when that changes: what has the other name is lost. The system's own addresses keep their names, but
what stands behind the committee's are contracts like any other.
"""

from __future__ import annotations

from consortium_sandbox.node.executor.calls import Place
from consortium_sandbox.node.state import RAW_ADDRESS, State


def name(state: State, place: Place, address: str) -> str:
    return f"raw/{address}" if _is_raw(state, place) else address


def has_committee(state: State, place: Place) -> bool:
    """Whether what was made with block 0 is still found."""
    return _is_raw(state, place) == (state.get("committee-is-raw") == "1")


def _is_raw(state: State, place: Place) -> bool:
    return place.rules.executor > 0 and state.has_feature(RAW_ADDRESS, place.block_number)
