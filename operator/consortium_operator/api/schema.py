"""From the pydantic models to the structural schema that a CRD must have.

Kubernetes wants every node typed and inlined, takes no unions, and knows fewer keywords than
JSON Schema. What it does not know is an error here, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from consortium_operator.api.base import Part
from consortium_operator.api.immutable import IMMUTABLE
from consortium_operator.api.rules import RULES

Schema = dict[str, Any]

_KEPT = frozenset(
    {
        "type",
        "description",
        "enum",
        "format",
        "pattern",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "maxProperties",
        "required",
    }
)
_HANDLED = frozenset({"title", "default", "properties", "items", "additionalProperties"})


class SchemaError(TypeError):
    """A model says something that a CRD cannot."""


def structural_schema(model: type[Part], given: Mapping[str, Schema]) -> Schema:
    """The model's schema with its rules, as `openAPIV3Schema` takes it.

    `given` are properties that Kubernetes defines, such as metadata: they replace the model's.
    """
    schema = model.model_json_schema(by_alias=True, schema_generator=_WithRules)
    schema["properties"] |= given
    return _structural(schema, schema.get("$defs", {}))


class _WithRules(GenerateJsonSchema):
    """Pydantic's schema with the CEL rules of each model."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        result = super().model_schema(schema)
        rules = validations_of(schema["cls"])
        if rules:
            result["x-kubernetes-validations"] = rules
        return result


def validations_of(model: type[Part]) -> list[Schema]:
    """The `x-kubernetes-validations` of a model: what must hold, what may not change."""
    rules = [rule for rule in RULES if issubclass(model, rule.on)]
    fixed = [rule for rule in IMMUTABLE if issubclass(model, rule.on)]
    return [
        {"rule": rule.cel, "message": rule.message, "fieldPath": f".{rule.path}"} for rule in rules
    ] + [
        {
            "rule": rule.cel,
            "message": rule.message,
            "fieldPath": f".{rule.field}",
            "reason": "FieldValueForbidden",
        }
        for rule in fixed
    ]


def _structural(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    node = _resolved(node, definitions)
    result: Schema = {}
    for key, value in node.items():
        if key in _KEPT or key.startswith("x-kubernetes-"):
            result[key] = value
        elif key not in _HANDLED:
            raise SchemaError(f"a CRD has no {key!r}: {node}")
    if "type" not in result and "x-kubernetes-int-or-string" not in result:
        raise SchemaError(f"a CRD wants a type: {node}")
    if "properties" in node:
        result["properties"] = {
            name: _structural(child, definitions) for name, child in node["properties"].items()
        }
    if "items" in node:
        result["items"] = _structural(node["items"], definitions)
    # `false` is what a CRD does anyway: it prunes unknown fields, or refuses them if asked.
    extra = node.get("additionalProperties", False)
    if extra is True:
        result["x-kubernetes-preserve-unknown-fields"] = True
    elif extra is not False:
        result["additionalProperties"] = _structural(extra, definitions)
    if "default" in node:
        result |= _default(node["default"])
    return result


def _resolved(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The node with references inlined and `X or null` read as an optional X."""
    while True:
        if "$ref" in node:
            target = definitions[node["$ref"].removeprefix("#/$defs/")]
        elif "anyOf" in node:
            choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
            if len(choices) != 1:
                raise SchemaError(f"a CRD has no unions: {node}")
            target = choices[0]
        else:
            return {key: value for key, value in node.items() if key != "$defs"}
        here = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
        node = target | here


def _default(value: object) -> Schema:
    """The default to write, if it says anything.

    Objects get theirs in full, not `{}`: the API server fills in nested defaults only below an
    object that is there, and it checks the rules of a default before it fills in anything.
    """
    said = _without_empty(value)
    return {} if said in (None, [], {}) else {"default": said}


def _without_empty(value: object) -> object:
    """An empty list or map says the same as none, so nobody has to read it in each resource."""
    if not isinstance(value, dict):
        return value
    said = {key: _without_empty(child) for key, child in value.items()}
    return {key: child for key, child in said.items() if child not in (None, [], {})}
