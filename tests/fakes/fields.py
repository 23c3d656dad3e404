"""What an API server refuses to change, and who owns which part of an object."""

from collections.abc import Mapping
from typing import Any

from consortium_operator.kube.errors import Invalid
from consortium_operator.kube.kinds import SERVICE, STATEFUL_SET, JsonObject, ObjectKey
from consortium_operator.kube.ownership import FIELD_MANAGER


def check_immutable(key: ObjectKey, before: JsonObject, after: JsonObject, verb: str) -> None:
    if before.get("immutable") and (
        not after.get("immutable") or before.get("data") != after.get("data")
    ):
        raise Invalid(422, "Invalid", "data: field is immutable", verb, key)
    if key.kind == SERVICE and before["spec"]["clusterIP"] != after["spec"].get("clusterIP"):
        raise Invalid(422, "Invalid", "spec.clusterIP: field is immutable", verb, key)
    if key.kind == STATEFUL_SET and before["spec"]["selector"] != after["spec"]["selector"]:
        raise Invalid(422, "Invalid", "spec: updates to statefulset are forbidden", verb, key)


def own(
    after: JsonObject,
    before: Mapping[str, Any],
    manager: str,
    operation: str,
    subresource: str = "",
) -> None:
    """Notes that `manager` owns the parts that it changed."""
    changed: dict[str, Any] = {
        f"f:{part}": {}
        for part in after
        if part not in ("apiVersion", "kind") and after[part] != before.get(part)
    }
    if not changed:
        return
    entries = after["metadata"].setdefault("managedFields", [])
    entry: dict[str, Any] = {"manager": manager, "operation": operation, "fieldsV1": changed}
    if subresource:
        entry["subresource"] = subresource
    mine = next((e for e in entries if {**e, "fieldsV1": 0} == {**entry, "fieldsV1": 0}), None)
    if mine is None:
        entries.append(entry)
    else:
        mine["fieldsV1"] |= changed


def own_by_force(after: JsonObject, wanted: JsonObject, before: JsonObject) -> None:
    """An apply takes what it names from others: they keep only what still differs from it."""
    for entry in after["metadata"].get("managedFields", []):
        if entry["manager"] == FIELD_MANAGER or entry.get("subresource"):
            continue
        for part in list(entry["fieldsV1"]):
            name = part.removeprefix("f:")
            if name != "metadata" and _covers(wanted.get(name), after.get(name)):
                del entry["fieldsV1"][part]
    after["metadata"]["managedFields"] = [
        entry for entry in after["metadata"].get("managedFields", []) if entry["fieldsV1"]
    ]
    if not any(e["manager"] == FIELD_MANAGER for e in after["metadata"]["managedFields"]):
        after["metadata"]["managedFields"].append(
            {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": {"f:metadata": {}}}
        )


_DEFAULTED = {"restartPolicy", "clusterIP"}


def _covers(wanted: Any, live: Any) -> bool:
    """Whether everything in `live` is said by `wanted` or is a default."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return all(
            name in _DEFAULTED or (name in wanted and _covers(wanted[name], value))
            for name, value in live.items()
        )
    if isinstance(wanted, list) and isinstance(live, list):
        return len(wanted) == len(live) and all(map(_covers, wanted, live))
    return bool(wanted == live)


def free_address(taken: set[Any]) -> str:
    """A clusterIP that no Service has."""
    return next(ip for n in range(1, 250) if (ip := f"10.96.0.{n}") not in taken)
