"""One step of a change of the running chain: sent through a sealer at work, and read back.

What should be changed, and whether the chain can stand it now, is decided by the caller.
"""

from datetime import timedelta

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.changes import Change
from consortium_operator.chain.committee import OpenProposal
from consortium_operator.chain.view import ChainView
from consortium_operator.engines.protocol import ChainCallFailed, Enacted, Mandate
from consortium_operator.reconcile.chain_view import Address, address_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.governor_keys import read_accounts
from consortium_operator.reconcile.minutes import JournalMinutes
from consortium_operator.reconcile.probes import first_live
from consortium_operator.reconcile.world import Founded, RefusedChange

AGAIN_AFTER = timedelta(minutes=10)
"""A change that the chain refused is tried again: each try is a transaction."""


async def enact(
    founded: Founded, view: ChainView, change: Change, condition: ConditionType, what: str
) -> bool:
    """Whether the change holds now. If not, a finding of `condition` says what it waits for.
    `what`: the change in words, "webank/shenzhen-0 joins as observer"."""
    run = founded.round
    refused = run.memory.refused_changes.get(change)
    is_same_wish = refused is not None and refused.generation == run.generation
    if refused is not None and is_same_wish and run.was_lately(refused.at, AGAIN_AFTER):
        run.findings.add(_refusal(condition, what, refused.why))
        return False
    try:
        enacted = await _send(founded, view, change)
    except ChainCallFailed as error:
        run.findings.add(Finding(condition, Reason.PENDING, f"{what}, not confirmed yet: {error}"))
        return False
    if enacted.refusal is not None:
        noted = RefusedChange(enacted.refusal, run.world.now(), run.generation)
        run.memory.refused_changes[change] = noted
        run.findings.add(_refusal(condition, what, enacted.refusal))
    elif enacted.proposal is not None:
        run.findings.add(_open_proposal(condition, what, enacted.proposal))
    elif not enacted.holds:
        run.findings.add(Finding(condition, Reason.PENDING, f"{what}: it is on its way"))
    return enacted.holds


def _refusal(condition: ConditionType, what: str, why: str) -> Finding:
    message = f"{what}: the chain refuses it: {why}"
    return Finding(condition, Reason.PENDING, message, needs_person=True)


async def _send(founded: Founded, view: ChainView, change: Change) -> Enacted:
    """Raises ChainCallFailed."""
    run = founded.round
    return await run.world.connect(run.plan).enact(await mandate_for(founded, view), change)


async def mandate_for(founded: Founded, view: ChainView) -> Mandate:
    """Raises ChainCallFailed."""
    run = founded.round
    sealer, accounts = sealer_at_work(founded, view), await read_accounts(run)
    return Mandate(*sealer, accounts, run.plan, JournalMinutes(founded))


def _open_proposal(condition: ConditionType, what: str, proposal: OpenProposal) -> Finding:
    number = proposal.number
    if proposal.was_ours:
        message = (
            f"{what}: waits for proposal {number}, which the operator made before, as "
            f"{proposal.proposer}. That is no governor with a key here any more, so that nobody "
            f"revokes it: the governors decide it, each by {_command(number)}"
        )
        return Finding(condition, Reason.PROPOSAL_SLOT_BUSY, message, needs_person=True)
    if not proposal.is_ours:
        message = (
            f"{what}: waits for proposal {number} of {proposal.proposer}, which is not the "
            "operator's: governors decide it, or its proposer revokes it"
        )
        return Finding(condition, Reason.PROPOSAL_SLOT_BUSY, message, needs_person=True)
    message = (
        f"{what}: proposal {number} waits for the votes of other governors, each by "
        f"{_command(number)} or {proposal.vote}"
    )
    return Finding(condition, Reason.AWAITING_VOTES, message, needs_person=True)


def _command(number: int) -> str:
    """A governor knows which sealer is within reach, and where the files are."""
    return f"`consortium vote {number} --rpc HOST:PORT --tls DIR --key FILE`"


def can_be_changed(view: ChainView) -> bool:
    """Only a chain that makes blocks and agrees with itself is."""
    return view.height > 0 and view.has_quorum() and not view.disagrees


def sealer_at_work(founded: Founded, view: ChainView) -> Address:
    """Through which the chain is asked and changed. Raises ChainCallFailed."""
    run, custody = founded.round, founded.custody
    sealer = first_live(run, custody, view)
    if sealer is None:
        raise ChainCallFailed("no sealer is at work")
    address = address_of(run, sealer, custody)
    if isinstance(address, str):
        raise ChainCallFailed(f"{sealer.path}: {address}")
    return address
