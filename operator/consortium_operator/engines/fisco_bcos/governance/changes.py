"""By which call a chain's members get one step nearer to what they should become."""

from consortium_operator.chain.changes import MemberChange, Members, Standing
from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall


def next_call(change: MemberChange, members: Members) -> ContractCall | None:
    """For a chain with auth off; None where nothing is left to do.

    A sealer was an observer before (code -51104), so that it takes two calls; whether it has
    caught up between them is the caller's to see.
    """
    if change.holds(members):
        return None
    if change.standing is Standing.OUTSIDE:
        return calls.remove_node(change.node_id)
    if change.standing is Standing.SEALER and change.node_id in members.sealers:
        return calls.set_weight(change.node_id, change.weight)
    if change.standing is Standing.SEALER and change.node_id in members.observers:
        return calls.add_sealer(change.node_id, change.weight)
    return calls.add_observer(change.node_id)


def next_proposal(change: MemberChange, members: Members, blocks: int) -> ContractCall | None:
    """As `next_call`, for a governor of a chain with auth on."""
    if change.holds(members):
        return None
    if change.standing is Standing.OUTSIDE:
        return calls.propose_removal(change.node_id, blocks)
    if change.standing is Standing.SEALER and change.node_id in members.sealers:
        return calls.propose_weight(change.node_id, change.weight, blocks)
    if change.standing is Standing.SEALER and change.node_id in members.observers:
        return calls.propose_sealer(change.node_id, change.weight, blocks)
    return calls.propose_observer(change.node_id, blocks)
