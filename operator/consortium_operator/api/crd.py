"""Write the CustomResourceDefinition from the models.

`python -m consortium_operator.api.crd PATH` writes the file (`make crds`). The same models give
the same bytes; a test fails if the file in the repository differs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from consortium_operator.api.chain import (
    API_VERSION,
    GROUP,
    KIND,
    PLURAL,
    SHORT_NAME,
    SINGULAR,
    VERSION,
    ConsortiumChain,
)
from consortium_operator.api.conditions import ConditionStatus, ConditionType, Reason
from consortium_operator.api.kept import KEPT_BY_PIPELINES
from consortium_operator.api.schema import Schema, structural_schema

HEADER = "# Generated from operator/consortium_operator/api by `make crds`. Do not edit.\n"

# Until the operator has written a status, tools must read "in progress". Without conditions
# kstatus would call a fresh object ready. The time is a required field: the epoch means "never".
STATUS_DEFAULT = {
    "conditions": [
        {
            "type": str(ConditionType.READY),
            "status": str(ConditionStatus.UNKNOWN),
            "reason": str(Reason.PENDING),
            "message": "Waiting for the operator",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }
    ]
}


def _column(name: str, path: str, description: str, type_: str = "string") -> dict[str, str]:
    return {"name": name, "type": type_, "jsonPath": path, "description": description}


def _of_ready(field: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{field}'


PRINTER_COLUMNS = [
    _column("Engine", ".spec.engine", "Software of the nodes"),
    _column("Members", ".status.memberCount", "Organisations", "integer"),
    _column("Sealers", ".status.sealers", "Live sealers of all sealers"),
    _column("Margin", ".status.quorum.margin", "Weight that may still be lost", "integer"),
    _column("Ready", _of_ready("status"), "Whether everything is as the spec says"),
    _column("Status", _of_ready("message"), "What is the matter"),
    _column("Age", ".metadata.creationTimestamp", "Time since creation", "date"),
]


def custom_resource_definition() -> dict[str, Any]:
    """The CRD as a plain object."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{PLURAL}.{GROUP}",
            # With the CRD every chain's resource would go.
            "annotations": KEPT_BY_PIPELINES,
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": SINGULAR,
                "shortNames": [SHORT_NAME],
                # Not "all": `kubectl delete all --all` is a habit and would stop every chain.
                "categories": ["consortium"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": PRINTER_COLUMNS,
                    "schema": {"openAPIV3Schema": root_schema()},
                }
            ],
        },
    }


def root_schema() -> Schema:
    """The `openAPIV3Schema` of the resource, with its rules."""
    schema = structural_schema(
        ConsortiumChain,
        {
            "apiVersion": {"type": "string", "description": f"Always {API_VERSION}."},
            "kind": {"type": "string", "description": f"Always {KIND}."},
            "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    )
    schema["properties"]["status"]["default"] = STATUS_DEFAULT
    return schema | {"required": ["spec"]}


class _Dumper(yaml.SafeDumper):
    """Writes every object out: nobody reads YAML anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def render() -> str:
    """The CRD as YAML."""
    body = yaml.dump(
        custom_resource_definition(), Dumper=_Dumper, allow_unicode=True, width=100, sort_keys=True
    )
    return HEADER + body


def main(arguments: list[str]) -> None:
    """Write the CRD to the one path given."""
    if len(arguments) != 1:
        sys.exit("usage: python -m consortium_operator.api.crd PATH")
    path = Path(arguments[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
