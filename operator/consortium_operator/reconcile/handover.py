"""Brings about the committee that the spec asks for: one proposal at a time, read back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.changes import GovernorChange, RatesChange
from consortium_operator.chain.committee import Committee
from consortium_operator.chain.handover import Goal, Handover, achieved_by, plan_handover
from consortium_operator.chain.view import ChainView
from consortium_operator.engines.protocol import ChainCallFailed
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import desired_journal
from consortium_operator.reconcile.enactment import can_be_changed, enact, sealer_at_work
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.governor_keys import addresses
from consortium_operator.reconcile.journal import read_journal
from consortium_operator.reconcile.world import CommitteeRead, Founded, Round

_HANDED_OVER = ConditionType.GOVERNANCE_HANDED_OVER
ASK_AGAIN_AFTER = timedelta(minutes=10)


async def hand_over(founded: Founded, view: ChainView) -> bool:
    """Whether the chain's committee is the one that the spec asks for. Sends at most one change,
    with the votes that it needs."""
    now = await _read(founded, view)
    if now is None:
        return False
    goal = _goal(founded)
    await _remember(founded, now, goal)
    plan = _compared(founded.round, now, goal)
    if plan.due:
        await _send(founded, view, plan.due)
    else:
        _ask_others(founded.round, plan.for_others)
    return not founded.round.findings.of(_HANDED_OVER)


async def is_handed_over(founded: Founded, view: ChainView) -> bool:
    """The same of a resource that is paused, for which nothing is sent."""
    now = await _read(founded, view)
    if now is None:
        return False
    plan = _compared(founded.round, now, _goal(founded))
    if plan.due:
        what = "; ".join(map(in_words, plan.due))
        message = f"{what}: nothing is changed while spec.paused is true"
        founded.round.findings.add(Finding(_HANDED_OVER, Reason.PENDING, message))
    _ask_others(founded.round, plan.for_others)
    return not founded.round.findings.of(_HANDED_OVER)


async def _read(founded: Founded, view: ChainView) -> Committee | None:
    """None where there is nothing to hand over, or the committee cannot be read, which is told."""
    run, spec = founded.round, founded.round.plan.spec.fisco_bcos
    if not spec.governors or not spec.executor.auth_check:
        return None
    if not can_be_changed(view):
        message = "the chain makes no blocks, so that its committee cannot be changed"
    else:
        try:
            return await _committee(founded, view)
        except ChainCallFailed as error:
            message = f"the committee cannot be read: {error}"
    run.findings.add(Finding(_HANDED_OVER, Reason.PENDING, message, unknown=True))
    return None


def _compared(run: Round, now: Committee, goal: Goal) -> Handover:
    plan = plan_handover(now, goal)
    for message in plan.changed_on_chain:
        why = f"{message}: changed by others, which is not undone; ask for it in the resource"
        run.findings.add(Finding(_HANDED_OVER, Reason.CHANGED_ON_CHAIN, why, needs_person=True))
    return plan


async def _committee(founded: Founded, view: ChainView) -> Committee:
    """As it was read within the last minutes, unless the operator has changed it since. Raises
    ChainCallFailed."""
    run, known = founded.round, founded.round.memory.committee
    if known is not None and run.was_lately(known.at, ASK_AGAIN_AFTER):
        return known.committee
    sealer = sealer_at_work(founded, view)
    found = await run.world.connect(run.plan).committee(*sealer, run.plan)
    run.memory.committee = CommitteeRead(found, run.world.now())
    return found


def _goal(founded: Founded) -> Goal:
    run, custody = founded.round, founded.custody
    spec = run.plan.spec.fisco_bcos
    own = next((one.address for one in custody.admins.values()), "")
    return Goal(
        wanted=Committee(
            {one.address.lower(): one.weight for one in spec.governors},
            spec.governance_rates.participation,
            spec.governance_rates.win,
        ),
        achieved=read_journal(run).chain.committee,
        keys=addresses(run, custody),
        founder=(spec.executor.auth_admin_account or own).lower(),
    )


async def _remember(founded: Founded, now: Committee, goal: Goal) -> None:
    journal = read_journal(founded.round)
    achieved = achieved_by(now, goal)
    if achieved != journal.chain.committee:
        noted = replace(journal, chain=replace(journal.chain, committee=achieved))
        await bring_one(founded.round, desired_journal(founded.round, noted))


async def _send(
    founded: Founded, view: ChainView, due: Sequence[GovernorChange | RatesChange]
) -> None:
    run, change = founded.round, due[0]
    run.memory.committee = None
    if await enact(founded, view, change, _HANDED_OVER, in_words(change)):
        run.tell("CommitteeChanged", f"carried out by the committee: {in_words(change)}")
        message = f"{in_words(change)}: the chain has it; what else is due comes next"
        run.findings.add(Finding(_HANDED_OVER, Reason.PENDING, message))


def _ask_others(run: Round, governors: Sequence[str]) -> None:
    """A governor cannot remove itself, and no other governor's key is here."""
    for address in governors:
        call = run.engine.removal_call(address)
        message = f"governor {address} is to leave, which another governor proposes by {call}"
        run.findings.add(Finding(_HANDED_OVER, Reason.AWAITING_VOTES, message, needs_person=True))


def in_words(change: GovernorChange | RatesChange) -> str:
    if isinstance(change, RatesChange):
        return f"rates {change.participation} and {change.win}"
    if change.weight == 0:
        return f"governor {change.address} leaves"
    return f"governor {change.address} with weight {change.weight}"
