"""What values the chart takes: wrong ones are refused by name, each has a default and a schema."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.charts import CHART, Chart


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"chainNamespace": ["chains"]}, "chainNamespace"),
        ({"chainNamespaces": "chains"}, "chainNamespaces"),
        ({"chainNamespaces": ["*", "chains"]}, "chainNamespaces"),
        ({"chainNamespaces": ["Chains"]}, "chainNamespaces"),
        ({"imageCatalogue": {"v3.16.4": "r/i:1"}}, "v3.16.4"),
        ({"imageCatalogue": {"3.16.4": "r/i:latest"}}, "imageCatalogue"),
        ({"imageCatalogue": {"3.16.4": "r/i"}}, "imageCatalogue"),
        ({"image": {"digest": "sha256:12"}}, "image/digest"),
        ({"image": {"pullPolicy": "Sometimes"}}, "image/pullPolicy"),
        ({"image": {"tag": "latest"}}, "image/tag"),
        ({"replicas": 3}, "replicas"),
        ({"replicas": 0}, "replicas"),
        ({"scope": "Namespaced"}, "chainNamespaces"),
        ({"scope": "Namespaced", "chainNamespaces": ["*"]}, "chainNamespaces"),
        ({"scope": "Everywhere"}, "scope"),
        ({"networkPolicy": {"metricsFrom": [{}]}}, "metricsFrom"),
        ({"networkPolicy": {"ports": []}}, "networkPolicy"),
        ({"commonLabels": {"app.kubernetes.io/name": "mine"}}, "commonLabels"),
        ({"podLabels": {"app.kubernetes.io/instance": "mine"}}, "podLabels"),
        ({"commonAnnotations": {"helm.sh/resource-policy": "delete"}}, "commonAnnotations"),
        ({"podAnnotations": {"checksum/image-catalogue": "0"}}, "podAnnotations"),
        ({"affinity": {"nodeAffinities": {}}}, "affinity"),
    ],
)
def test_a_wrong_value_is_refused_by_name(chart: Chart, values: dict[str, Any], field: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        chart.text(values)
    assert field in refused.value.stderr


def levels(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a schema, wherever it stands."""
    if isinstance(value, dict):
        if value.get("type") == "object":
            yield path, value
        for name, item in value.items():
            yield from levels(item, f"{path}/{name}")


def test_every_value_has_a_default_and_stands_in_the_schema() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert values.keys() == schema["properties"].keys() - {"global"}
    for name in ("image", "networkPolicy"):
        assert values[name].keys() == schema["properties"][name]["properties"].keys()


def test_no_level_of_the_schema_takes_a_field_that_it_does_not_know() -> None:
    """Where fields are named, no other is taken. Objects that are Kubernetes' own, which the API
    server checks, name none."""
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    for path, level in levels(schema):
        assert "properties" not in level or level["additionalProperties"] is False, path


def test_values_that_were_kept_from_an_earlier_chart_are_refused_with_the_fix(
    chart: Chart,
) -> None:
    """As `helm upgrade --reuse-values` does: what is new then has no default."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        chart.text({"commonLabels": None, "networkPolicy": None})
    assert "--reset-then-reuse-values" in refused.value.stderr
