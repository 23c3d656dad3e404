"""Pods that somebody changed. Without their labels no Service, budget or policy finds them, their
StatefulSet lets go of them, and cannot make another of their name; another image is started at once
by kubelet. Nobody may write to a pod, so such a one is restarted when the chain can spare it, and
ever less often where it is changed again: else its chain would restart for ever, and no other
could roll."""

from dataclasses import replace
from datetime import datetime

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.moment import rfc3339
from consortium_operator.chain.journal import JournalEntry
from consortium_operator.chain.naming import CHAIN_LABEL, MEMBER_LABEL, NODE_LABEL, PART_LABEL
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.kinds import POD, STATEFUL_SET, ObjectKey
from consortium_operator.kube.projection import Observed, PodDetail, StatefulSetDetail, project
from consortium_operator.reconcile.desired import NodeObjects
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.key_refusals import name_conflict
from consortium_operator.reconcile.repeats import Repeats
from consortium_operator.reconcile.world import Round

_FOUND_BY = (CHAIN_LABEL, MEMBER_LABEL, NODE_LABEL, PART_LABEL)


def is_found(pod: Observed, objects: NodeObjects) -> bool:
    wanted = objects.stateful_set["spec"]["template"]["metadata"]["labels"]
    return all(pod.labels.get(label) == wanted[label] for label in _FOUND_BY)


def is_as_made(pod: Observed, objects: NodeObjects) -> bool:
    has_changed_image = isinstance(pod.detail, PodDetail) and pod.detail.has_changed_image
    return is_found(pod, objects) and not has_changed_image


def may_be_made_anew(run: Round, pod: Observed, entry: JournalEntry) -> bool:
    """Whether its time has come; until then a finding says what a person has to do. `entry`: the
    journal's, of its node."""
    now = run.world.now()
    earliest = _restarts_of(entry).not_before(pod.uid, now)
    if earliest is None or now >= earliest:
        return True
    message = (
        f"the labels or the image of pod {pod.key.name} are changed again and again, so that a "
        f"restart does not help: it is left as it is until {rfc3339(earliest)}. Stop "
        "whoever does that; `kubectl get pod --show-managed-fields -o yaml` names the manager"
    )
    run.findings.add(
        Finding(ConditionType.UP_TO_DATE, Reason.ROLLOUT_STUCK, message, needs_person=True)
    )
    return False


def with_restart(entry: JournalEntry, pod: Observed, now: datetime) -> JournalEntry:
    """The entry with another restart for that."""
    again = _restarts_of(entry).again(pod.uid, now)
    return replace(entry, meddled=again.times, meddled_pod=again.pod, meddled_at=again.at)


def _restarts_of(entry: JournalEntry) -> Repeats:
    return Repeats(entry.meddled, entry.meddled_pod, entry.meddled_at)


async def look_for_hidden_pods(run: Round) -> None:
    """Before the nodes are asked: one that takes part must not count as down, or it is restarted
    though the chain cannot spare it."""
    for node in run.plan.dialled.nodes:
        pod = pod_of(run, node)
        if pod is not None and CHAIN_LABEL in pod.labels:
            continue
        if pod is not None:
            run.world.store.forget(pod.key, pod.uid)
        hidden = await _hidden_pod(run, node) if _should_have_one(run, node) else None
        if hidden is not None:
            run.world.store.hold(hidden, run.key.name)


def _should_have_one(run: Round, node: PlannedNode) -> bool:
    """As far as its controller has looked at what it was told."""
    found = run.world.store.get(ObjectKey(STATEFUL_SET, run.key.namespace, node.names.node))
    detail = found.detail if found is not None else None
    return isinstance(detail, StatefulSetDetail) and (
        detail.replicas > 0 and detail.observed_generation == detail.generation > 0
    )


async def _hidden_pod(run: Round, node: PlannedNode) -> Observed | None:
    """The node's pod where our watch does not see it, since it lacks the chain's label. It is told
    by its ledger; one without it is somebody else's."""
    found = await run.world.client.get(ObjectKey(POD, run.key.namespace, node.names.pod))
    if found is None or CHAIN_LABEL in (found["metadata"].get("labels") or {}):
        return None  # our watch will tell of it
    pod = project(found)
    claims = pod.detail.claims if isinstance(pod.detail, PodDetail) else ()
    if any(claim.startswith(f"{node.names.node}-data-g") for claim in claims):
        return pod
    run.findings.extend(name_conflict("Pod", node.names.pod).findings)
    return None
