"""The chains' metrics as prometheus_client collects them: translated once a round, served as often
as somebody asks. A chain that is gone has no series any more, and neither has a node."""

from collections.abc import Iterable

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from consortium_operator.chain.naming import ChainKey
from consortium_operator.metrics.catalogue import CATALOGUE, Metric
from consortium_operator.metrics.record import Observation, Record, recorded
from consortium_operator.metrics.samples import Sample, samples

Family = CounterMetricFamily | GaugeMetricFamily


class ChainMetrics(Collector):
    """Hears of every round of every chain."""

    def __init__(self) -> None:
        self._records: dict[ChainKey, Record] = {}
        self._samples: dict[ChainKey, tuple[Sample, ...]] = {}

    def observe(self, key: ChainKey, seen: Observation | None) -> None:
        """None: there is no such chain any more."""
        if seen is None:
            self._records.pop(key, None)
            self._samples.pop(key, None)
            return
        self._records[key] = recorded(self._records.get(key), seen)
        self._samples[key] = tuple(samples(key, self._records[key]))

    def collect(self) -> Iterable[Family]:
        families = {metric: _family(metric) for metric in CATALOGUE}
        for key in sorted(self._samples):
            for sample in self._samples[key]:
                families[sample.metric].add_metric(sample.labels, sample.value)
        return families.values()


def _family(metric: Metric) -> Family:
    if metric.is_counter:
        return CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
