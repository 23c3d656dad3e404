"""The chains' samples as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest

from consortium_operator.chain.naming import ChainKey
from consortium_operator.handlers.chain_metrics import ChainMetrics
from tests.unit.metrics.sights import KEY, observed, view

OTHER = ChainKey("elsewhere", "trade")


def text(metrics: ChainMetrics) -> str:
    registry = CollectorRegistry()
    registry.register(metrics)
    return generate_latest(registry).decode()


def test_samples_are_written_with_their_labels() -> None:
    metrics = ChainMetrics()
    metrics.observe(KEY, observed(view()))
    lines = text(metrics).splitlines()
    assert (
        'consortium_node_height_blocks{chain="trade",member="webank",namespace="chains",'
        'node="node-0"} 100.0'
    ) in lines
    assert "# TYPE consortium_node_height_blocks gauge" in lines
    assert "# TYPE consortium_chain_view_changes_total counter" in lines
    assert 'consortium_chain_view_changes_total{chain="trade",namespace="chains"} 0.0' in lines


def test_a_chain_that_is_gone_has_no_series_and_the_others_stay() -> None:
    metrics = ChainMetrics()
    for key in (KEY, OTHER):
        metrics.observe(key, observed(view()))
    metrics.observe(KEY, None)
    assert 'namespace="chains"' not in text(metrics)
    assert 'namespace="elsewhere"' in text(metrics)


def test_a_chain_that_comes_back_begins_anew() -> None:
    metrics = ChainMetrics()
    metrics.observe(KEY, observed(view()))
    metrics.observe(KEY, None)
    metrics.observe(KEY, observed(None))
    assert "consortium_node_up{" not in text(metrics)
