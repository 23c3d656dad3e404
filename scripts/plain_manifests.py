"""The chart for those who do not use Helm: what `helm template` writes, written to the
file that is named, without what only Helm reads and what would say that Helm manages it."""

import sys
from pathlib import Path
from typing import Any

import yaml

HEADER = "# Made from charts/consortium-operator by `make install-yaml`. Do not edit.\n"
HELMS_OWN = ("helm.sh/", "app.kubernetes.io/managed-by")


def plain(rendered: str) -> str:
    """One YAML document an object, in Helm's order."""
    objects = [_without_helm(found) for found in yaml.safe_load_all(rendered) if found]
    return HEADER + yaml.safe_dump_all(
        objects, explicit_start=True, sort_keys=False, allow_unicode=True, width=100
    )


def _without_helm(value: Any, field: str = "") -> Any:
    if isinstance(value, list):
        return [_without_helm(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_named = field in ("labels", "annotations")
    kept = {k: v for k, v in value.items() if not (is_named and k.startswith(HELMS_OWN))}
    return {name: _without_helm(item, name) for name, item in kept.items()}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(plain(sys.stdin.read()), encoding="utf-8")
