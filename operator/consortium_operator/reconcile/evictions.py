"""The one way in which the operator restarts a node: by evicting its pod, which a budget may
refuse. Drains, a second operator and this one so share one slot in the API server."""

from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.errors import Conflict, EvictionRefused, NotFound
from consortium_operator.kube.kinds import POD, ObjectKey
from consortium_operator.kube.projection import Observed
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.world import Round


def pod_of(run: Round, node: PlannedNode) -> Observed | None:
    return run.world.store.get(ObjectKey(POD, run.key.namespace, node.names.pod))


def stays(run: Round, node: PlannedNode) -> bool:
    """Whether its pod is there and not on its way out: one that is stopping answers for a moment
    longer, and one that was sent away in this round gave its answer before."""
    pod = pod_of(run, node)
    return pod is not None and not pod.deleting and pod.uid not in run.evicted


def going(run: Round, known: Knowledge) -> PlannedNode | None:
    """A sealer that was seen live and is on its way out. Who counts what the chain can spare waits
    until it is seen as it is."""
    nodes = run.plan.dialled.nodes
    live = (node for node in nodes if known.is_live(node) and known.vote(node))
    return next((node for node in live if not stays(run, node)), None)


async def evict(run: Round, pod: Observed, because: str) -> str | None:
    """Returns why it must wait, or None. The pod that was judged goes, and no other."""
    if pod.deleting:
        return "its pod is stopping"
    try:
        await run.world.client.evict(pod.key.namespace, pod.key.name, pod.uid)
    except EvictionRefused as error:
        # Somebody else's budget selects the pod as well, and no drain can evict it either.
        way_out = ": delete the budget that is not this chain's" if error.status == 500 else ""
        return f"{error}{way_out}"
    except (NotFound, Conflict):
        return None  # it is gone, and another may have its name by now
    run.evicted.add(pod.uid)
    run.tell("NodeEvicted", f"evicted pod {pod.key.name}: {because}")
    return None
