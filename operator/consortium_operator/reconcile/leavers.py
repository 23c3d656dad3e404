"""Nodes that leave get new certificates as long as the chain counts them, which may take months of
votes: without one they would be let in nowhere, and missing in the quorum.

The spec no longer says what such a node was. So its StatefulSet stays as it is, but for the name of
the ConfigMap with its certificates; then its pod is evicted as every pod that changes.
"""

from collections.abc import Mapping

from consortium_operator.chain.naming import NODE_LABEL, PART_LABEL, ChildPart
from consortium_operator.chain.plan import Departure, PlannedNode
from consortium_operator.kube.kinds import CONFIG_MAP, STATEFUL_SET, JsonObject, ObjectKey, key_of
from consortium_operator.kube.projection import Observed, PodDetail, StatefulSetDetail
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.certificates import Standing
from consortium_operator.reconcile.desired import desired_certificate
from consortium_operator.reconcile.evictions import evict, pod_of
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.presence import check_resource
from consortium_operator.reconcile.rollout import Wait, under_way, why_wait
from consortium_operator.reconcile.world import Founded, Round


async def renew_leavers(
    founded: Founded, certificates: Mapping[str, Standing], known: Knowledge
) -> bool:
    """Whether any came a step further, so that what was read of the chain is old. One at a time,
    but for those that restart together."""
    run, has_changed = founded.round, False
    for node in run.plan.nodes:
        is_due = node.departure is Departure.LEAVING and node.names.node in known.renewed
        if not is_due or _waits_for_others(node, known):
            continue
        if has_changed and node.names.node not in known.together:
            break
        wait = await _renew(founded, node, certificates[node.names.node], known)
        what = f"node {node.path} leaves, and restarts with its new certificate until it is out"
        run.findings.add(under_way(what, wait))
        has_changed = has_changed or wait is None
    return has_changed


def _waits_for_others(node: PlannedNode, known: Knowledge) -> bool:
    """Until a person lets all restart together whose certificates have ended."""
    return known.mass_expiry is not None and node.names.node not in known.together


async def _renew(
    founded: Founded, node: PlannedNode, standing: Standing, known: Knowledge
) -> Wait | None:
    run, pod = founded.round, pod_of(founded.round, node)
    found = run.world.store.get(ObjectKey(STATEFUL_SET, run.key.namespace, node.names.node))
    if pod is None or found is None or run.plan.uid not in found.owner_uids:
        return Wait("it has no pod")
    wait = why_wait(run, node, pod, known)
    if wait is not None:
        return wait
    certificate = desired_certificate(founded, node, standing)
    if not await bring_one(run, certificate):
        return Wait("its certificate cannot be written")
    wanted = key_of(certificate).name
    if not _mounts(found, wanted):
        await _put(run, node, found.key, wanted)
        return None
    if not _is_seen(found):
        return Wait("the controller of its StatefulSet has not looked at it yet")
    refused = await evict(run, pod, f"node {node.path} has a new certificate")
    return Wait(refused) if refused is not None else None


def _mounts(observed: Observed, config_map: str) -> bool:
    detail = observed.detail
    return isinstance(detail, PodDetail | StatefulSetDetail) and config_map in detail.config_maps


def _is_seen(found: Observed) -> bool:
    detail = found.detail
    return isinstance(detail, StatefulSetDetail) and (
        detail.observed_generation == detail.generation
    )


async def _put(run: Round, node: PlannedNode, key: ObjectKey, wanted: str) -> None:
    """By what is there, bound to its version."""
    check_resource(run)
    found = await run.world.client.get(key)
    if found is not None:
        old = _certificates_of(run, node)
        run.world.store.record(await run.world.client.replace(_renamed(found, old, wanted)))


def _certificates_of(run: Round, node: PlannedNode) -> frozenset[str]:
    """The ConfigMaps with any of its certificates."""
    return frozenset(
        one.key.name
        for one in run.world.store.by_chain(run.key.namespace, run.key.name, CONFIG_MAP)
        if one.labels.get(PART_LABEL) == ChildPart.CERTIFICATE
        and one.labels.get(NODE_LABEL) == node.names.node
    )


def _renamed(value: JsonObject, old: frozenset[str], wanted: str) -> JsonObject:
    """With another ConfigMap in place of those, wherever its pods mount one."""
    renamed: JsonObject = {}
    for name, part in value.items():
        if name == "configMap" and part.get("name") in old:
            renamed[name] = {**part, "name": wanted}
        elif isinstance(part, dict):
            renamed[name] = _renamed(part, old, wanted)
        elif isinstance(part, list):
            renamed[name] = [
                _renamed(one, old, wanted) if isinstance(one, dict) else one for one in part
            ]
        else:
            renamed[name] = part
    return renamed
