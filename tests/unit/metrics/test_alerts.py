"""The alert rules name what exists, and each leads to a page that says what to do."""

import re
from typing import Any

import pytest
import yaml

from tests.documents import Document
from tests.promql import named_in, wrong_in
from tests.resources import REPOSITORY
from tests.unit.docs.test_links import assert_exists
from tests.unit.metrics.existing import existing

FILE = REPOSITORY / "charts" / "consortium-operator" / "files" / "alerts.yaml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(FILE.read_text("utf-8"))["groups"] for rule in group["rules"]
]
UNIT_TESTS = REPOSITORY / "tests" / "data" / "metrics" / "alerts_test.yaml"
PAGES = sorted((REPOSITORY / "docs" / "runbooks").glob("*.md"))

rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


@rules
def test_an_alert_names_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    assert wrong_in(rule["expr"], existing()) == []


@rules
def test_an_alert_says_how_bad_it_is_and_what_it_is_about(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    texts = " ".join(rule["annotations"].values())
    labels = named_in(rule["expr"]).grouped
    assert set(re.findall(r"\$labels\.(\w+)", texts)) <= labels
    if "chain" in labels:
        assert "{{ $labels.namespace }}/{{ $labels.chain }}" in rule["annotations"]["summary"]


@rules
def test_an_alert_has_a_page_that_begins_with_its_name_and_severity(rule: dict[str, Any]) -> None:
    page = REPOSITORY / rule["annotations"]["runbook_url"]
    assert page.stem == rule["alert"]
    text = page.read_text("utf-8")
    assert text.startswith(f"# {rule['alert']}\n\n*{rule['labels']['severity']}*: ")
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Look", "## Do"]


def test_every_page_is_of_an_alert() -> None:
    assert [page.stem for page in PAGES] == sorted(rule["alert"] for rule in RULES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_exists(page: Any) -> None:
    document = Document(page)
    shown = [line for block in document.blocks("sh") for line in block.splitlines()]
    shown += re.findall(r"`(consortium [a-z][^`]*)`", document.prose)
    for line in shown:
        if line.startswith("consortium "):
            assert_exists(line.split()[1:])


def test_promtool_is_told_of_every_alert_where_it_fires_and_where_not() -> None:
    """`make check-all` has it judge them."""
    fires: dict[bool, set[str]] = {True: set(), False: set()}
    for test in yaml.safe_load(UNIT_TESTS.read_text("utf-8"))["tests"]:
        for one in test["alert_rule_test"]:
            fires[bool(one["exp_alerts"])].add(one["alertname"])
    names = {rule["alert"] for rule in RULES}
    assert fires == {True: names, False: names}


def test_what_does_not_exist_is_noticed() -> None:
    known = {"consortium_node_up": frozenset({"chain"})}
    assert wrong_in('max by (chain) (consortium_node_up{chain="a"}[5m]) == 0', known) == []
    assert wrong_in("consortium_node_down > 0", known) == ["no metric consortium_node_down"]
    assert wrong_in('consortium_node_up{city="a"}', known) == [
        "consortium_node_up has no label city"
    ]
    assert wrong_in("sum by (city) (consortium_node_up)", known) == ["no label city to group by"]
