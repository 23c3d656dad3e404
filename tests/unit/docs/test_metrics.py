"""docs/metrics.md tells of every metric, alert and dashboard that there is, and of no other."""

import re

import yaml

from consortium_operator.handlers.metrics import Metrics
from consortium_operator.metrics.catalogue import CATALOGUE
from consortium_operator.metrics.dashboards import DASHBOARDS
from tests.documents import Document
from tests.resources import REPOSITORY
from tests.unit.metrics.existing import existing, full_metrics

PAGE = Document(REPOSITORY / "docs" / "metrics.md")
ALERTS = REPOSITORY / "charts" / "consortium-operator" / "files" / "alerts.yaml"

_ROW = re.compile(r"^\| `(consortium_\w+)` \| ([^|]*) ?\| ([^|]+) \|$", re.MULTILINE)


def told() -> dict[str, tuple[list[str], str]]:
    """Metric → its labels and meaning, as the page has them."""
    return {
        name: (re.findall(r"`(\w+)`", labels), meaning)
        for name, labels, meaning in _ROW.findall(PAGE.text)
    }


def test_every_metric_of_a_chain_is_told_as_the_code_has_it() -> None:
    assert {
        name: found for name, found in told().items() if name in {one.name for one in CATALOGUE}
    } == {one.name: (list(one.labels), one.help) for one in CATALOGUE}


def test_every_metric_of_the_operator_is_told_as_the_code_has_it() -> None:
    """`_total` is part of a counter's name, but not of its family's."""
    ours = {
        family.name + ("_total" if family.type == "counter" else ""): family.documentation
        for family in full_metrics().registry.collect()
        if family.name.startswith("consortium_")
    }
    assert {name: meaning for name, (_, meaning) in told().items()} == ours


def test_the_labels_of_the_operators_metrics_are_those_of_the_code() -> None:
    for family in Metrics().registry.collect():
        sampled = family.name + ("_count" if family.type == "histogram" else "")
        if sampled in existing() and family.name in told():
            assert set(told()[family.name][0]) == existing()[sampled]


def test_every_alert_is_told_with_its_severity_and_patience() -> None:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    rows = [
        f"| [{rule['alert']}](runbooks/{rule['alert']}.md) | {rule['labels']['severity']} "
        f"| {rule.get('for', 'at once')} |"
        for group in groups
        for rule in group["rules"]
    ]
    assert [line for line in PAGE.text.splitlines() if "(runbooks/" in line] == rows


def test_every_dashboard_is_told() -> None:
    named = re.findall(r"^\| `(consortium-\w+)\.json` \|", PAGE.text, re.MULTILINE)
    assert named == [one.uid for one in DASHBOARDS]
