"""Revokes proposals of the operator's that the resource does not ask for any more.

One that makes room for another is revoked on its way (the engine's `enact`). But an edit that was
taken back asks for nothing: left open, its proposal could still be voted through months later.
"""

from collections.abc import Iterator

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.changes import (
    Change,
    GovernorChange,
    MemberChange,
    RatesChange,
    Standing,
    text_of,
)
from consortium_operator.chain.committee import Proposed
from consortium_operator.chain.membership import change_for
from consortium_operator.chain.view import ChainView
from consortium_operator.engines.protocol import ChainCallFailed
from consortium_operator.reconcile.enactment import can_be_changed, mandate_for
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.journal import read_journal
from consortium_operator.reconcile.minutes import JournalMinutes
from consortium_operator.reconcile.volumes import ledgers_of
from consortium_operator.reconcile.world import Founded

_CONDITIONS = {
    "member": ConditionType.MEMBERSHIP_IN_SYNC,
    "setting": ConditionType.UP_TO_DATE,
}


async def withdraw_outdated(founded: Founded, view: ChainView) -> None:
    """At most one in a round. What is closed, or was revoked, is forgotten."""
    run = founded.round
    proposals = read_journal(run).chain.proposals
    if not proposals or not can_be_changed(view):
        return
    asked = {text_of(change) for change in _asked(founded)}
    for kind, proposed in sorted(proposals.items()):
        if proposed.change in asked or _is_of_one_who_leaves(founded, proposed):
            continue
        await _withdraw(founded, view, kind, proposed)
        return


async def _withdraw(founded: Founded, view: ChainView, kind: str, proposed: Proposed) -> None:
    run = founded.round
    try:
        mandate = await mandate_for(founded, view)
        found = await run.world.connect(run.plan).withdraw(mandate, kind)
        if found.refusal is None:
            await JournalMinutes(founded).forget(kind)
    except ChainCallFailed as error:
        run.findings.add(_open(proposed, str(error), needs_person=False))
        return
    if found.refusal is not None:
        run.findings.add(_open(proposed, found.refusal, needs_person=True))
    elif found.number is not None:
        what = f"revoked proposal {found.number}, which the resource does not ask for any more"
        run.tell("ProposalRevoked", what)


def _open(proposed: Proposed, why: str, *, needs_person: bool) -> Finding:
    about = proposed.change.partition(" ")[0]
    condition = _CONDITIONS.get(about, ConditionType.GOVERNANCE_HANDED_OVER)
    message = f"a proposal of the operator's is open and not asked for any more: {why}"
    return Finding(condition, Reason.PENDING, message, needs_person=needs_person)


def _asked(founded: Founded) -> Iterator[Change]:
    """All that the resource asks for, whether or not the chain has it, and what a rebuild does."""
    run, nodes = founded.round, founded.custody.nodes
    for node in run.plan.nodes:
        if node.names.node in nodes:
            yield change_for(node, nodes[node.names.node].node_id)
    for ledger in ledgers_of(run, read_journal(run)):
        weight, name = ledger.entry.former_weight, ledger.node.names.node
        if ledger.entry.rebuilding is not None and weight is not None and name in nodes:
            standing = Standing.OBSERVER if ledger.awaits_volume else Standing.SEALER
            yield MemberChange(nodes[name].node_id, standing, weight)
    yield from (setting.change for setting in run.engine.wanted_settings(run.plan))
    spec = run.plan.spec.fisco_bcos
    for governor in spec.governors:
        yield GovernorChange(governor.address.lower(), governor.weight)
    if spec.governors:
        yield RatesChange(spec.governance_rates.participation, spec.governance_rates.win)


def _is_of_one_who_leaves(founded: Founded, proposed: Proposed) -> bool:
    """Whether it removes a governor that the resource does not list."""
    governors = founded.round.plan.spec.fisco_bcos.governors
    listed = {governor.address.lower() for governor in governors}
    kind, _, rest = proposed.change.partition(" ")
    address, _, weight = rest.partition(" ")
    return bool(listed) and kind == "governor" and weight == "0" and address not in listed
