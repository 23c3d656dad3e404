"""Nodes that started a second time before they had a block, and so are lost to the others.

Block 0 is executed anew at every start while the height is 0, and from the second start on its
hash is another one (fisco-bcos 3.16.4, executor.version 1). Such a node needs a new volume; it held
no block, so nothing is lost. If all restarted they would even agree with each other, but no node
that comes later could ever join them: so a second start is told from what is known of the pods,
and only where that is silent from the hash.
"""

from collections.abc import Iterable, Mapping

from consortium_operator.chain.journal import Journal
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.kube.kinds import POD, ObjectKey
from consortium_operator.kube.projection import Observed, PodDetail
from consortium_operator.reconcile.hangs import Hang
from consortium_operator.reconcile.world import Round


def first_pod(run: Round, node: PlannedNode, generation: int) -> str | None:
    """The pod that runs on this volume generation now, as the journal remembers the first one."""
    pod = _pod_on(run, node, generation)
    return f"{generation}/{pod.uid}" if pod is not None else None


def second_starts(
    run: Round, journal: Journal, generations: Mapping[str, int], view: ChainView | None
) -> frozenset[str]:
    """Full object names. `generations`: the newest volume generation of each node that has one."""
    if view is None:
        return frozenset()
    return frozenset(
        node.names.node
        for node in run.plan.nodes
        if node.names.node in generations
        and _is_second_start(run, node, journal, generations[node.names.node], view)
    )


def superseded(
    run: Round,
    generations: Mapping[str, int],
    view: ChainView | None,
    hangs: Iterable[Hang],
) -> frozenset[str]:
    """Nodes without a block whose newer volume is there, but whose pod still runs on the old one:
    what a second start becomes until its pod has changed. One that hangs there does not say so."""
    if view is None:
        return frozenset()
    hung = {hang.node.names.node for hang in hangs} if view.height < 1 else set()
    return frozenset(
        node.names.node
        for node in run.plan.nodes
        if node.names.node in generations
        and _pod(run, node) is not None
        and _pod_on(run, node, generations[node.names.node]) is None
        and (seen := view.of(node.names.node)) is not None
        and (_is_ours_without_a_block(seen, view) or node.names.node in hung)
    )


def _is_second_start(
    run: Round, node: PlannedNode, journal: Journal, generation: int, view: ChainView
) -> bool:
    pod = _pod_on(run, node, generation)
    seen = view.of(node.names.node)
    if pod is None or seen is None or not _is_ours_without_a_block(seen, view):
        return False
    if view.height > 0:
        return view.has_quorum() and seen.genesis_hash != view.genesis_hash
    remembered = journal.of(node.names.node).first_pod
    was_replaced = remembered is not None and remembered != f"{generation}/{pod.uid}"
    same_volume = remembered is not None and remembered.startswith(f"{generation}/")
    return _restarts(pod) > 0 or (was_replaced and same_volume)


def _is_ours_without_a_block(seen: NodeView, view: ChainView) -> bool:
    return seen.answers and seen.height == 0 and seen.block0_text == view.block0_text


def _restarts(pod: Observed) -> int:
    return pod.detail.restarts if isinstance(pod.detail, PodDetail) else 0


def _pod_on(run: Round, node: PlannedNode, generation: int) -> Observed | None:
    """The node's pod if it mounts this generation; before it does, it speaks for an older one."""
    pod = _pod(run, node)
    if pod is None or not isinstance(pod.detail, PodDetail):
        return None
    return pod if node.names.data(generation) in pod.detail.claims else None


def _pod(run: Round, node: PlannedNode) -> Observed | None:
    return run.world.store.get(ObjectKey(POD, run.key.namespace, node.names.pod))
