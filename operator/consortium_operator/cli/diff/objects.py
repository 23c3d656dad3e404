"""The cluster as it is, beside what the operator would make of it: pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from consortium_operator.api.quantity import parse_quantity
from consortium_operator.chain.naming import NODE_LABEL, PART_LABEL, ChildPart
from consortium_operator.chain.plan import Plan
from consortium_operator.cli.diff.fields import FieldDifference, missing_of
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    PERSISTENT_VOLUME_CLAIM,
    STATEFUL_SET,
    JsonObject,
    ObjectKey,
    key_of,
)
from consortium_operator.kube.ownership import foreign_managers
from consortium_operator.manifests import Manifest
from consortium_operator.offline.expectation import Expectation

# Written once under a name that stands for the content, so that a change is another object.
_REPLACED = (ChildPart.CERTIFICATE, ChildPart.CONFIG)


class Action(StrEnum):
    """What the operator would do to an object."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ObjectDifference:
    """One object. `instead_of`: the object that it takes the place of, which `fields` are compared
    with. `note`: what else is to be said."""

    action: Action
    kind: str
    name: str
    fields: tuple[FieldDifference, ...] = field(default_factory=tuple)
    instead_of: str | None = None
    note: str | None = None


Live = Mapping[ObjectKey, JsonObject]


def compare(expected: Expectation, objects: Iterable[JsonObject]) -> tuple[ObjectDifference, ...]:
    """In the order in which the operator writes."""
    live = {key_of(one): one for one in objects}
    return (
        *(d for one in expected.manifests if (d := _compare(one, live, expected.plan))),
        *_growth(expected.plan, live),
        *(
            ObjectDifference(Action.DELETE, key.kind.kind, key.name, note="once no pod names it")
            for key in expected.unneeded
        ),
    )


def _compare(manifest: Manifest, live: Live, plan: Plan) -> ObjectDifference | None:
    key = key_of(manifest)
    found = live.get(key)
    if found is None:
        before = _before(manifest, live)
        fields = tuple(missing_of(_content(manifest), _content(before))) if before else ()
        name = before["metadata"]["name"] if before else None
        return ObjectDifference(Action.CREATE, key.kind.kind, key.name, fields, name)
    if key.kind == PERSISTENT_VOLUME_CLAIM:
        return None
    fields = tuple(missing_of(_compared(manifest), _compared(found)))
    others = sorted(foreign_managers(found))
    if not fields and not others:
        return None
    notes = [f"others wrote into it: {', '.join(others)}"] if others else []
    if key.kind == STATEFUL_SET and any("spec.template" in one.path for one in fields):
        notes.append(f"restarts {plan.by_object_name[key.name].path}")
    return ObjectDifference(
        Action.CHANGE, key.kind.kind, key.name, fields, note="; ".join(notes) or None
    )


def _before(manifest: Manifest, live: Live) -> JsonObject | None:
    """The ConfigMap that the node's pod template names now, of the same part."""
    labels = manifest["metadata"].get("labels") or {}
    part, node = labels.get(PART_LABEL), labels.get(NODE_LABEL)
    if part not in _REPLACED or node is None:
        return None
    namespace = manifest["metadata"]["namespace"]
    template = live.get(ObjectKey(STATEFUL_SET, namespace, node))
    named = [ObjectKey(CONFIG_MAP, namespace, name) for name in _mounted(template)]
    mounted = [live[key] for key in named if key in live]
    return next((one for one in mounted if one["metadata"]["labels"].get(PART_LABEL) == part), None)


def _mounted(stateful_set: JsonObject | None) -> Iterator[str]:
    if stateful_set is None:
        return
    for volume in stateful_set["spec"]["template"]["spec"].get("volumes") or ():
        yield from _config_maps(volume)


def _config_maps(volume: JsonObject) -> Iterator[str]:
    sources = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    for one in sources:
        if "configMap" in one:
            yield one["configMap"]["name"]


def _compared(obj: JsonObject) -> JsonObject:
    metadata = obj["metadata"]
    told = {name: metadata.get(name) for name in ("labels", "annotations")}
    return {"metadata": told, **_content(obj)}


def _content(obj: JsonObject) -> JsonObject:
    left_out = ("apiVersion", "kind", "metadata", "status")
    return {name: value for name, value in obj.items() if name not in left_out}


def _growth(plan: Plan, live: Live) -> Iterator[ObjectDifference]:
    """Volumes that are smaller than the spec has them; they never shrink."""
    nodes = plan.by_object_name
    for key, claim in live.items():
        node = nodes.get((claim["metadata"].get("labels") or {}).get(NODE_LABEL, ""))
        if key.kind != PERSISTENT_VOLUME_CLAIM or node is None or node.departure is not None:
            continue
        size = claim["spec"]["resources"]["requests"]["storage"]
        if (parse_quantity(size) or 0) < (parse_quantity(node.storage.size) or 0):
            grown = FieldDifference("spec.resources.requests.storage", size, node.storage.size)
            yield ObjectDifference(Action.CHANGE, key.kind.kind, key.name, (grown,))
