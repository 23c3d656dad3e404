"""One step of a change of the running chain: sent through a sealer at work, and read back.

What should be changed, and whether the chain can stand it now, is decided by the caller.
"""

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.changes import MemberChange
from consortium_operator.chain.naming import chain_labels
from consortium_operator.chain.view import ChainView
from consortium_operator.engines.protocol import ChainCallFailed
from consortium_operator.reconcile.chain_view import endpoint_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.founding import first_live
from consortium_operator.reconcile.keys import read_secret
from consortium_operator.reconcile.world import Founded


async def enact(
    founded: Founded, view: ChainView, change: MemberChange, condition: ConditionType, what: str
) -> bool:
    """Whether the change holds now. If not, a finding of `condition` says what it waits for.
    `what`: the change in words, "webank/shenzhen-0 joins as observer"."""
    run, custody = founded.round, founded.custody
    sealer = first_live(run, custody, view)
    account = await read_secret(run, run.key.admin, chain_labels(run.key.name, run.plan.engine))
    endpoint = endpoint_of(run, sealer, custody) if sealer is not None else "no sealer is at work"
    identity = run.memory.clients.get(sealer.member) if sealer is not None else None
    if isinstance(endpoint, str) or identity is None or account is None:
        why = endpoint if isinstance(endpoint, str) else "no account or client of the operator"
        run.findings.add(Finding(condition, Reason.PENDING, f"{what}: {why}"))
        return False
    try:
        client = run.world.connect(run.plan)
        enacted = await client.enact(endpoint, identity, account, change, run.plan)
    except ChainCallFailed as error:
        run.findings.add(Finding(condition, Reason.PENDING, f"{what}, not confirmed yet: {error}"))
        return False
    if enacted.refusal is not None:
        message = f"{what}: the chain refuses it: {enacted.refusal}"
        run.findings.add(Finding(condition, Reason.PENDING, message, needs_person=True))
    elif not enacted.holds:
        run.findings.add(Finding(condition, Reason.PENDING, f"{what}: it is on its way"))
    return enacted.holds
