"""A ConsortiumChain in the cluster, as a person with kubectl sees it."""

import copy
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, POD
from tests.api_server import Api
from tests.e2e.support.waiting import wait_until
from tests.kubectl import Kubectl

CHAIN_LABEL = "consortium.dev/chain"
OPERATOR_NAMESPACE = "consortium-system"
OPERATOR = "consortium-operator"
_LOG_LINES = 40

Body = dict[str, Any]


@dataclass(frozen=True)
class Chain:
    """`manifest`: as it was applied first."""

    kubectl: Kubectl
    manifest: Body

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.manifest["metadata"]["namespace"])

    @property
    def selector(self) -> str:
        return f"--selector={CHAIN_LABEL}={self.name}"

    @property
    def here(self) -> str:
        return f"--namespace={self.namespace}"

    # What a person does.

    def apply(self, manifest: Body | None = None) -> None:
        words = ("apply", "--server-side", "--field-manager=person", "--filename=-")
        self.kubectl(*words, stdin=json.dumps(manifest or self.manifest))

    def with_spec(self, **spec: Any) -> Body:
        """The manifest with some fields of the spec replaced."""
        changed = copy.deepcopy(self.manifest)
        changed["spec"] |= spec
        return changed

    def delete(self) -> None:
        self.kubectl("delete", "cchain", self.name, self.here)

    # What there is.

    def get(self, kind: str, name: str) -> Body:
        found: Body = self.kubectl.get(kind, name, self.here)
        return found

    def children(self, kinds: str) -> list[Body]:
        """Every object of these kinds with the chain's label, in the order of kind and name."""
        found = self.kubectl.get(kinds, self.here, self.selector)["items"]
        return sorted(found, key=lambda one: (one["kind"], one["metadata"]["name"]))

    def resource(self) -> Body:
        found = _api(self.kubectl.kubeconfig).get(CONSORTIUM_CHAIN, self.namespace, self.name)
        assert found is not None, f"there is no chain {self.namespace}/{self.name}"
        return found

    def status(self) -> Body:
        found: Body = self.resource()["status"]
        return found

    def condition(self, type_: str) -> Body:
        return conditions_of(self.resource())[type_]

    def pods(self) -> list[Body]:
        """By name."""
        found = _api(self.kubectl.kubeconfig).all(POD, self.namespace)
        ours = (one for one in found if label_of(one, "chain") == self.name)
        return sorted(ours, key=lambda one: str(one["metadata"]["name"]))

    # What a test waits for.

    def wait(self, type_: str, status: str, reason: str = "", seconds: float = 60.0) -> Body:
        """The condition, once it says this of the current generation."""

        def look() -> Body | None:
            resource = self.resource()
            found = conditions_of(resource).get(type_, {})
            is_current = found.get("observedGeneration") == resource["metadata"]["generation"]
            says = found.get("status") == status and reason in ("", found["reason"])
            return found if is_current and says else None

        found = wait_until(look, f"{type_}={status} {reason}", self.report, seconds)
        assert found is not None
        return found

    def wait_ready(self, seconds: float = 90.0) -> Body:
        return self.wait("Ready", "True", seconds=seconds)

    def report(self) -> str:
        """What somebody needs who reads only the message of a failed test."""
        said = [
            self._said("get", "cchain", self.name, "--output=jsonpath={.status}"),
            self._said("get", "pods,pvc", self.selector, "--output=wide"),
            self._said("get", "events", "--sort-by=.lastTimestamp"),
            self.kubectl.attempt(
                *("logs", f"deployment/{OPERATOR}", f"--namespace={OPERATOR_NAMESPACE}"),
                f"--tail={_LOG_LINES}",
            ).stdout,
        ]
        return "\n---\n".join([f"chain {self.namespace}/{self.name}", *said])

    def _said(self, *words: str) -> str:
        done = self.kubectl.attempt(*words, self.here)
        return done.stdout or done.stderr


class _Kept(threading.local):
    """Connections of a thread. Tests look twice a second, and a process of kubectl each time takes
    a quarter of a processor."""

    def __init__(self) -> None:
        self.apis: dict[Path, Api] = {}


_KEPT = _Kept()


def _api(kubeconfig: Path) -> Api:
    if kubeconfig not in _KEPT.apis:
        _KEPT.apis[kubeconfig] = Api(kubeconfig)
    return _KEPT.apis[kubeconfig]


def conditions_of(resource: Body) -> dict[str, Body]:
    """By type."""
    return {one["type"]: one for one in resource.get("status", {}).get("conditions", [])}


def label_of(found: Body, label: str) -> str | None:
    """The value of consortium.dev/<label>."""
    value: str | None = found["metadata"].get("labels", {}).get(f"consortium.dev/{label}")
    return value


def is_ready(pod: Body) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
