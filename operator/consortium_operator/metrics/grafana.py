"""Grafana's dashboards as JSON, as far as ours need them: panels that flow from left to right, each
with its PromQL."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

Steps = tuple[tuple[float | None, str], ...]
"""Colours from a value on; the first has none."""

GREEN: Steps = ((None, "green"),)

# Of Grafana 11 and newer; older ones migrate it or ignore what they do not know.
_SCHEMA_VERSION = 39
_COLUMNS = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """`legend`: how a series is called, with its labels in `{{ }}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """`kind`: of panel. `words`: what values mean."""

    title: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "none"
    width: int = 12
    height: int = 8
    description: str = ""
    steps: Steps = GREEN
    words: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top: the values of one label of one metric."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`uid`: in links, and the name of its file."""

    uid: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...] = ()


def to_json(dashboard: Dashboard) -> Json:
    """As Grafana imports it."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["consortium"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source_variable(), *map(_variable, dashboard.variables)]},
        "panels": list(_laid_out(dashboard.panels)),
    }


def _source_variable() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
    }


def _variable(variable: Variable) -> Json:
    return {
        "name": variable.name,
        "label": variable.name.capitalize(),
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
    }


def _laid_out(panels: Sequence[Panel]) -> Iterator[Json]:
    column = row = tallest = 0
    for number, panel in enumerate(panels, start=1):
        if column + panel.width > _COLUMNS:
            column, row, tallest = 0, row + tallest, 0
        place = {"x": column, "y": row, "w": panel.width, "h": panel.height}
        yield {"id": number, "gridPos": place, **_panel(panel)}
        column, tallest = column + panel.width, max(tallest, panel.height)


def _panel(panel: Panel) -> Json:
    found: Json = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "targets": [_target(panel, number, one) for number, one in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
    }
    if panel.kind == "table":
        found["transformations"] = [
            {"id": "organize", "options": {"excludeByName": dict.fromkeys(_NOISE, True)}}
        ]
    return found


# What a table of an instant query shows beside the labels that matter.
_NOISE = ("Time", "__name__", "container", "endpoint", "instance", "job", "service")

_OPTIONS: dict[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"]},
        "colorMode": "background",
        "graphMode": "none",
    },
    "table": {"showHeader": True},
}


def _target(panel: Panel, number: int, query: Query) -> Json:
    is_now = panel.kind != "timeseries"
    return {
        "refId": chr(ord("A") + number),
        "datasource": _SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": is_now,
        "range": not is_now,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _field(panel: Panel) -> Json:
    steps = [{"value": value, "color": colour} for value, colour in panel.steps]
    words = {
        str(value): {"text": text, "index": number}
        for number, (value, text) in enumerate(panel.words)
    }
    return {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [{"type": "value", "options": words}] if words else [],
    }
