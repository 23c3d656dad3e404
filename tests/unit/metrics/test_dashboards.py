"""The dashboards load, and every query names what exists."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from consortium_operator.metrics.dashboards import DASHBOARDS, render
from consortium_operator.metrics.grafana import Dashboard
from tests.promql import named_in, wrong_in
from tests.resources import REPOSITORY
from tests.unit.metrics.existing import existing

FILES = REPOSITORY / "charts" / "consortium-operator" / "files" / "dashboards"

dashboards = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)


def targets(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    for panel in json.loads(render(dashboard))["panels"]:
        yield from panel["targets"]


@dashboards
def test_the_file_is_the_generated_one(dashboard: Dashboard) -> None:
    """`make dashboards` writes it."""
    assert (FILES / f"{dashboard.uid}.json").read_text("utf-8") == render(dashboard)


def test_there_is_no_other_file() -> None:
    assert {path.stem for path in FILES.iterdir()} == {one.uid for one in DASHBOARDS}


@dashboards
def test_every_query_names_metrics_and_labels_that_exist(dashboard: Dashboard) -> None:
    known = existing()
    for target in targets(dashboard):
        assert wrong_in(target["expr"], known) == [], target["expr"]


@dashboards
def test_a_legend_names_labels_that_the_query_keeps(dashboard: Dashboard) -> None:
    for target in targets(dashboard):
        labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert labels <= named_in(target["expr"]).grouped, target["expr"]


@dashboards
def test_a_choice_is_of_a_label_that_exists(dashboard: Dashboard) -> None:
    for variable in dashboard.variables:
        found = re.fullmatch(r"label_values\((\w+)(\{.*\})?, (\w+)\)", variable.query)
        assert found is not None
        assert found[3] in existing()[found[1]]


@dashboards
def test_panels_do_not_overlap_and_have_titles_of_their_own(dashboard: Dashboard) -> None:
    panels = json.loads(render(dashboard))["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert len({panel["id"] for panel in panels}) == len(panels)
