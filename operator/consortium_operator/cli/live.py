"""What the operator's metrics say of one chain this moment: pure, from Prometheus' text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from consortium_operator.cli.seeing import Hidden
from consortium_operator.kube.kinds import ObjectKey
from consortium_operator.metrics import catalogue
from consortium_operator.metrics.catalogue import Metric


@dataclass(frozen=True, slots=True)
class LiveNode:
    """By the node's last answer, but role and weight, which are the chain's. None: not known."""

    height: int | None
    lag: int | None
    peers: int | None
    is_leader: bool
    role: str | None
    weight: int | None
    version: str | None


@dataclass(frozen=True, slots=True)
class LiveChain:
    """`nodes`: by member and node. `read_at`: when a node last answered the operator."""

    height: int | None
    pending: int | None
    leader: str | None
    read_at: datetime
    nodes: Mapping[tuple[str, str], LiveNode]


def live_values(metrics: str | Hidden, chain: ObjectKey) -> LiveChain | str:
    """Or why there are none, in words."""
    if isinstance(metrics, Hidden):
        return metrics.why
    try:
        found = live_chain(metrics, chain.namespace, chain.name)
    except ValueError:
        return "the operator's metrics make no sense"
    return found or "no node of the chain has answered the operator yet"


def live_chain(text: str, namespace: str, name: str) -> LiveChain | None:
    """None where the metrics are not of the chain, or no node has ever answered. Raises ValueError
    where they make no sense."""
    found = _Found(list(_samples_of(text, namespace, name)))
    read_at = found.value(catalogue.CHAIN_LAST_READ)
    if read_at is None:
        return None
    nodes = {key: _node(found, *key) for key in found.nodes}
    leader = next((f"{m}/{n}" for (m, n), one in nodes.items() if one.is_leader), None)
    return LiveChain(
        found.number(catalogue.CHAIN_HEIGHT),
        found.number(catalogue.CHAIN_PENDING),
        leader,
        datetime.fromtimestamp(read_at, UTC),
        nodes,
    )


def _samples_of(text: str, namespace: str, name: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if (sample.labels.get("namespace"), sample.labels.get("chain")) == (namespace, name):
                yield sample


def _node(found: "_Found", member: str, node: str) -> LiveNode:
    return LiveNode(
        found.number(catalogue.NODE_HEIGHT, member, node),
        found.number(catalogue.NODE_LAG, member, node),
        found.number(catalogue.NODE_PEERS, member, node),
        bool(found.value(catalogue.NODE_LEADER, member, node)),
        found.label(catalogue.NODE_ROLE, "role", member, node),
        found.number(catalogue.NODE_WEIGHT, member, node),
        found.label(catalogue.NODE_INFO, "version", member, node) or None,
    )


@dataclass(frozen=True)
class _Found:
    """The samples of one chain."""

    samples: list[Sample]

    @property
    def nodes(self) -> list[tuple[str, str]]:
        named = ((one.labels.get("member"), one.labels.get("node")) for one in self.samples)
        return sorted({(member, node) for member, node in named if member and node})

    def value(
        self, metric: Metric, member: str | None = None, node: str | None = None
    ) -> float | None:
        return next((one.value for one in self._of(metric, member, node)), None)

    def number(
        self, metric: Metric, member: str | None = None, node: str | None = None
    ) -> int | None:
        value = self.value(metric, member, node)
        return None if value is None else int(value)

    def label(self, metric: Metric, label: str, member: str, node: str) -> str | None:
        return next((one.labels[label] for one in self._of(metric, member, node)), None)

    def _of(self, metric: Metric, member: str | None, node: str | None) -> Iterator[Sample]:
        for one in self.samples:
            labels = (one.labels.get("member"), one.labels.get("node"))
            if one.name == metric.name and labels == (member, node):
                yield one
