"""A ConsortiumChain in a namespace of the test's own, and what a person can do to it."""

import copy
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, STATEFUL_SET, Kind
from tests.api_server import CHILDREN, Api, Body, labels_of, path_of
from tests.integration.operator.support.process import VERSION
from tests.integration.operator.support.waiting import PATIENCE, UNTIL_COLLECTED, wait_until

CHAIN_LABEL = "consortium.dev/chain"
FOUNDED = ("IdentitiesIntact", "GenesisSealed", "CertificatesValid", "SpecValid")
# A round follows what its own writes stirred up within a fraction of a second.
_STILL_SECONDS = 0.5

Versions = dict[str, tuple[str, str]]
"""Path → (uid, resourceVersion)."""


def members(*names: str) -> list[Body]:
    """One sealer each."""
    return [{"name": name, "nodes": [{"name": "n"}]} for name in names]


FOUR = members("huawei", "ping-an", "tencent", "webank")
ONE = members("webank")


class Chain:
    """By default of one member with one sealer: the cheapest that has every kind of object."""

    def __init__(
        self,
        api: Api,
        namespace: str,
        report: Callable[[], str],
        *,
        name: str = "trade",
        of: Iterable[Body] = ONE,
        **spec: Any,
    ) -> None:
        self.api, self.namespace, self.name = api, namespace, name
        self._operators_last_words = report
        self.manifest: Body = {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "version": VERSION,
                "chainId": f"{namespace}{name}".replace("-", "")[:32],
                "members": list(of),
                "nodeDefaults": {"storage": {"size": "2Gi"}},
            }
            | spec,
        }

    # What a person does.

    def create(self) -> None:
        self.api.create(CONSORTIUM_CHAIN, self.namespace, self.manifest)

    def found(self) -> None:
        """Creates it and waits until all but its pods are there."""
        self.create()
        self.wait_founded()

    def edit(self, **spec: Any) -> None:
        self.api.patch(CONSORTIUM_CHAIN, self.namespace, self.name, {"spec": spec})

    def poke(self) -> None:
        """Has the operator look at once, by an edit that means nothing to it."""
        note = {"metadata": {"annotations": {"example.com/poke": str(time.monotonic_ns())}}}
        self.api.patch(CONSORTIUM_CHAIN, self.namespace, self.name, note)

    def delete(self) -> None:
        self.api.delete(CONSORTIUM_CHAIN, self.namespace, self.name)

    # What there is.

    def resource(self) -> Body:
        found = self.api.get(CONSORTIUM_CHAIN, self.namespace, self.name)
        assert found is not None, f"the chain {self.name} is gone"
        return found

    def get(self, kind: Kind, name: str) -> Body | None:
        return self.api.get(kind, self.namespace, name)

    def children(self, *kinds: Kind) -> list[Body]:
        """Objects with the chain's label, of these kinds or of all."""
        return [
            obj
            for kind in kinds or CHILDREN
            for obj in self.api.all(kind, self.namespace)
            if labels_of(obj).get(CHAIN_LABEL) == self.name
        ]

    def versions(self, *kinds: Kind) -> Versions:
        """Of the children; the status of a StatefulSet, which its controller writes, aside."""
        return {path_of(obj): version_of(obj) for obj in self.children(*kinds)}

    def conditions(self) -> dict[str, Body]:
        found = self.resource().get("status", {}).get("conditions", [])
        return {one["type"]: one for one in found}

    # What a test waits for.

    def wait(
        self,
        type_: str,
        status: str,
        reason: str = "",
        seconds: float = PATIENCE,
        *,
        says: str = "",
    ) -> Body:
        """The condition, once it says this of the current generation."""

        def look() -> Body | None:
            resource = self.resource()
            conditions = resource.get("status", {}).get("conditions", [])
            found: Body = next((one for one in conditions if one["type"] == type_), {})
            if found.get("observedGeneration") != resource["metadata"]["generation"]:
                return None
            fits = found["status"] == status and reason in ("", found["reason"])
            return found if fits and says in found["message"] else None

        wanted = f"{type_}={status} {reason} {says}".strip()
        return wait_until(look, wanted, self.report, seconds)

    def wait_founded(self, seconds: float = PATIENCE) -> None:
        """Everything is there, and only pods are missing, which never run here."""
        for condition in FOUNDED:
            self.wait(condition, "True", seconds=seconds)
        nodes = sum(len(one["nodes"]) for one in self.manifest["spec"]["members"])
        wait_until(
            lambda: len(self.children(STATEFUL_SET)) == nodes,
            f"{nodes} StatefulSets",
            self.report,
        )
        self.wait_still()

    def wait_still(self) -> None:
        """Until nothing of it changes any more, its own status included."""

        def everything() -> Versions:
            return self.versions() | {"resource": version_of(self.resource())}

        last, since = everything(), time.monotonic()
        deadline = since + PATIENCE
        while time.monotonic() - since < _STILL_SECONDS:
            time.sleep(0.1)
            now = everything()
            if now != last:
                last, since = now, time.monotonic()
            assert time.monotonic() < deadline, f"never still\n{self.report()}"

    def wait_collected(self) -> None:
        """Until it is gone, and what it owned with it."""
        wait_until(self.is_collected, "what it owned is gone", self.report, UNTIL_COLLECTED)

    def is_collected(self) -> bool:
        is_gone = self.get(CONSORTIUM_CHAIN, self.name) is None
        owned = [obj for obj in self.children() if obj["metadata"].get("ownerReferences")]
        return is_gone and not owned

    def report(self) -> str:
        """What somebody needs who reads only the message of a failed test."""
        found = self.api.get(CONSORTIUM_CHAIN, self.namespace, self.name)
        status = (found or {}).get("status", {})
        lines = [
            f"{one['type']}={one['status']} {one['reason']}: {one['message']}"
            for one in status.get("conditions", [])
            if one["reason"] != "AsExpected"
        ]
        children = ", ".join(sorted(self.versions()))
        return "\n".join(
            [f"chain {self.namespace}/{self.name}", *lines, children, self._operators_last_words()]
        )


def version_of(obj: Body) -> tuple[str, str]:
    """(uid, resourceVersion); where a controller writes a status of its own, a digest of the rest
    in its place."""
    metadata = obj["metadata"]
    if obj["kind"] in ("StatefulSet", "PodDisruptionBudget"):
        kept = {k: v for k, v in metadata.items() if k not in ("managedFields", "resourceVersion")}
        return metadata["uid"], json.dumps([kept, obj["spec"]], sort_keys=True)
    return metadata["uid"], metadata["resourceVersion"]


def without(obj: Body, *fields: str) -> Body:
    """A copy for a person who puts an object back: without what the server alone writes."""
    found = copy.deepcopy(obj)
    for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields", *fields):
        found["metadata"].pop(field, None)
    return found
