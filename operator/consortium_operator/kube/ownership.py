"""Who owns which fields of an object, and the object as it should be when others meddled.

Server-side apply leaves what others added: a foreign container, an extra key of a ConfigMap. So
where managedFields shows a foreign manager in the content, the exact object is PUT. Foreign
labels and annotations are nobody's harm and stay. Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from consortium_operator.kube.kinds import JsonObject

# Field managers: one for the children, one for the resource's status, and one for what people have
# the command line write.
FIELD_MANAGER = "consortium-operator"
STATUS_MANAGER = "consortium-operator/status"
CALLER_MANAGER = "consortium"

_NOT_CONTENT = {"f:metadata", "f:status"}


def foreign_managers(obj: Mapping[str, Any]) -> frozenset[str]:
    """The field managers other than the operator that own something in spec, data, ….

    Those that write through a subresource (a controller's status, a scale) do not count: they
    do what their subresource is for.
    """
    return frozenset(
        str(entry.get("manager", ""))
        for entry in _managed_fields(obj)
        if entry.get("manager") != FIELD_MANAGER
        and not entry.get("subresource")
        and any(name not in _NOT_CONTENT for name in entry.get("fieldsV1") or ())
    )


def has_changed_image(obj: Mapping[str, Any]) -> bool:
    """Whether a container of a pod has its image from somebody else than the container itself, as
    after `kubectl set image pod/…`. What admission puts there belongs to whoever made the pod."""
    containers = (
        fields
        for entry in _managed_fields(obj)
        if not entry.get("subresource")
        for fields in _fields_of_containers(entry)
    )
    return any("f:image" in fields and "f:name" not in fields for fields in containers)


def _fields_of_containers(entry: JsonObject) -> Iterable[Mapping[str, Any]]:
    spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
    containers: Mapping[str, Any] = spec.get("f:containers") or {}
    return containers.values()


def exact(desired: JsonObject, live: Mapping[str, Any]) -> JsonObject:
    """The body of a PUT that makes `live` exactly what `desired` says.

    `live` is what applying `desired` returned, so its metadata already carries our labels. The
    PUT is bound to its resourceVersion. managedFields is sent along for two reasons. Foreign
    managers would otherwise keep their claim to a content field of the same value, and the
    object would look foreign for ever. And a PUT without it records a second entry of ours
    (operation Update) for every field, which a later apply could then no longer drop.
    """
    metadata = dict(live["metadata"])
    metadata["managedFields"] = [
        kept for entry in _managed_fields(live) if (kept := _without_foreign_content(entry))
    ]
    return {**desired, "metadata": metadata}


def _without_foreign_content(entry: JsonObject) -> JsonObject | None:
    if entry.get("subresource") or entry.get("manager") == FIELD_MANAGER:
        return entry
    fields = {
        name: value for name, value in (entry.get("fieldsV1") or {}).items() if name in _NOT_CONTENT
    }
    return {**entry, "fieldsV1": fields} if fields else None


def _managed_fields(obj: Mapping[str, Any]) -> list[JsonObject]:
    return (obj.get("metadata") or {}).get("managedFields") or []
