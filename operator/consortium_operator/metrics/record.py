"""What is known of a chain for its metrics: the last round, and what earlier ones have seen.

A node that was not asked, or did not answer, keeps the numbers of its last answer, and when that
was. Only what an answer would have told anew, that it is up and live, falls to 0 where none came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from consortium_operator.api.conditions import ConditionStatus, ConditionType, Reason
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.quorum import Quorum
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.chain.view import Look, NodeView


@dataclass(frozen=True, slots=True)
class Observation:
    """One round of reconcile. Empty: this round did not come to know it.

    `node_ids`, `states`, `certificate_ends`: by full object name. `authority_ends`: by member and
    kind. `client_ends`: by member and client. `silent_since`: when the chain was last read at the
    latest, by what was told of it before; None: it never had a block.
    """

    at: datetime
    conditions: Mapping[ConditionType, tuple[ConditionStatus, Reason]]
    plan: Plan | None = None
    view: Look | None = None
    node_ids: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    certificate_ends: Mapping[str, datetime] = field(default_factory=dict)
    authority_ends: Mapping[tuple[str, AuthorityKind], datetime] = field(default_factory=dict)
    client_ends: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    silent_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What counts of a node's last answer, and when it came. The fields are those of `NodeView`;
    `peers`: how many."""

    at: datetime
    version: str
    height: int
    view: int
    pending: int | None
    peers: int


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """`lag`: how many blocks the last answer was, or has since fallen, behind."""

    is_up: bool
    is_live: bool
    answer: Answer | None = None
    lag: int = 0


@dataclass(frozen=True, slots=True)
class ChainRead:
    """What counts of the last look in which a node answered, and when that was. The fields are
    those of `Look`, which itself holds what each node says of each other: for a large chain
    megabytes, that would outlive their round."""

    at: datetime
    height: int
    leader: str
    pending: int | None
    quorum: Quorum
    weights: Mapping[str, int]
    all_sealers: Mapping[str, int]
    observers: frozenset[str]
    live_sealers: frozenset[str]
    live_weight: int

    @classmethod
    def by(cls, look: Look, at: datetime) -> "ChainRead":
        return cls(
            at=at,
            height=look.height,
            leader=look.leader,
            pending=look.pending,
            quorum=look.quorum,
            weights=look.weights,
            all_sealers=look.all_sealers,
            observers=look.members.observers,
            live_sealers=look.live_sealers,
            live_weight=look.live_weight,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """`latest`: the last round, without its view, completed by what earlier ones knew."""

    latest: Observation
    nodes: Mapping[str, NodeRecord] = field(default_factory=dict)
    read: ChainRead | None = None
    view_changes: int = 0


def recorded(before: Record | None, seen: Observation) -> Record:
    """What is known after one more round. `before`: None for a chain that is new."""
    known = before or Record(replace(seen, view=None))
    latest = _completed(seen, known.latest)
    view = seen.view
    if view is None:
        return replace(known, latest=latest)
    nodes = {
        name: found
        for name in _asked(latest.plan)
        if (found := _node(known.nodes.get(name), view.of(name), view, seen.at)) is not None
    }
    if not view.was_read:
        return replace(known, latest=latest, nodes=nodes)
    return Record(
        latest,
        nodes,
        read=ChainRead.by(view, seen.at),
        view_changes=known.view_changes + _view_changes(known.nodes, nodes),
    )


def _completed(seen: Observation, before: Observation) -> Observation:
    return replace(
        seen,
        view=None,
        plan=seen.plan or before.plan,
        node_ids={**before.node_ids, **seen.node_ids},
        states=seen.states or before.states,
        certificate_ends={**before.certificate_ends, **seen.certificate_ends},
        authority_ends={**before.authority_ends, **seen.authority_ends},
        client_ends={**before.client_ends, **seen.client_ends},
        silent_since=before.silent_since or seen.silent_since,
    )


def _asked(plan: Plan | None) -> list[str]:
    """Full object names of the nodes that a round may ask."""
    return [node.names.node for node in plan.dialled.nodes] if plan is not None else []


def _node(
    before: NodeRecord | None, told: NodeView | None, view: Look, at: datetime
) -> NodeRecord | None:
    """None: it was never asked. `told`: None where this round did not ask it."""
    if told is None:
        return before
    if told.answers:
        return NodeRecord(
            is_up=told.node_id in view.up,
            is_live=told.node_id in view.live,
            answer=_answer(told, before.answer if before is not None else None, at),
            lag=max(view.height - told.height, 0),
        )
    if before is None or before.answer is None:
        return NodeRecord(is_up=False, is_live=False)
    lag = max(view.height - before.answer.height, before.lag)
    return replace(before, is_up=False, is_live=False, lag=lag)


def _answer(told: NodeView, before: Answer | None, at: datetime) -> Answer:
    """A node that was asked briefly did not tell its view and its pool: they are as before."""
    view, pending = (-1, None) if before is None else (before.view, before.pending)
    return Answer(
        at=at,
        version=told.version,
        height=told.height,
        view=told.view if told.view >= 0 else view,
        pending=pending if told.pending is None else told.pending,
        peers=len(told.peers),
    )


def _view_changes(before: Mapping[str, NodeRecord], now: Mapping[str, NodeRecord]) -> int:
    """A view falls where all nodes were restarted: that is none."""
    known, seen = _highest_view(before), _highest_view(now)
    return max(seen - known, 0) if known >= 0 else 0


def _highest_view(nodes: Mapping[str, NodeRecord]) -> int:
    """Of nodes that are up, or -1. They hardly differ, and not all of them are asked each time."""
    views = (one.answer.view for one in nodes.values() if one.is_up and one.answer is not None)
    return max(views, default=-1)
