"""What the chart makes of the metrics: nothing by default, and what was asked for where it was."""

import json
import subprocess
from typing import Any

import pytest
import yaml

from tests.charts import CHART, NAMESPACE, RELEASE, Chart, Objects, of_kind, only

ALL: dict[str, Any] = {
    "monitoring": {
        "labels": {"release": "prometheus"},
        "serviceMonitor": {"enabled": True},
        "rules": {"enabled": True, "runbooks": "https://runbooks.example/consortium"},
        "dashboards": {"enabled": True},
    }
}
FILES = CHART / "files"


def dashboards(objects: Objects) -> Objects:
    maps = of_kind(objects, "ConfigMap")
    return [one for one in maps if one["metadata"]["name"].endswith("-dashboard")]


def test_nothing_is_made_that_was_not_asked_for(chart: Chart) -> None:
    objects = chart.objects()
    assert not of_kind(objects, "ServiceMonitor") + of_kind(objects, "PrometheusRule")
    assert not dashboards(objects)


def test_prometheus_finds_the_operator_and_leaves_the_chains_labels(chart: Chart) -> None:
    objects = chart.objects(**ALL)
    monitor = only(objects, "ServiceMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    (endpoint,) = monitor["spec"]["endpoints"]
    service = only(objects, "Service")
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert endpoint["honorLabels"] is True
    assert endpoint["interval"] == "30s"


def test_the_rules_are_the_file_with_links_to_the_runbooks(chart: Chart) -> None:
    rule = only(chart.objects(**ALL), "PrometheusRule")
    assert rule["metadata"]["namespace"] == NAMESPACE
    text = (FILES / "alerts.yaml").read_text("utf-8")
    linked = text.replace("docs/runbooks/", "https://runbooks.example/consortium/")
    assert rule["spec"] == yaml.safe_load(linked)


def test_grafana_gets_every_dashboard_unchanged(chart: Chart) -> None:
    found = dashboards(chart.objects(**ALL))
    files = {path.name: json.loads(path.read_text("utf-8")) for path in FILES.glob("**/*.json")}
    assert {name: json.loads(text) for one in found for name, text in one["data"].items()} == files
    names = [one["metadata"]["name"] for one in found]
    assert names == [f"{RELEASE}-{what}-dashboard" for what in ("chain", "chains", "operator")]
    assert {one["metadata"]["labels"]["grafana_dashboard"] for one in found} == {"1"}


@pytest.mark.parametrize("part", ["serviceMonitor", "rules", "dashboards"])
def test_each_part_is_turned_on_alone(chart: Chart, part: str) -> None:
    before = chart.objects()
    objects = chart.objects(monitoring={part: {"enabled": True}})
    kinds = {
        "serviceMonitor": "ServiceMonitor",
        "rules": "PrometheusRule",
        "dashboards": "ConfigMap",
    }
    more = [one for one in objects if one not in before]
    assert {one["kind"] for one in more} == {kinds[part]}


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"serviceMonitor": {"interval": "soon"}}, "interval"),
        ({"rules": {"runbooks": ""}}, "runbooks"),
        ({"alerts": {}}, "alerts"),
    ],
)
def test_a_wrong_value_is_refused_by_name(chart: Chart, value: dict[str, Any], field: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        chart.text({"monitoring": value})
    assert field in refused.value.stderr
