"""Which volume each node uses, and when one may be made.

A volume that was lost is not made again by itself: the node would come back without its PBFT log.
A node that started a second time before its first block gets the next generation.
"""

from collections.abc import Mapping

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import NODE_ID_ANNOTATION, NODE_LABEL
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM
from consortium_operator.reconcile.desired import NodeVolume
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.world import Custody, Round

MOST_GENERATIONS = 9
"""A node that cannot get past its start must not fill the cluster with volumes."""


def newest_generations(run: Round) -> dict[str, int]:
    """Full object name of the node → its newest volume generation; nodes without one are absent."""
    found: dict[str, int] = {}
    for claim in run.world.store.by_chain(run.key.namespace, run.key.name, PERSISTENT_VOLUME_CLAIM):
        number = claim.key.name.rpartition("-data-g")[2]
        node = claim.labels.get(NODE_LABEL, "")
        if number.isdigit() and not claim.deleting:
            found[node] = max(found.get(node, 0), int(number))
    return found


def check_ledgers(run: Round, custody: Custody) -> None:
    """A ledger goes with one key: a node whose volume was another node's would vote with this key
    on what that one had seen. Such a node is broken, and what it runs is left alone."""
    claims = run.world.store.by_chain(run.key.namespace, run.key.name, PERSISTENT_VOLUME_CLAIM)
    nodes = {node.names.node: node for node in run.plan.nodes}
    for claim in claims:
        node = nodes.get(claim.labels.get(NODE_LABEL, ""))
        register = custody.nodes.get(node.names.node) if node is not None else None
        if node is None or register is None:
            continue
        node_id = claim.annotations.get(NODE_ID_ANNOTATION, "")
        if node_id != register.node_id:
            run.findings.add(_foreign_ledger(node, claim.key.name, node_id))
            custody.broken.add(node.names.identity)


def _foreign_ledger(node: PlannedNode, volume: str, node_id: str) -> Finding:
    owner = f"of the node id {node_id}" if node_id else "of an unknown node"
    return Finding(
        ConditionType.IDENTITIES_INTACT,
        Reason.RETAINED_DATA_CONFLICT,
        f"the volume {volume} is {owner} (annotation {NODE_ID_ANNOTATION}), which is not the key "
        f"of {node.path}: put back the volume, or the key, that belongs to it",
        needs_person=True,
    )


def node_volumes(
    run: Round,
    journal: Journal,
    generations: Mapping[str, int],
    second_starts: frozenset[str],
) -> dict[str, NodeVolume]:
    """By full object name of the node. What is lost is a finding."""
    volumes = {}
    for node in run.plan.staying:
        newest = generations.get(node.names.node, 0)
        if node.names.node in second_starts:
            volumes[node.names.node] = _next(run, node, newest)
        elif newest:
            volumes[node.names.node] = NodeVolume(newest, may_make=False)
        else:
            volumes[node.names.node] = _first(run, node, journal)
    return volumes


def _next(run: Round, node: PlannedNode, newest: int) -> NodeVolume:
    exhausted = newest >= MOST_GENERATIONS
    what = (
        f"{newest} volumes were tried: see its log"
        if exhausted
        else f"it gets a new volume, {node.names.data(newest + 1)}"
    )
    run.findings.add(
        Finding(
            ConditionType.NODES_READY,
            Reason.RESTARTED_AT_GENESIS,
            f"node {node.path} started again before it had a block, so that the others refuse it: "
            f"{what}",
            needs_person=exhausted,
        )
    )
    return NodeVolume(newest if exhausted else newest + 1, may_make=not exhausted)


def _first(run: Round, node: PlannedNode, journal: Journal) -> NodeVolume:
    entry = journal.of(node.names.node)
    if entry.block is None:
        return NodeVolume(1, may_make=True)
    lost = entry.volume or 1
    run.findings.add(
        Finding(
            ConditionType.NODES_READY,
            Reason.VOLUME_LOST,
            f"the volume {node.names.data(lost)} of node {node.path} is gone or going: its pod is "
            "left alone. Restore the PersistentVolumeClaim",
            needs_person=True,
        )
    )
    return NodeVolume(lost, may_make=False, is_lost=True)
