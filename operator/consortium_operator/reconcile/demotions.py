"""A sealer that is rebuilt is an observer meanwhile: by one transaction before it gets its empty
volume, and by one after it has caught up.

The journal remembers its weight from before the first until after the second, and as long as it
does, nobody else changes what the node is.
"""

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.changes import MemberChange, Standing
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.quorum import Quorum
from consortium_operator.reconcile.enactment import enact
from consortium_operator.reconcile.evictions import going
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.rebuilds import is_back
from consortium_operator.reconcile.volumes import Ledger, ledgers_of
from consortium_operator.reconcile.world import Founded

_IN_SYNC = ConditionType.MEMBERSHIP_IN_SYNC


async def change_votes(founded: Founded, known: Knowledge, stands: Journal) -> bool:
    """At most one transaction; whether one was sent. `stands`: the journal as it was read in this
    round."""
    if known.view is None or not known.was_read or known.disagrees:
        return False
    if going(founded.round, known) is not None:
        return False  # what the chain can spare is seen once that one is gone
    for ledger in ledgers_of(founded.round, known.journal):
        entry, node = ledger.entry, ledger.node
        begun = stands.of(node.names.node).rebuilding == entry.rebuilding
        if entry.rebuilding is None or entry.former_weight is None or not begun:
            continue
        vote = known.vote(node)
        if ledger.awaits_volume and vote:
            return await _demote(founded, known, node)
        if not ledger.awaits_volume and vote != entry.former_weight:
            return await _promote(founded, known, ledger, entry.former_weight)
    return False


async def _demote(founded: Founded, known: Knowledge, node: PlannedNode) -> bool:
    run, view = founded.round, known.view
    if view is None or not view.has_quorum():
        return False  # told with its volume: only a person can have it rebuilt then
    weight = view.weights.get(founded.custody.nodes[node.names.node].node_id, 0)
    left = Quorum(view.quorum.total_weight - weight)
    live = view.live_weight - (weight if known.is_live(node) else 0)
    numbers = f"{live} of {left.total_weight} weight are live and {left.required} needed"
    if not left.is_met_by(live):
        message = f"node {node.path} cannot become an observer now: without it {numbers}"
        run.findings.add(Finding(_IN_SYNC, Reason.QUORUM_UNSAFE, message))
        return False
    what = f"node {node.path} becomes an observer until it is rebuilt"
    change = MemberChange(founded.custody.nodes[node.names.node].node_id, Standing.OBSERVER)
    if await enact(founded, view, change, _IN_SYNC, what):
        risk = "" if left.faulty else ", so that no other may fail meanwhile"
        run.tell("NodeDemoted", f"{what}: without it {numbers}{risk}")
        run.findings.add(Finding(_IN_SYNC, Reason.CATCHING_UP, f"{what}: {numbers}{risk}"))
    return True


async def _promote(founded: Founded, known: Knowledge, ledger: Ledger, weight: int) -> bool:
    run, node, view = founded.round, ledger.node, known.view
    what = f"node {node.path} becomes a sealer of weight {weight} again"
    if view is None or not is_back(run, known, ledger):
        risk = "" if view is None or view.quorum.faulty else "; no other may fail meanwhile"
        message = f"{what} once it has caught up on {node.names.data(ledger.newest)}{risk}"
        run.findings.add(Finding(_IN_SYNC, Reason.CATCHING_UP, message))
        return False
    grown = Quorum(view.quorum.total_weight + weight)
    if not grown.is_met_by(view.live_weight + weight):
        message = f"{what} once {grown.required - weight} of the other weight are live"
        run.findings.add(Finding(_IN_SYNC, Reason.QUORUM_UNSAFE, message))
        return False
    node_id = founded.custody.nodes[node.names.node].node_id
    change = MemberChange(node_id, Standing.SEALER, weight)
    if await enact(founded, view, change, _IN_SYNC, what):
        run.tell("NodePromoted", what)
        run.findings.add(Finding(_IN_SYNC, Reason.CATCHING_UP, f"{what}: the chain says so"))
    return True
