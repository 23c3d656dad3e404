"""Probes: transactions that change nothing of meaning, and whose block proves something.

The founding probe is the first transaction, sent as soon as the quorum is up.
A node that restarts while its height is 0 comes back with another genesis hash and is lost to the
others (fisco-bcos 3.16.4, executor.version 1). The cure is a first block before anything can
restart; an empty chain makes none by itself. Later a probe shows that the sealers of an idle chain
agree again after some of them have restarted.
"""

from datetime import timedelta

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import chain_labels
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.engines.protocol import ChainCallFailed
from consortium_operator.reconcile.chain_view import address_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.keys import read_secret
from consortium_operator.reconcile.world import Custody, Round

AGAIN_AFTER = timedelta(seconds=15)
"""A probe that is not answered is mined later or lost: give it time before another one."""


async def found_if_due(run: Round, custody: Custody, view: ChainView) -> bool:
    """Sends the founding probe where it is due; true where a block was made."""
    if view.height != 0 or not view.has_quorum() or view.foreign_block0:
        return False
    why_not = await _probe(run, custody, view)
    if why_not is None:
        run.log.info("the chain made its first block")
        return True
    if why_not:
        message = f"the first transaction has not been mined yet: {why_not}"
        run.findings.add(
            Finding(ConditionType.CHAIN_CONSISTENT, Reason.PENDING, message, unknown=True)
        )
    return False


def is_in_doubt(run: Round, view: ChainView) -> bool:
    """Whether it is open that the live sealers make blocks together: they are in different rounds
    of votes, and have made none since one of them started."""
    if view.disagrees or view.height < 1 or not view.has_quorum():
        return False  # there other things are wrong
    return len(view.rounds_of_votes) > 1 and run.memory.proven != _at_work(view)


async def settle_doubt(run: Round, custody: Custody, view: ChainView) -> None:
    """On an idle chain nothing but a transaction can: no message tells that votes would meet. It is
    good until another process takes the place of one of the sealers."""
    if view.pending:
        return  # then that one does
    why_not = await _probe(run, custody, view)
    if why_not is None:
        run.memory.proven, run.memory.doubt = _at_work(view), ""
        return
    run.memory.doubt = why_not or run.memory.doubt
    if run.memory.doubt:
        message = (
            "the sealers are in different rounds of votes, and make no block yet: "
            f"{run.memory.doubt}"
        )
        run.findings.add(
            Finding(ConditionType.QUORUM_HEALTHY, Reason.UNKNOWN, message, unknown=True)
        )


def _at_work(view: ChainView) -> frozenset[str]:
    """Uids of the live sealers' pods."""
    return frozenset(node.pod_uid for node in view.nodes if node.node_id in view.live_sealers)


async def _probe(run: Round, custody: Custody, view: ChainView) -> str | None:
    """None where its block was made; else why not, or nothing where none was sent."""
    if run.memory.probed_at is not None and run.was_lately(run.memory.probed_at, AGAIN_AFTER):
        return ""
    sealer = first_live(run, custody, view)
    account = await read_secret(run, run.key.admin, chain_labels(run.key.name, run.plan.engine))
    if sealer is None or account is None:
        return ""
    address = address_of(run, sealer, custody)
    if isinstance(address, str):
        return ""
    run.memory.probed_at = run.world.now()
    try:
        await run.world.connect(run.plan).probe(*address, account, run.plan)
    except ChainCallFailed as error:
        return str(error)
    run.memory.probed_at = None
    return None


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
