"""What a PromQL expression names, found without a Prometheus: enough to hold rules and dashboards
against the metrics that there are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_RANGE = re.compile(r"\[[^\]]*\]")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_NAME = re.compile(r"(?<![\w.])[a-zA-Z_:][\w:]*(?!\w*\s*\()")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset"})

# By whoever scrapes; the bound of a histogram's bucket.
FOREIGN_LABELS = frozenset({"instance", "job"})

Known = Mapping[str, frozenset[str]]
"""Metric, as it is sampled → its labels."""


@dataclass(frozen=True)
class Named:
    """`matched`: labels by the metric whose series they choose. `grouped`: labels that series are
    summed up or joined by."""

    metrics: frozenset[str]
    matched: Mapping[str, frozenset[str]]
    grouped: frozenset[str]


def named_in(expression: str) -> Named:
    text = _STRING.sub("", expression)
    grouped = {label.strip() for found in _GROUPING.findall(text) for label in found.split(",")} - {
        ""
    }
    text = _RANGE.sub("", _GROUPING.sub("", text))
    matched: dict[str, frozenset[str]] = {}
    for metric, matchers in _SELECTOR.findall(text):
        matched[metric] = matched.get(metric, frozenset()) | set(_MATCHER.findall(matchers))
    bare = re.sub(r"\{[^}]*\}", "", text)
    metrics = frozenset(name for name in _NAME.findall(bare) if name not in _WORDS)
    return Named(metrics, matched, frozenset(grouped))


def wrong_in(expression: str, known: Known) -> list[str]:
    """What it names that does not exist."""
    found = named_in(expression)
    wrong = [f"no metric {name}" for name in sorted(found.metrics - known.keys())]
    for metric, labels in found.matched.items():
        there = known.get(metric, frozenset()) | FOREIGN_LABELS
        wrong += [f"{metric} has no label {label}" for label in sorted(labels - there)]
    everywhere = FOREIGN_LABELS.union(*(known.get(name, frozenset()) for name in found.metrics))
    wrong += [f"no label {label} to group by" for label in sorted(found.grouped - everywhere)]
    return wrong
