"""Nodes that leave get new certificates as long as the chain counts them, which may take months of
votes: without one they would be let in nowhere, and missing in the quorum.

The spec no longer says what such a node was. So its StatefulSet stays as it is, but for the name of
the ConfigMap with its certificates; then its pod is evicted as every pod that changes.
"""

from collections.abc import Mapping

from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.kinds import CONFIG_MAP, STATEFUL_SET, JsonObject, ObjectKey, key_of
from consortium_operator.kube.projection import Observed, PodDetail, StatefulSetDetail
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.apply import bring_one, change_one
from consortium_operator.reconcile.certificates import HeldCertificates
from consortium_operator.reconcile.desired import desired_files
from consortium_operator.reconcile.evictions import evict, pod_of
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.rollout import Wait, under_way, why_wait
from consortium_operator.reconcile.world import Founded, Round


async def renew_leavers(
    founded: Founded, certificates: Mapping[str, HeldCertificates], known: Knowledge
) -> bool:
    """Whether any came a step further, so that what was read of the chain is old. One at a time,
    but for those that restart together."""
    run, has_changed = founded.round, False
    for node in run.plan.leaving:
        name = node.names.node
        if name not in certificates:
            continue
        # Before its turn, as everybody's: an operator that starts anew would issue another one, and
        # a person's word for all that restart together would be void.
        files = desired_files(founded, node, certificates[name])
        if not await _bring_files(run, node, files) or _waits_for_others(node, known):
            continue
        if name not in known.renewed and not _has_lost_its_own(run, node):
            continue
        if has_changed and name not in known.together:
            continue
        wait = await _renew(run, node, key_of(files[0]).name, known)
        what = f"node {node.path} leaves, and restarts with its new certificate until it is out"
        run.findings.add(under_way(what, wait))
        has_changed = has_changed or wait is None
    return has_changed


async def _bring_files(run: Round, node: PlannedNode, files: tuple[Manifest, Manifest]) -> bool:
    """Its certificate, and its settings where they still are what its pods mount."""
    certificate, config = files
    found = run.world.store.get(ObjectKey(STATEFUL_SET, run.key.namespace, node.names.node))
    if found is not None and _mounts(found, key_of(config).name):
        await bring_one(run, config)
    return await bring_one(run, certificate)


def _has_lost_its_own(run: Round, node: PlannedNode) -> bool:
    """Whether the certificate that its pod has is gone, and was not remembered: the pod runs on,
    but its next one would not start."""
    pod = pod_of(run, node)
    return pod is not None and not any(
        run.world.store.get(ObjectKey(CONFIG_MAP, run.key.namespace, name))
        for name in _certificates_of(node, pod)
    )


def _waits_for_others(node: PlannedNode, known: Knowledge) -> bool:
    """Until a person lets all restart together whose certificates have ended."""
    return known.mass_expiry is not None and node.names.node not in known.together


async def _renew(run: Round, node: PlannedNode, wanted: str, known: Knowledge) -> Wait | None:
    pod = pod_of(run, node)
    found = run.world.store.get(ObjectKey(STATEFUL_SET, run.key.namespace, node.names.node))
    if pod is None or found is None or run.plan.uid not in found.owner_uids:
        return Wait("it has no pod")
    wait = why_wait(run, node, pod, known)
    if wait is not None:
        return wait
    if not _mounts(found, wanted):
        old = _certificates_of(node, found)
        is_put = await change_one(run, found.key, lambda one: _renamed(one, old, wanted))
        return None if is_put else Wait("its StatefulSet cannot be written")
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


def _certificates_of(node: PlannedNode, observed: Observed) -> frozenset[str]:
    """The ConfigMaps with any of its certificates that a pod or a template names."""
    detail, prefix = observed.detail, node.names.certificate("")
    named = detail.config_maps if isinstance(detail, PodDetail | StatefulSetDetail) else ()
    return frozenset(name for name in named if name.startswith(prefix))


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
