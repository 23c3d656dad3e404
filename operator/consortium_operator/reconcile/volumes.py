"""Which volume each node uses, and when one may be made.

A volume that was lost is not made again by itself: the node would come back without its PBFT log.
A node that started a second time before the chain's first block needs the next generation: its
genesis hash has changed and the others refuse it (fisco-bcos 3.16.4); it held no block, so nothing
is lost.
"""

from collections.abc import Iterable

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import NODE_LABEL
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD, ObjectKey
from consortium_operator.kube.projection import PodDetail
from consortium_operator.reconcile.desired import NodeVolume
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.world import Custody, Round


def node_volumes(
    run: Round, journal: Journal, custody: Custody, view: ChainView | None
) -> dict[str, NodeVolume]:
    """By full object name of the node. What is lost is a finding."""
    claims = _generations(run)
    return {
        node.names.node: _volume(run, node, claims.get(node.names.node, ()), journal, custody, view)
        for node in run.plan.nodes
    }


def _volume(
    run: Round,
    node: PlannedNode,
    generations: Iterable[int],
    journal: Journal,
    custody: Custody,
    view: ChainView | None,
) -> NodeVolume:
    latest = max(generations, default=0)
    if latest and _runs_on(run, node, latest) and restarted_at_genesis(node, custody, view):
        run.findings.add(
            Finding(
                ConditionType.NODES_READY,
                Reason.RESTARTED_AT_GENESIS,
                f"node {node.path} started again before it had a block and was lost to the "
                f"others: it gets a new volume, {node.names.data(latest + 1)}",
            )
        )
        return NodeVolume(latest + 1, may_make=True)
    if latest:
        return NodeVolume(latest, may_make=False)
    if journal.of(node.names.node).block is None:
        return NodeVolume(1, may_make=True)
    run.findings.add(
        Finding(
            ConditionType.NODES_READY,
            Reason.VOLUME_LOST,
            f"the volume {node.names.data(1)} of node {node.path} is gone: its pod waits. "
            "Restore the PersistentVolumeClaim",
            needs_person=True,
        )
    )
    return NodeVolume(1, may_make=False)


def _runs_on(run: Round, node: PlannedNode, generation: int) -> bool:
    """Whether the node's pod mounts this generation; before it does, its answers are of an older
    one."""
    pod = run.world.store.get(ObjectKey(POD, run.key.namespace, node.names.pod))
    if pod is None or not isinstance(pod.detail, PodDetail):
        return False
    return node.names.data(generation) in pod.detail.claims


def restarted_at_genesis(node: PlannedNode, custody: Custody, view: ChainView | None) -> bool:
    """Whether the node is at height 0 with another genesis hash than the weight of the others."""
    register = custody.nodes.get(node.names.node)
    found = view.of(node.names.node) if view is not None else None
    if view is None or register is None or found is None or not found.answers:
        return False
    return (
        found.height == 0
        and found.block0_text == view.block0_text
        and found.genesis_hash != view.genesis_hash
        and view.has_quorum()
    )


def _generations(run: Round) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for claim in run.world.store.by_chain(run.key.namespace, run.key.name, PERSISTENT_VOLUME_CLAIM):
        number = claim.key.name.rpartition("-data-g")[2]
        if number.isdigit() and not claim.deleting:
            found.setdefault(claim.labels.get(NODE_LABEL, ""), []).append(int(number))
    return found
