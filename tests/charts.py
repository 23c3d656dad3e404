"""Renders our chart with the real Helm, for tests that read what it gives."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[1] / "charts" / "consortium-operator"
RELEASE = "consortium-operator"
NAMESPACE = "consortium-system"
# A Helm that was built from its module takes an old version for the cluster's.
KUBE_VERSION = "1.37"

Objects = list[dict[str, Any]]


class Chart:
    """`helm`: path of the binary. Objects of one set of values are rendered once."""

    def __init__(self, helm: Path) -> None:
        self._helm = helm
        self._rendered: dict[str, Objects] = {}

    def run(self, *args: str, values: dict[str, Any] | None = None) -> str:
        """Raises subprocess.CalledProcessError, with what Helm said in `stderr`."""
        taking = () if values is None else ("--values", "-")
        done = subprocess.run(
            [self._helm, *args, *taking],
            input=json.dumps(values),
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    def text(
        self, values: dict[str, Any] | None = None, *options: str, release: str = RELEASE
    ) -> str:
        return self.run(
            "template",
            release,
            str(CHART),
            *options,
            f"--namespace={NAMESPACE}",
            f"--kube-version={KUBE_VERSION}",
            values=values,
        )

    def objects(self, **values: Any) -> Objects:
        key = json.dumps(values, sort_keys=True)
        if key not in self._rendered:
            self._rendered[key] = parse(self.text(values))
        return copy.deepcopy(self._rendered[key])

    def lint(self, **values: Any) -> str:
        return self.run("lint", "--strict", str(CHART), values=values)


def parse(text: str) -> Objects:
    return [found for found in yaml.safe_load_all(text) if found]


def of_kind(objects: Objects, kind: str) -> Objects:
    return [found for found in objects if found["kind"] == kind]


def only(objects: Objects, kind: str) -> dict[str, Any]:
    (found,) = of_kind(objects, kind)
    return found
