"""Tells which certificates run out, and what brings the new ones into force.

A client takes its certificate up by itself. A node has read its own at its start: a new one is in
force once its pod was replaced.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.reconcile.certificates import HeldCertificates
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.world import Round


def tell_awaited_restarts(
    run: Round, serving: Mapping[str, HeldCertificates], in_use: Mapping[str, HeldCertificates]
) -> None:
    """Whose they are, and when the certificates end that nodes run with meanwhile."""
    awaiting = awaiting_restart(run, serving, in_use)
    ended = [node for node in awaiting if has_ended(run, in_use[node.names.node])]
    if ended:
        run.findings.add(
            Finding(
                ConditionType.CERTIFICATES_VALID,
                Reason.EXPIRED,
                f"the certificates of {_paths(ended)} have ended, the first at "
                f"{_first_end(ended, in_use)}; new ones are issued, and come into force as these "
                "nodes restart",
            )
        )
    others = [node for node in awaiting if node not in ended]
    if others:
        run.findings.add(
            Finding(
                ConditionType.CERTIFICATES_VALID,
                Reason.AWAITING_RESTART,
                f"the certificates of {_paths(others)} are renewed, and come into force as these "
                f"nodes restart; the first of the old ones ends at {_first_end(others, in_use)}",
            )
        )


def awaiting_restart(
    run: Round, serving: Mapping[str, HeldCertificates], in_use: Mapping[str, HeldCertificates]
) -> list[PlannedNode]:
    """The nodes that run with another certificate than the one that serves now."""
    return [
        node
        for node in run.plan.nodes
        if (name := node.names.node) in serving
        and name in in_use
        and serving[name].files != in_use[name].files
    ]


def tell_neglected(run: Round, serving: Mapping[str, HeldCertificates]) -> None:
    """In a round that may write nothing: of the nodes whose certificates it would renew."""
    due = [node for node in run.plan.nodes if _is_due(serving.get(node.names.node))]
    if due:
        ended = any(has_ended(run, serving[node.names.node]) for node in due)
        run.findings.add(
            Finding(
                ConditionType.CERTIFICATES_VALID,
                Reason.EXPIRED if ended else Reason.RENEWING,
                f"the certificates of {_paths(due)} are due, and renewed only while the resource "
                f"is accepted and not paused; the first ends at {_first_end(due, serving)}",
            )
        )


def has_ended(run: Round, held: HeldCertificates) -> bool:
    return run.world.now() >= held.facts.not_after


def _is_due(held: HeldCertificates | None) -> bool:
    return held is not None and held.due


def _paths(nodes: Iterable[PlannedNode]) -> str:
    return ", ".join(node.path for node in nodes)


def _first_end(nodes: Iterable[PlannedNode], known: Mapping[str, HeldCertificates]) -> str:
    first: datetime = min(known[node.names.node].facts.not_after for node in nodes)
    return f"{first:%Y-%m-%d %H:%M} UTC"
