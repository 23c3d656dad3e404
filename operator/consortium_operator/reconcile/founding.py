"""The founding probe: the first transaction, sent as soon as the quorum is up.

A node that restarts while its height is 0 comes back with another genesis hash and is lost to the
others (fisco-bcos 3.16.4, executor.version 1). The cure is a first block before anything can
restart; an empty chain makes none by itself.
"""

from datetime import timedelta

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import chain_labels
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.engines.protocol import ChainCallFailed
from consortium_operator.reconcile.chain_view import endpoint_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.keys import read_secret
from consortium_operator.reconcile.world import Custody, Round

AGAIN_AFTER = timedelta(seconds=15)
"""A probe that was not answered is mined later or lost: give it time before another one."""


async def found_if_due(run: Round, custody: Custody, view: ChainView) -> bool:
    """Sends the founding probe where it is due; true where a block was made."""
    if view.height != 0 or not view.has_quorum() or view.foreign_block0:
        return False
    if run.memory.probed_at is not None and run.was_lately(run.memory.probed_at, AGAIN_AFTER):
        return False
    sealer = first_live(run, custody, view)
    account = await read_secret(run, run.key.admin, chain_labels(run.key.name, run.plan.engine))
    if sealer is None or account is None:
        return False
    endpoint = endpoint_of(run, sealer, custody)
    identity = run.memory.clients.get(sealer.member)
    if isinstance(endpoint, str) or identity is None:
        return False
    run.memory.probed_at = run.world.now()
    try:
        client = run.world.connect(run.plan)
        await client.probe(endpoint, identity, account, run.plan)
    except ChainCallFailed as error:
        run.findings.add(
            Finding(
                ConditionType.CHAIN_CONSISTENT,
                Reason.PENDING,
                f"the first transaction has not been mined yet: {error}",
                unknown=True,
            )
        )
        return False
    run.log.info("the chain made its first block", extra={"node": sealer.path})
    return True


def first_live(run: Round, custody: Custody, view: ChainView) -> PlannedNode | None:
    """A sealer at work: whoever only follows the chain answers with a receipt of its own making."""
    working = view.live & view.weights.keys()
    return next(
        (
            node
            for node in run.plan.sealers
            if node.names.node in custody.nodes
            and custody.nodes[node.names.node].node_id in working
        ),
        None,
    )
