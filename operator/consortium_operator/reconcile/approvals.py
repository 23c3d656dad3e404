"""Rollouts that a person starts: `rollout.strategy: Manual`, and then
`consortium.dev/approve-rollout: <number>`.

The number is the resource's generation, so that an edit in the middle asks again, or where that
was used, the next one: renewed certificates and a new operator change nodes as well. The operator
cannot take an annotation back, so the journal says which number is in force, and when it is used
up. A node that does not serve changes without a word: that may be what brings it back.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from consortium_operator.api.chain import RolloutStrategy
from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.journal import Journal, RolloutApproval
from consortium_operator.chain.naming import APPROVE_ROLLOUT_ANNOTATION
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import desired_journal
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.rollout import Turn, is_silent
from consortium_operator.reconcile.world import Founded, Round


async def note_approval(founded: Founded, turns: Sequence[Turn], known: Knowledge) -> Journal:
    """The journal with the approval as it stands, written down before anything is done by it."""
    run, before = founded.round, known.journal.chain.approval
    now = _approval(run, turns, before)
    journal = replace(known.journal, chain=replace(known.journal.chain, approval=now))
    if now == before or await bring_one(run, desired_journal(run, journal)):
        return journal
    return known.journal


def approved(run: Round, turns: Sequence[Turn], known: Knowledge) -> tuple[Turn, ...]:
    """The turns that may be taken. What waits for a person is a finding. Nodes whose certificates
    have ended together restart together, by a word of their own or to bring the chain back."""
    is_free = not _is_manual(run) or known.mass_expiry is not None
    if is_free or known.journal.chain.approval.is_open:
        return tuple(turns)
    held = [turn for turn in turns if not is_silent(run, turn, known)]
    renewed = [turn for turn in held if turn.node.names.node in known.renewed]
    for awaiting, what in ((held, _Awaited.CHANGE), (renewed, _Awaited.RENEWAL)):
        if awaiting:
            run.findings.add(_awaits(run, awaiting, what, known))
    return tuple(turn for turn in turns if turn not in held)


class _Awaited(Enum):
    """What a rollout that waits would bring: in words, and on which condition it stands."""

    CHANGE = ("to change", ConditionType.UP_TO_DATE, Reason.AWAITING_APPROVAL)
    RENEWAL = (
        "to restart with renewed certificates",
        ConditionType.CERTIFICATES_VALID,
        Reason.AWAITING_RESTART,
    )


def _awaits(run: Round, turns: Sequence[Turn], what: _Awaited, known: Knowledge) -> Finding:
    words, condition, reason = what.value
    nodes = ", ".join(turn.node.path for turn in turns)
    number = _number(run, known.journal.chain.approval)
    command = run.how_to_say(APPROVE_ROLLOUT_ANNOTATION, str(number))
    message = f"{nodes}: {words}, which waits for an approval: {command}"
    return Finding(condition, reason, message, needs_person=True)


def _approval(run: Round, turns: Sequence[Turn], before: RolloutApproval) -> RolloutApproval:
    number = _number(run, before)
    is_said = str(number) in run.words(APPROVE_ROLLOUT_ANNOTATION)
    if _is_manual(run) and turns and is_said:
        return RolloutApproval(number, is_open=True)
    return replace(before, is_open=False)


def _number(run: Round, approval: RolloutApproval) -> int:
    """What an approval must carry now."""
    if approval.is_open and approval.number >= run.generation:
        return approval.number
    return max(run.generation, approval.number + 1)


def _is_manual(run: Round) -> bool:
    return run.plan.spec.rollout.strategy is RolloutStrategy.MANUAL
