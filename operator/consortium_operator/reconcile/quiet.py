"""When a round may be quiet: nobody is asked much, and nothing is done.

A round that looked at everything, found the chain well and had nothing to do would find the same
again, as long as all that it went by is the same: the resource, the objects in the cluster, the
keys and certificates, and what the nodes say. A quiet round holds these against each other.
Whatever differs leads to a full look in the same round, and only a full look leads to any deed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from consortium_operator.chain.plan import Plan
from consortium_operator.chain.quiet import QuietLook
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.reconcile.certificates import (
    HeldCertificates,
    certificates_in_use,
    serving_certificates,
)
from consortium_operator.reconcile.chain_view import look_quietly, read_chain
from consortium_operator.reconcile.world import Calm, Custody, Founded, Round

LONGEST_CALM = timedelta(minutes=5)
"""Between two full looks, whatever is seen: settings that others changed on chain, and what nobody
has thought of."""


@dataclass(frozen=True)
class Grounds:
    """What a round goes by, but for what the nodes say. `revision`: of the objects in the
    cluster."""

    plan: Plan
    generation: int
    annotations: Mapping[str, str]
    revision: int
    custody: Custody
    serving: Mapping[str, HeldCertificates]
    in_use: Mapping[str, HeldCertificates]


def grounds_of(founded: Founded) -> Grounds:
    run, custody = founded.round, founded.custody
    return Grounds(
        plan=run.plan,
        generation=run.generation,
        annotations=run.annotations,
        revision=run.world.store.revision(run.key.namespace, run.key.name),
        custody=custody,
        serving=serving_certificates(run, custody),
        in_use=certificates_in_use(run, custody),
    )


async def look_at(founded: Founded, grounds: Grounds) -> QuietLook | ChainView:
    """Quietly where that shows that all is as it was; else at everything."""
    run, calm = founded.round, founded.round.memory.calm
    run.memory.calm = None
    if calm is None or run.findings.found or not _may_hold(run, calm, grounds):
        return await read_chain(founded)
    run.memory.quiet_looks += 1
    look = await look_quietly(founded, calm.settled, run.memory.quiet_looks)
    why = calm.settled.why_look_closer(look)
    if why is None:
        run.memory.calm = calm
        return look
    run.log.info("looks at all nodes: %s", why)
    return await read_chain(founded, _silent(look))


def _may_hold(run: Round, calm: Calm, grounds: Grounds) -> bool:
    lasted = run.world.now() - calm.since
    return calm.grounds == grounds and timedelta(0) <= lasted < LONGEST_CALM


def _silent(look: QuietLook) -> dict[str, NodeView]:
    return {node.node: node for node in look.nodes if node.silence is not None}
