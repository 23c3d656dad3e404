"""The alert rules and the dashboards, as a real Prometheus takes them: it scrapes what the
operator's own code serves of chains that are well, then broken in every way that an alert is about,
then well again."""

from pathlib import Path

import pytest
import yaml

from tests.dashboard_queries import queries, unanswered
from tests.integration.monitoring.support.source import Source, served
from tests.prometheus import ALERTS, running_prometheus

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(500, func_only=True)]

NAMES = {
    rule["alert"]
    for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
GONE = "ConsortiumOperatorDown"


@pytest.mark.usefixtures("prometheus_program")
def test_every_alert_fires_and_clears_and_every_query_is_answered(tmp_path: Path) -> None:
    source = Source()
    with served(source) as target, running_prometheus(tmp_path, target) as prometheus:
        prometheus.wait_until(lambda: unanswered(prometheus, queries("chains", "trade", "10s")))
        prometheus.wait_for_alerts(set())
        source.is_well = False
        prometheus.wait_for_alerts(NAMES - {GONE})
        source.is_there = False
        prometheus.wait_for_alerts({GONE})
        source.is_there = source.is_well = True
        prometheus.wait_for_alerts(set())
