"""The CRD in the repository is what the models give, in the form that Kubernetes takes."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from consortium_operator.api import crd
from consortium_operator.api.base import Part
from consortium_operator.api.immutable import IMMUTABLE
from consortium_operator.api.parse import parse
from consortium_operator.api.rules import RULES
from consortium_operator.api.schema import SchemaError, structural_schema
from tests.resources import BASE, CRD_FILE, GOOD, REPOSITORY, Case

CHART_COPY = REPOSITORY / "charts" / "consortium-operator" / "files" / CRD_FILE.name
ROOT = crd.custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

# apiextensions.k8s.io/v1 refuses these, or silently does nothing with them.
NOT_STRUCTURAL = {
    "$ref",
    "$defs",
    "title",
    "const",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "nullable",
    "prefixItems",
    "patternProperties",
    "propertyNames",
    "discriminator",
    "uniqueItems",
    "exclusiveMinimum",
    "exclusiveMaximum",
}


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of the schema with its path."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def with_defaults(schema: dict[str, Any], value: Any) -> Any:
    """Fill in defaults as the API server does: below what is there."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        absent = {k: s["default"] for k, s in properties.items() if "default" in s} | value
        inner = schema.get("additionalProperties", {})
        return {k: with_defaults(properties.get(k, inner), v) for k, v in absent.items()}
    if isinstance(value, list):
        return [with_defaults(schema.get("items", {}), entry) for entry in value]
    return value


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return value


def test_the_file_in_the_repository_is_what_the_models_give() -> None:
    assert CRD_FILE.read_text("utf-8") == crd.render(), "run `make crds`"


def test_the_chart_carries_the_same_file() -> None:
    assert CHART_COPY.read_bytes() == CRD_FILE.read_bytes(), "run `make crds`"


def test_the_command_writes_the_file_and_its_directory(tmp_path: Any) -> None:
    crd.main([str(tmp_path / "new" / "crd.yaml")])
    written = (tmp_path / "new" / "crd.yaml").read_text("utf-8")
    assert yaml.safe_load(written) == crd.custom_resource_definition()


def test_every_node_is_structural() -> None:
    for path, node in nodes(ROOT):
        assert not NOT_STRUCTURAL & set(node), path
        assert "type" in node or node.get("x-kubernetes-int-or-string"), path
        assert node.get("additionalProperties") is not False, path
        assert not ("properties" in node and "additionalProperties" in node), path


def test_everything_below_spec_has_a_bound() -> None:
    for path, node in nodes(ROOT["properties"]["spec"]):
        if node.get("type") == "array":
            assert "maxItems" in node, path
        if "additionalProperties" in node:
            assert "maxProperties" in node, path
        if node.get("type") == "string":
            assert "maxLength" in node or "enum" in node, path
        if node.get("type") == "integer" and not path.endswith("tolerationSeconds"):
            assert {"minimum", "maximum"} <= set(node), path


def test_nothing_may_hold_whatever_somebody_writes() -> None:
    """Nested a thousand levels deep, one resource would keep all from being listed."""
    for path, node in nodes(ROOT):
        assert "x-kubernetes-preserve-unknown-fields" not in node, path


def test_every_field_is_described_in_a_sentence() -> None:
    for path, node in nodes(ROOT):
        if path and path != ".metadata" and not path.startswith(".metadata."):
            described = node.get("description", "")
            if not path.endswith(("[]", "{}")):
                assert described.endswith("."), path


def test_every_list_says_how_it_is_merged() -> None:
    for path, node in nodes(ROOT):
        if node.get("type") == "array":
            assert node.get("x-kubernetes-list-type") in ("map", "set", "atomic"), path


def test_list_map_keys_are_required_fields() -> None:
    for path, node in nodes(ROOT):
        for key in node.get("x-kubernetes-list-map-keys", ()):
            assert key in node["items"]["required"], path


def test_no_default_is_empty() -> None:
    for path, node in nodes(ROOT):
        assert node.get("default", "something") not in ("", None, [], {}), path


@pytest.mark.parametrize(
    "path",
    [
        ".nodeDefaults.storage.storageClassName",
        ".members[].nodes[].storage",
        ".members[].nodes[].storage.size",
        ".members[].nodes[].resources",
        ".members[].nodes[].placement",
        ".members[].nodes[].podLabels",
        ".members[].nodes[].podAnnotations",
        ".fiscoBcos.ledger.keyPageSize",
        ".fiscoBcos.executor.version",
        ".fiscoBcos.genesis.web3ChainId",
        ".fiscoBcos.genesis.compatibilityVersion",
    ],
)
def test_what_the_planner_resolves_has_no_default(path: str) -> None:
    assert "default" not in dict(nodes(ROOT["properties"]["spec"]))[path]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.title)
def test_defaults_of_the_schema_are_those_of_the_models(case: Case) -> None:
    """What the API server stores and what the user wrote are the same chain."""
    stored = with_defaults(ROOT, without_nulls(case.body))
    assert parse(stored).spec == parse(case.body).spec


def test_the_models_know_no_default_that_the_schema_does_not() -> None:
    stored = with_defaults(ROOT, BASE)["spec"]
    written = parse(BASE).spec.model_dump(mode="json", by_alias=True, exclude_none=True)

    def said(value: Any) -> Any:
        if isinstance(value, dict):
            inner = {key: said(child) for key, child in value.items()}
            return {key: child for key, child in inner.items() if child not in ({}, [])}
        return [said(entry) for entry in value] if isinstance(value, list) else value

    assert said(written) == said(stored)


def test_a_fresh_object_reads_as_in_progress() -> None:
    (ready,) = with_defaults(ROOT, BASE)["status"]["conditions"]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "Unknown", "Pending")


def test_every_rule_is_in_the_crd_with_the_field_that_it_is_about() -> None:
    written = {
        (rule["rule"], rule["message"], rule["fieldPath"])
        for _, node in nodes(ROOT)
        for rule in node.get("x-kubernetes-validations", ())
    }
    rules = {(r.cel, r.message, f".{r.path}") for r in RULES}
    fixed = {(r.cel, r.message, f".{r.field}") for r in IMMUTABLE}
    assert written == rules | fixed


def test_what_is_immutable_cannot_be_removed_and_come_back_different() -> None:
    by_name = {model.__name__: model for model in {rule.on for rule in IMMUTABLE}}
    schemas = {
        "ConsortiumChainSpec": ROOT["properties"]["spec"],
        "FiscoBcos": ROOT["properties"]["spec"]["properties"]["fiscoBcos"],
    }
    assert schemas.keys() == by_name.keys()
    assert "default" in schemas["FiscoBcos"]
    for rule in IMMUTABLE:
        schema = schemas[rule.on.__name__]
        stays = rule.field in schema["required"] if "required" in schema else False
        stays = stays or "default" in schema["properties"][rule.field]
        assert stays or rule.may_be_added, rule.field


def test_a_union_of_types_is_an_error() -> None:
    class Odd(Part):
        either: int | bool

    with pytest.raises(SchemaError, match="unions"):
        structural_schema(Odd, {})


def test_a_keyword_that_a_crd_does_not_know_is_an_error() -> None:
    class Odd(Part):
        pair: tuple[int, str]

    with pytest.raises(SchemaError, match="prefixItems"):
        structural_schema(Odd, {})


def test_the_columns_answer_what_people_ask() -> None:
    assert [column["name"] for column in crd.PRINTER_COLUMNS] == [
        "Engine",
        "Members",
        "Sealers",
        "Margin",
        "Ready",
        "Status",
        "Age",
    ]
