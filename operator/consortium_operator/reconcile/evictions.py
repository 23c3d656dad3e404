"""The one way in which the operator restarts a node: by evicting its pod, which a budget may
refuse. Drains, a second operator and this one so share one slot in the API server."""

from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.errors import Conflict, EvictionRefused, NotFound
from consortium_operator.kube.kinds import POD, ObjectKey
from consortium_operator.kube.projection import Observed
from consortium_operator.reconcile.world import Round


def pod_of(run: Round, node: PlannedNode) -> Observed | None:
    return run.world.store.get(ObjectKey(POD, run.key.namespace, node.names.pod))


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
    run.tell("NodeEvicted", f"evicted pod {pod.key.name}: {because}")
    return None
