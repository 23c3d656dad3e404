"""Rounds of a chain of four members as the metrics hear of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from consortium_operator.api.conditions import ConditionStatus, ConditionType, Reason
from consortium_operator.chain.naming import ChainKey
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.metrics.record import Observation, Record, recorded
from consortium_operator.metrics.samples import samples
from tests import chains

KEY = ChainKey("chains", "trade")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PLAN = chains.plan()
IDS = {node.names.node: node.member for node in PLAN.nodes}
"""Node ids that tests can read."""

Values = dict[tuple[str, ...], float]
"""By name and labels, without namespace and chain."""


def healthy(member: str, **changes: Any) -> NodeView:
    view = NodeView(
        node=f"trade-{member}-node-0",
        node_id=member,
        height=100,
        genesis_hash="0xgenesis",
        block0_text="ours",
        block0_hash="0x0",
        version="3.16.4",
        leader="webank",
        view=3,
        pending=7,
        peers=frozenset(IDS.values()) - {member},
        sealers=dict.fromkeys(IDS.values(), 1),
    )
    return replace(view, **changes)


def silent(member: str) -> NodeView:
    return NodeView(f"trade-{member}-node-0", node_id=member, problem="no answer")


def view(*nodes: NodeView) -> ChainView:
    """The others are healthy."""
    told = {node.node for node in nodes}
    others = [healthy(member) for name, member in IDS.items() if name not in told]
    return ChainView((*nodes, *others), "ours", dict.fromkeys(IDS.values(), 1))


def observed(
    seen: ChainView | None, minute: int = 0, plan: Plan | None = PLAN, **changes: Any
) -> Observation:
    found = Observation(
        at=START + timedelta(minutes=minute),
        conditions={ConditionType.READY: (ConditionStatus.TRUE, Reason.AS_EXPECTED)},
        plan=plan,
        view=seen,
        node_ids=IDS,
        states=dict.fromkeys(IDS, "Live"),
        certificate_ends=dict.fromkeys(IDS, START + timedelta(days=365)),
        authority_ends={("webank", AuthorityKind.NODE): START + timedelta(days=3650)},
        client_ends={("webank", "sdk"): START + timedelta(days=90)},
    )
    return replace(found, **changes)


def known(*rounds: Observation) -> Record:
    record = None
    for seen in rounds:
        record = recorded(record, seen)
    assert record is not None
    return record


def values(*rounds: Observation) -> Values:
    """What /metrics tells after these rounds."""
    found: Values = {}
    for sample in samples(KEY, known(*rounds)):
        assert len(sample.labels) == len(sample.metric.labels), sample
        assert sample.labels[:2] == ("chains", "trade")
        name = sample.metric.name.removeprefix("consortium_")
        assert (name, *sample.labels[2:]) not in found, sample
        found[name, *sample.labels[2:]] = sample.value
    return found
