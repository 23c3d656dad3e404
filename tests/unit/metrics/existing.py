"""Every series that /metrics can show, found by having everything happen once."""

from consortium_operator.handlers.chain_metrics import ChainMetrics
from consortium_operator.handlers.metrics import Metrics
from consortium_operator.kube.kinds import SECRET
from consortium_operator.reconcile.queue import ReconcileQueue
from tests.promql import Known
from tests.unit.metrics.sights import KEY, observed, view


async def _nothing(_key: object) -> None:
    """In place of reconcile."""


def full_metrics() -> Metrics:
    """Of an operator with one healthy chain."""
    metrics, chains = Metrics(), ChainMetrics()
    metrics.observe_call("get", SECRET, 200, 0.1)
    metrics.follow(ReconcileQueue(_nothing), lambda: 0.0)
    chains.observe(KEY, observed(view()))
    metrics.registry.register(chains)
    return metrics


def existing() -> Known:
    found: dict[str, frozenset[str]] = {}
    for family in full_metrics().registry.collect():
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, frozenset()) | sample.labels.keys()
    return found
