"""Deletes disposable children that nothing wants any more: old certificates, settings, budgets.

Only kinds and parts from one short list, only with our labels and owner, and never while a node's
pod may still name them.
"""

from collections.abc import Iterable, Iterator

from consortium_operator.chain.naming import NODE_LABEL, PART_LABEL, ChildPart
from consortium_operator.kube.errors import Conflict, NotFound
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    NETWORK_POLICY,
    POD,
    POD_DISRUPTION_BUDGET,
    STATEFUL_SET,
    Kind,
    ObjectKey,
    key_of,
)
from consortium_operator.kube.projection import PodDetail, StatefulSetDetail
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.world import Round

Doomed = frozenset[tuple[Kind, ChildPart]]
"""Kinds and parts of what may be deleted."""

POLICIES: Doomed = frozenset({(NETWORK_POLICY, ChildPart.NETWORK)})
BUDGETS: Doomed = frozenset({(POD_DISRUPTION_BUDGET, ChildPart.BUDGET)})
"""Only by what was read of the chain: an unread one has no budgets to want, and the old ones still
protect it."""
FILES: Doomed = frozenset({(CONFIG_MAP, ChildPart.CERTIFICATE), (CONFIG_MAP, ChildPart.CONFIG)})
"""Only once every pod runs its wanted template, so that nothing names an older one."""


async def prune(run: Round, wanted: Iterable[Manifest], doomed: Doomed) -> None:
    """Deletes what is `doomed` and `wanted` does not name, but nothing of nodes that leave."""
    spared = {node.names.node for node in run.plan.leaving}
    keep = {key_of(manifest) for manifest in wanted} | set(_named(run))
    for kind in sorted({kind for kind, _ in doomed}, key=str):
        for observed in run.world.store.by_chain(run.key.namespace, run.key.name, kind):
            is_doomed = (kind, observed.labels.get(PART_LABEL)) in doomed
            ours = run.plan.uid in observed.owner_uids
            is_kept = observed.key in keep or observed.labels.get(NODE_LABEL) in spared
            if is_doomed and ours and not is_kept and not observed.deleting:
                await discard(run, observed.key, observed.uid)


def _named(run: Round) -> Iterator[ObjectKey]:
    """The ConfigMaps that a pod mounts, or one that is made now would: also where a write that was
    refused keeps a node at what it has."""
    for kind in (POD, STATEFUL_SET):
        for observed in run.world.store.by_chain(run.key.namespace, run.key.name, kind):
            if isinstance(observed.detail, PodDetail | StatefulSetDetail):
                for name in observed.detail.config_maps:
                    yield ObjectKey(CONFIG_MAP, run.key.namespace, name)


async def discard(run: Round, key: ObjectKey, uid: str) -> None:
    """Deletes this very object. Only for what is disposable and ours."""
    try:
        left = await run.world.client.delete(key, uid)
    except (NotFound, Conflict):
        return
    if left is None:
        run.world.store.forget(key, uid)
    run.memory.applied.pop(key, None)
    run.log.info("deleted an object that nothing names", extra={"object": str(key)})
