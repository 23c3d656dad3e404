"""Brings the chain's members to what the spec asks: one transaction a round, each read back.

What others changed on chain is reported and left; what the chain cannot stand is refused with the
numbers. A person may insist on either, by an annotation that names this very change.
"""

from collections.abc import Sequence

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.membership import Kind, Wish, strangers, why_unsafe, wishes
from consortium_operator.chain.naming import ACCEPT_CHANGE_ANNOTATION, content_hash
from consortium_operator.chain.plan import Departure, PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.kube.kinds import STATEFUL_SET, ObjectKey
from consortium_operator.reconcile.enactment import enact
from consortium_operator.reconcile.evictions import going
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.node_states import sight_of, why_down
from consortium_operator.reconcile.world import Founded, Round

_IN_SYNC = ConditionType.MEMBERSHIP_IN_SYNC
_REASONS = {
    Kind.OBSERVE: Reason.JOINING,
    Kind.PROMOTE: Reason.JOINING,
    Kind.REWEIGH: Reason.JOINING,
    Kind.DEMOTE: Reason.LEAVING,
    Kind.REMOVE: Reason.LEAVING,
}


async def bring_membership(founded: Founded, known: Knowledge) -> None:
    """Grants at most one wish. Nothing is done while the nodes disagree about the chain."""
    await _grant_one(founded, known)
    _tell_leavers(founded.round, known)


async def _grant_one(founded: Founded, known: Knowledge) -> None:
    run, view = founded.round, known.view
    open_wishes = tell_membership(run, known)
    if view is None or view.disagrees:
        return
    for wish in open_wishes:
        waits = _why_wait(run, wish, open_wishes, known)
        if waits is not None:
            run.findings.add(waits)
            continue
        if await enact(founded, view, wish.change, _IN_SYNC, wish.what):
            run.tell("MembershipChanged", f"{wish.what}: the chain says so")
        run.findings.add(_finding(wish, wish.what))
        return


def tell_membership(run: Round, known: Knowledge) -> tuple[Wish, ...]:
    """The wishes that are the operator's to grant; what others decided is told."""
    view = known.view
    if view is None:
        return ()
    _tell_absent_leavers(run, view, known)
    if view.height < 1:
        return ()
    node_ids = {name: register.node_id for name, register in known.custody.nodes.items()}
    found = wishes(run.plan.nodes, node_ids, view.members, known.journal)
    for node_id in strangers(view.members, node_ids.values()):
        what = f"the chain has the node {node_id[:16]}…, which is not in the spec"
        run.findings.add(_changed_on_chain(what))
    mine = []
    for wish in found:
        if not wish.was_achieved or _is_accepted(run, wish, known):
            mine.append(wish)
        else:
            what = f"{wish.what}, says the spec, and did; then others changed that on chain"
            accept = _how_to_accept(run, wish, known)
            run.findings.add(_changed_on_chain(f"{what}. To change it again: {accept}"))
    return tuple(mine)


def _tell_absent_leavers(run: Round, view: ChainView, known: Knowledge) -> None:
    """Whoever left the spec gets no pod any more: the resource was made anew without it, or edited
    before it had one. Where the others are no quorum, they cannot even vote it out."""
    absent = [
        node
        for node in run.plan.nodes
        if node.departure is Departure.LEAVING and known.vote(node) and not _may_run(run, node)
    ]
    total = view.quorum.total_weight
    left = total - sum(known.vote(node) for node in absent)
    if not absent or view.quorum.is_met_by(left) or run.plan.spec.hibernated:
        return
    message = (
        f"{', '.join(node.path for node in absent)}: out of the spec before the chain was without "
        f"them, and with no pod. Of {total} weight {left} is left, and any block needs "
        f"{view.quorum.required}, also one that votes them out: put them back into the spec until "
        "the chain runs"
    )
    run.findings.add(Finding(_IN_SYNC, Reason.QUORUM_UNSAFE, message, needs_person=True))


def _tell_leavers(run: Round, known: Knowledge) -> None:
    """Nothing else tells of them. The others have the margin without them until they are out: one
    may not have come back with its new certificate. And whoever is out is seen off from the next
    round on, for which all others may have to restart."""
    sight = sight_of(run, known)
    for node in run.plan.leaving:
        if not known.is_member(node):
            message = f"the chain is without {node.path}, and what it needed goes next"
            run.findings.add(Finding(_IN_SYNC, Reason.LEAVING, message))
        why = why_down(node, sight) if known.vote(node) else None
        if why is not None and not run.plan.spec.hibernated:
            message = f"{node.path} counts until the chain is without it, and is down: {why}"
            run.findings.add(Finding(_IN_SYNC, Reason.LEAVING, message))


def _may_run(run: Round, node: PlannedNode) -> bool:
    key = ObjectKey(STATEFUL_SET, run.key.namespace, node.names.node)
    return run.world.store.get(key) is not None


def _changed_on_chain(message: str) -> Finding:
    return Finding(_IN_SYNC, Reason.CHANGED_ON_CHAIN, message, needs_person=True)


def _why_wait(
    run: Round, wish: Wish, open_wishes: Sequence[Wish], known: Knowledge
) -> Finding | None:
    view = known.view
    assert view is not None
    if not view.has_quorum():
        return _finding(wish, f"{wish.what} once the chain has a quorum to decide it")
    restarting = going(run, known)
    if wish.kind is not Kind.OBSERVE and restarting is not None:
        return _finding(wish, f"{wish.what} once {restarting.path} has restarted")
    if wish.kind is Kind.OBSERVE and not _is_ready_to_join(wish, view, known):
        return _finding(wish, f"{wish.what} once its node runs: {_why_down(run, wish, known)}")
    if wish.kind is Kind.PROMOTE and not (known.is_live(wish.node) and known.height(wish.node) > 0):
        what = f"{wish.what} once it keeps up with the others: {_why_down(run, wish, known)}"
        return _finding(wish, what, Reason.CATCHING_UP)
    unsafe = why_unsafe(view, wish)
    joining = [one.node.path for one in open_wishes if one.adds_weight and one.node.is_sealer]
    if wish.kind in (Kind.DEMOTE, Kind.REMOVE) and unsafe is not None and joining:
        return _finding(wish, f"{wish.what} after {', '.join(joining)} joined: {unsafe}")
    if unsafe is None or _is_accepted(run, wish, known):
        return None
    accept = _how_to_accept(run, wish, known)
    message = f"{wish.what}: refused, since {unsafe}. To have it all the same: {accept}"
    return _finding(wish, message, Reason.QUORUM_UNSAFE, needs_person=True)


def _finding(
    wish: Wish, message: str, reason: Reason | None = None, *, needs_person: bool = False
) -> Finding:
    return Finding(_IN_SYNC, reason or _REASONS[wish.kind], message, needs_person=needs_person)


def _is_ready_to_join(wish: Wish, view: ChainView, known: Knowledge) -> bool:
    """It runs our chain, and is not about to start over."""
    name = wish.node.names.node
    seen = view.of(name)
    return (
        seen is not None
        and seen.answers
        and name not in known.lost
        and name not in view.foreign_block0
        and (seen.height > 0 or seen.genesis_hash == view.genesis_hash)
    )


def _why_down(run: Round, wish: Wish, known: Knowledge) -> str:
    return why_down(wish.node, sight_of(run, known)) or "it has just come"


def _is_accepted(run: Round, wish: Wish, known: Knowledge) -> bool:
    return _word(wish, known) in run.words(ACCEPT_CHANGE_ANNOTATION)


def _how_to_accept(run: Round, wish: Wish, known: Knowledge) -> str:
    return run.how_to_say(ACCEPT_CHANGE_ANNOTATION, _word(wish, known))


def _word(wish: Wish, known: Knowledge) -> str:
    """Stands for this change of these members, once: a node that was changed since has another
    height in the journal."""
    assert known.view is not None
    members = sorted(known.view.members.sealers.items())
    entry = known.journal.of(wish.node.names.node)
    return content_hash(wish.what, repr(members), repr((entry.block, entry.out)))
