"""From what a node is on the chain to what it should be, one call at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.changes import MemberChange, Members, Standing
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall
from consortium_operator.engines.fisco_bcos.governance.changes import next_call, next_proposal

ME, OTHER = "aa" * 64, "bb" * 64
AS_SEALER = Members({ME: 1, OTHER: 1}, frozenset())
AS_OBSERVER = Members({OTHER: 1}, frozenset({ME}))
OUTSIDE = Members({OTHER: 1}, frozenset())
AS_WAITING = Members({ME: 1, OTHER: 1}, frozenset(), waiting=frozenset({ME}))
AS_ONE_AT_WORK = Members({ME: 1, OTHER: 1}, frozenset(), waiting=frozenset({OTHER}))

STEPS = [
    (AS_SEALER, MemberChange(ME, Standing.SEALER, 1), None, None),
    (
        AS_SEALER,
        MemberChange(ME, Standing.SEALER, 2),
        calls.set_weight(ME, 2),
        calls.propose_weight(ME, 2, 9),
    ),
    (
        AS_SEALER,
        MemberChange(ME, Standing.OBSERVER),
        calls.add_observer(ME),
        calls.propose_observer(ME, 9),
    ),
    (
        AS_SEALER,
        MemberChange(ME, Standing.OUTSIDE),
        calls.remove_node(ME),
        calls.propose_removal(ME, 9),
    ),
    (
        AS_OBSERVER,
        MemberChange(ME, Standing.SEALER, 3),
        calls.add_sealer(ME, 3),
        calls.propose_sealer(ME, 3, 9),
    ),
    (AS_OBSERVER, MemberChange(ME, Standing.OBSERVER), None, None),
    (
        AS_OBSERVER,
        MemberChange(ME, Standing.OUTSIDE),
        calls.remove_node(ME),
        calls.propose_removal(ME, 9),
    ),
    (
        OUTSIDE,
        MemberChange(ME, Standing.SEALER, 3),
        calls.add_observer(ME),
        calls.propose_observer(ME, 9),
    ),
    (
        OUTSIDE,
        MemberChange(ME, Standing.OBSERVER),
        calls.add_observer(ME),
        calls.propose_observer(ME, 9),
    ),
    (OUTSIDE, MemberChange(ME, Standing.OUTSIDE), None, None),
    # With one sealer at work a node refuses addObserver of any member: code -51101.
    (
        AS_WAITING,
        MemberChange(ME, Standing.OBSERVER),
        calls.remove_node(ME),
        calls.propose_removal(ME, 9),
    ),
    (
        AS_ONE_AT_WORK,
        MemberChange(ME, Standing.OBSERVER),
        calls.add_observer(ME),
        calls.propose_observer(ME, 9),
    ),
]


@pytest.mark.parametrize(("members", "change", "direct", "proposed"), STEPS)
def test_each_step_is_the_call_that_the_chain_takes(
    members: Members,
    change: MemberChange,
    direct: ContractCall | None,
    proposed: ContractCall | None,
) -> None:
    assert next_call(change, members) == direct
    assert next_proposal(change, members, 9) == proposed
    assert change.holds(members) == (direct is None)


def carried_out(members: Members, call: ContractCall) -> Members:
    """As the consensus contract does it."""
    node, *rest = call.arguments
    assert isinstance(node, str)
    sealers = {name: weight for name, weight in members.sealers.items() if name != node}
    observers = members.observers - {node}
    if call.function.startswith(("addSealer", "setWeight")):
        assert node in members.observers or node in members.sealers
        assert isinstance(rest[0], int)
        return Members(sealers | {node: rest[0]}, observers)
    if call.function.startswith("addObserver"):
        return Members(sealers, observers | {node})
    return Members(sealers, observers)


@given(
    st.sampled_from([AS_SEALER, AS_OBSERVER, OUTSIDE, AS_WAITING]),
    st.builds(MemberChange, st.just(ME), st.sampled_from(Standing), st.integers(1, 9)),
)
def test_every_change_is_there_after_two_steps_at_most(
    members: Members, change: MemberChange
) -> None:
    for _ in range(2):
        call = next_call(change, members)
        if call is not None:
            members = carried_out(members, call)
    assert change.holds(members)
    assert members.sealers[OTHER] == 1
