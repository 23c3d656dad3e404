"""Restarts that a person asks for: `consortium.dev/restart: <node>@<any token>`.

A token is good for one restart. The operator cannot take an annotation back, so the journal binds
the token to the pod that is there before that pod goes: once it is gone, by whose hand ever, the
token is used up.
"""

from collections.abc import Iterable
from dataclasses import replace

from consortium_operator.chain.naming import RESTART_ANNOTATION
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.projection import Observed
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import desired_journal
from consortium_operator.reconcile.evictions import evict, pod_of
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.rollout import Wait, under_way, why_wait
from consortium_operator.reconcile.world import Founded, Round


async def restart_asked(founded: Founded, settled: Iterable[PlannedNode], known: Knowledge) -> None:
    """At most one node in a round, of those that nothing else is about to restart."""
    run = founded.round
    for node in settled:
        pod, token = pod_of(run, node), _token(run, node)
        if pod is None or token is None or _is_used(known, node, token, pod):
            continue
        wait = why_wait(run, node, pod, known)
        if wait is None:
            wait = await _restart(founded, node, pod, token, known)
        run.findings.add(under_way(f"node {node.path} restarts, as a person asked", wait))
        return


def _token(run: Round, node: PlannedNode) -> str | None:
    """The last one that names the node."""
    asked = (word.rpartition("@") for word in run.words(RESTART_ANNOTATION))
    tokens = [token for name, _, token in asked if name == node.names.node and token]
    return tokens[-1] if tokens else None


def _is_used(known: Knowledge, node: PlannedNode, token: str, pod: Observed) -> bool:
    entry = known.journal.of(node.names.node)
    return entry.restarted == token and entry.restarted_pod != pod.uid


async def _restart(
    founded: Founded, node: PlannedNode, pod: Observed, token: str, known: Knowledge
) -> Wait | None:
    run, name = founded.round, node.names.node
    entry = replace(known.journal.of(name), restarted=token, restarted_pod=pod.uid)
    if not await bring_one(run, desired_journal(run, known.journal.noting(name, entry))):
        return Wait("the journal cannot be written")
    refused = await evict(run, pod, f"a person asked for it ({RESTART_ANNOTATION}: {token})")
    return Wait(refused) if refused is not None else None
