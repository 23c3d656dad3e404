"""By which call a chain gets one step nearer to a change."""

from consortium_operator.chain.changes import (
    Change,
    GovernorChange,
    MemberChange,
    Members,
    RatesChange,
    SettingChange,
    Standing,
)
from consortium_operator.chain.committee import Committee
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall

State = Members | Committee | str | None
"""What the chain says of the thing that a change is about: its members, its committee, or the value
of a setting, None where it was never made."""


def holds(change: Change, state: State) -> bool:
    if isinstance(change, SettingChange):
        return isinstance(state, str) and change.holds(state)
    if isinstance(change, MemberChange):
        return isinstance(state, Members) and change.holds(state)
    return isinstance(state, Committee) and change.holds(state)


def next_call(change: Change, state: State) -> ContractCall | None:
    """For a chain with auth off; None where nothing is left to do.

    A sealer was an observer before (code -51104), so that it takes two calls; whether it has
    caught up between them is the caller's to see.
    """
    if holds(change, state):
        return None
    if isinstance(change, SettingChange):
        return calls.set_value(change.key, change.value)
    if not isinstance(change, MemberChange):
        raise ValueError("a chain with auth off has no committee")
    if change.standing is Standing.OUTSIDE or _leaves_first(change, state):
        return calls.remove_node(change.node_id)
    if _is_sealer(change, state):
        return calls.set_weight(change.node_id, change.weight)
    if _is_observer(change, state):
        return calls.add_sealer(change.node_id, change.weight)
    return calls.add_observer(change.node_id)


def next_proposal(change: Change, state: State, blocks: int) -> ContractCall | None:
    """As `next_call`, for a governor of a chain with auth on."""
    if holds(change, state):
        return None
    if isinstance(change, SettingChange):
        return calls.propose_value(change.key, change.value, blocks)
    if isinstance(change, GovernorChange):
        return calls.propose_governor(change.address, change.weight, blocks)
    if isinstance(change, RatesChange):
        return calls.propose_rates(change.participation, change.win, blocks)
    if change.standing is Standing.OUTSIDE or _leaves_first(change, state):
        return calls.propose_removal(change.node_id, blocks)
    if _is_sealer(change, state):
        return calls.propose_weight(change.node_id, change.weight, blocks)
    if _is_observer(change, state):
        return calls.propose_sealer(change.node_id, change.weight, blocks)
    return calls.propose_observer(change.node_id, blocks)


def _leaves_first(change: MemberChange, state: State) -> bool:
    """While one sealer alone is at work, as RPBFT may have it, a node makes an observer of no other
    member (code -51101, whoever it is about), but of whoever is in no list. So a sealer that waits
    for its turn is removed, and added as observer by the next call."""
    return (
        isinstance(state, Members)
        and change.standing is Standing.OBSERVER
        and change.node_id in state.waiting
        and len(state.sealers) - len(state.waiting) == 1
    )


def _is_sealer(change: MemberChange, state: State) -> bool:
    """Whether it is one already and stays one."""
    is_one = isinstance(state, Members) and change.node_id in state.sealers
    return is_one and change.standing is Standing.SEALER


def _is_observer(change: MemberChange, state: State) -> bool:
    """Whether it is one now and becomes a sealer."""
    is_one = isinstance(state, Members) and change.node_id in state.observers
    return is_one and change.standing is Standing.SEALER
