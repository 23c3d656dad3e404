"""From what is known of a chain to the samples of its metrics. What is not known has none: an
absent series is honest, a zero would be a claim."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from consortium_operator.api.quantity import parse_duration
from consortium_operator.chain.naming import ChainKey
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.metrics import catalogue as metrics
from consortium_operator.metrics.catalogue import Metric
from consortium_operator.metrics.record import ChainRead, NodeRecord, Record

_AUTHORITIES = {AuthorityKind.NODE: "node", AuthorityKind.CLIENT: "client"}


@dataclass(frozen=True, slots=True)
class Sample:
    """`labels`: values, in the order of the metric's labels."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


def samples(key: ChainKey, known: Record) -> Iterator[Sample]:
    """All of one chain."""
    chain = (key.namespace, key.name)
    yield from _conditions(chain, known)
    yield from _certificates(chain, known)
    if known.read is not None:
        yield from _chain(chain, known.read, known)
    elif known.latest.silent_since is not None:
        yield _moment(metrics.CHAIN_LAST_READ, chain, known.latest.silent_since)
    plan = known.latest.plan
    if plan is None:
        return
    yield Sample(metrics.CHAIN_INFO, (*chain, plan.spec.version), 1)
    yield Sample(metrics.CHAIN_NODES, chain, len(plan.staying))
    renewal = parse_duration(plan.spec.certificates.renew_before)
    if renewal is not None:
        yield Sample(metrics.CHAIN_RENEWAL, chain, renewal.total_seconds())
    for node in plan.nodes:
        labels = (*chain, node.member, node.name)
        yield from _of_resource(labels, node, known)
        yield from _of_chain(labels, node, known)
        found = known.nodes.get(node.names.node)
        if found is not None:
            yield from _of_answers(labels, found)


def _moment(metric: Metric, labels: tuple[str, ...], at: datetime) -> Sample:
    return Sample(metric, labels, at.timestamp())


def _conditions(chain: tuple[str, ...], known: Record) -> Iterator[Sample]:
    yield _moment(metrics.CHAIN_LAST_RECONCILE, chain, known.latest.at)
    for type_, (status, reason) in known.latest.conditions.items():
        labels = (*chain, type_.value, status.value, reason.value)
        yield Sample(metrics.CHAIN_CONDITION, labels, 1)


def _certificates(chain: tuple[str, ...], known: Record) -> Iterator[Sample]:
    plan = known.latest.plan
    members = {member.name for member in plan.members} if plan is not None else set()
    for (member, kind), end in known.latest.authority_ends.items():
        if member in members:
            yield _moment(metrics.AUTHORITY_EXPIRY, (*chain, member, _AUTHORITIES[kind]), end)
    for (member, client), end in known.latest.client_ends.items():
        if member in members:
            yield _moment(metrics.CLIENT_EXPIRY, (*chain, member, client), end)


def _chain(chain: tuple[str, ...], read: ChainRead, known: Record) -> Iterator[Sample]:
    quorum, live = read.quorum, read.live_weight
    if read.height >= 0:
        yield Sample(metrics.CHAIN_HEIGHT, chain, read.height)
    yield Sample(metrics.CHAIN_TOTAL_WEIGHT, chain, quorum.total_weight)
    yield Sample(metrics.CHAIN_REQUIRED_WEIGHT, chain, quorum.required)
    yield Sample(metrics.CHAIN_LIVE_WEIGHT, chain, live)
    yield Sample(metrics.CHAIN_MARGIN_WEIGHT, chain, quorum.margin(live))
    yield Sample(metrics.CHAIN_SEALERS, chain, len(read.weights))
    yield Sample(metrics.CHAIN_LIVE_SEALERS, chain, len(read.live_sealers))
    if read.pending is not None:
        yield Sample(metrics.CHAIN_PENDING, chain, read.pending)
    yield Sample(metrics.CHAIN_VIEW_CHANGES, chain, known.view_changes)
    yield _moment(metrics.CHAIN_LAST_READ, chain, read.at)


def _of_resource(labels: tuple[str, ...], node: PlannedNode, known: Record) -> Iterator[Sample]:
    name = node.names.node
    found = known.nodes.get(name)
    answer = found.answer if found is not None else None
    version = answer.version if answer is not None else ""
    yield Sample(metrics.NODE_INFO, (*labels, node.names.pod, version), 1)
    if name in known.latest.states:
        yield Sample(metrics.NODE_STATE, (*labels, known.latest.states[name]), 1)
    if name in known.latest.certificate_ends:
        yield _moment(metrics.NODE_EXPIRY, labels, known.latest.certificate_ends[name])


def _of_chain(labels: tuple[str, ...], node: PlannedNode, known: Record) -> Iterator[Sample]:
    read, node_id = known.read, known.latest.node_ids.get(node.names.node)
    if read is None or node_id is None:
        return
    yield Sample(metrics.NODE_ROLE, (*labels, _role(read, node_id)), 1)
    yield Sample(metrics.NODE_WEIGHT, labels, read.all_sealers.get(node_id, 0))
    if read.leader:
        yield Sample(metrics.NODE_LEADER, labels, read.leader == node_id)


def _role(read: ChainRead, node_id: str) -> str:
    if node_id in read.weights:
        return "Sealer"
    if node_id in read.all_sealers:
        return "Candidate"
    return "Observer" if node_id in read.observers else "Outside"


def _of_answers(labels: tuple[str, ...], found: NodeRecord) -> Iterator[Sample]:
    yield Sample(metrics.NODE_UP, labels, found.is_up)
    yield Sample(metrics.NODE_LIVE, labels, found.is_live)
    answer = found.answer
    if answer is None:
        return
    yield Sample(metrics.NODE_HEIGHT, labels, answer.height)
    yield Sample(metrics.NODE_LAG, labels, found.lag)
    yield Sample(metrics.NODE_PEERS, labels, answer.peers)
    if answer.view >= 0:
        yield Sample(metrics.NODE_VIEW, labels, answer.view)
    if answer.pending is not None:
        yield Sample(metrics.NODE_PENDING, labels, answer.pending)
    yield _moment(metrics.NODE_LAST_ANSWER, labels, answer.at)
