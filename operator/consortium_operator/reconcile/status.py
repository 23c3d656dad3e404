"""The status: assembled from one round's evidence, written only where it tells something new.

Output only. A condition's lastTransitionTime moves only with its status; the height is written
with another change, or every ten minutes, so that a chain that makes blocks is not a stream of
writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from consortium_operator.api.conditions import ConditionStatus, ConditionType
from consortium_operator.api.moment import moment_of, rfc3339
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.chain.view import Look
from consortium_operator.reconcile.certificates import HeldCertificates
from consortium_operator.reconcile.judgement import Judged
from consortium_operator.reconcile.world import Custody

HEIGHT_EVERY = timedelta(minutes=10)

Status = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """What the status tells beside the conditions, as far as it is known. `certificates`: those
    that the nodes run with, or will."""

    plan: Plan
    custody: Custody
    seal: Seal | None
    certificates: Mapping[str, HeldCertificates]
    view: Look | None
    states: Mapping[str, str]


def make_status(
    generation: int,
    judged: Mapping[ConditionType, Judged],
    report: Report | None,
    before: Status,
    now: datetime,
) -> Status:
    """The whole status. What this round could not read is kept from `before`."""
    kept = {k: v for k, v in before.items() if k not in ("observedGeneration", "conditions")}
    fresh = _report(report) if report is not None else {}
    return {
        "observedGeneration": generation,
        "conditions": _conditions(generation, judged, before, now),
        **(kept | fresh),
    }


def tells_something_new(
    status: Status, before: Status, told_at: datetime | None, now: datetime
) -> bool:
    """Whether `status` is worth a write."""
    if _without_height(status) != _without_height(before):
        return True
    moved = status.get("height") != before.get("height")
    return moved and (told_at is None or not timedelta(0) <= now - told_at < HEIGHT_EVERY)


def unread_since(before: Status, now: datetime) -> datetime | None:
    """When a chain that has blocks was last read at the latest, as its status tells; None for one
    without. An operator that has just started knows nothing else of it."""
    if not before.get("height"):
        return None
    for one in before.get("conditions") or ():
        is_unread = one.get("status") == ConditionStatus.UNKNOWN
        if one.get("type") == ConditionType.QUORUM_HEALTHY and is_unread:
            return _moment(one.get("lastTransitionTime")) or now
    return now


def _moment(text: object) -> datetime | None:
    """A CRD that lost its schema takes anything."""
    try:
        found = moment_of(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _without_height(status: Status) -> Status:
    return {k: v for k, v in status.items() if k != "height"}


def _conditions(
    generation: int, judged: Mapping[ConditionType, Judged], before: Status, now: datetime
) -> list[dict[str, Any]]:
    earlier = {found.get("type"): found for found in before.get("conditions") or ()}
    written = []
    for condition, one in judged.items():
        known = earlier.get(condition.value) or {}
        since = known.get("lastTransitionTime")
        same = since is not None and known.get("status") == one.status.value
        written.append(
            {
                "type": condition.value,
                "status": one.status.value,
                "reason": one.reason.value,
                "message": one.message,
                "observedGeneration": generation,
                "lastTransitionTime": since if same else rfc3339(now),
            }
        )
    return written


def _report(report: Report) -> Status:
    found: Status = {"memberCount": len(report.plan.staying_members), "members": _members(report)}
    if report.seal is not None:
        found["genesis"] = _genesis(report.plan, report.seal, report.view)
    if report.view is not None:
        found |= _running(report.view)
    return found


def _genesis(plan: Plan, seal: Seal, view: Look | None) -> Status:
    genesis = {"configMap": plan.key.genesis, "sha256": seal.sha256}
    hashes = {node.block0_hash for node in view.nodes if node.node_id in view.up} if view else set()
    return genesis | ({"blockHash": hashes.pop()} if len(hashes) == 1 else {})


def _running(view: Look) -> Status:
    quorum, live = view.quorum, view.live_weight
    found: Status = {
        "quorum": {
            "totalWeight": quorum.total_weight,
            "required": quorum.required,
            "live": live,
            "margin": quorum.margin(live),
        },
        "sealers": f"{len(view.live_sealers)}/{len(view.weights)}",
    }
    return found | ({"height": view.height} if view.height >= 0 else {})


def _members(report: Report) -> list[Status]:
    return [
        {
            "name": member.name,
            "nodes": [_node(report, node) for node in report.plan.nodes_of(member.name)],
        }
        for member in report.plan.members
    ]


def _node(report: Report, node: PlannedNode) -> Status:
    name = node.names.node
    register, held = report.custody.nodes.get(name), report.certificates.get(name)
    found: Status = {
        "name": node.name,
        "role": node.role.value,
        "weight": node.weight,
        "state": report.states.get(name, "Pending"),
    }
    if register is not None:
        found["nodeId"] = register.node_id
    if held is not None:
        found["certificateExpires"] = rfc3339(held.facts.not_after)
    return found
