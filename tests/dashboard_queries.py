"""The queries of the dashboards, as Grafana would send them."""

import json
import math
from collections.abc import Iterable, Iterator

from consortium_operator.metrics.dashboards import DASHBOARDS, render
from tests.prometheus import Prometheus


def queries(namespace: str, chain: str, window: str) -> Iterator[tuple[str, str]]:
    """Where each stands, and its PromQL with the choices filled in. `window`: of rates."""
    chosen = {"$namespace": namespace, "$chain": chain, "$__rate_interval": window}
    for dashboard in DASHBOARDS:
        for panel in json.loads(render(dashboard))["panels"]:
            for target in panel["targets"]:
                query = target["expr"]
                for name, value in chosen.items():
                    query = query.replace(name, value)
                yield f"{dashboard.title}: {panel['title']}", query


def unanswered(prometheus: Prometheus, asked: Iterable[tuple[str, str]]) -> list[str]:
    """Where the queries stand that are answered with no number."""
    return [
        where
        for where, query in asked
        if all(math.isnan(value) for value in prometheus.values(query))
    ]
