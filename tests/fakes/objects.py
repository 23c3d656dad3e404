"""What an API server keeps, in memory: uid, resourceVersion, names that are taken, immutable
objects, field managers, defaults, and every change as history. People and controllers work on it
directly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from consortium_operator.kube.errors import AlreadyExists, Invalid
from consortium_operator.kube.kinds import (
    PERSISTENT_VOLUME_CLAIM,
    SERVICE,
    STATEFUL_SET,
    JsonObject,
    Kind,
    ObjectKey,
    key_of,
)
from tests.fakes.fields import check_immutable, free_address, own
from tests.fakes.merge import clone

OPERATOR = "operator"
USER = "user"
CONTROLLER = "controller"


@dataclass(frozen=True, slots=True)
class Event:
    """One change: what a watch would show, and who made it."""

    type: str
    object: JsonObject
    actor: str

    @property
    def key(self) -> ObjectKey:
        return key_of(self.object)


@dataclass(slots=True)
class Stored:
    object: JsonObject
    applied: dict[str, Any] = field(default_factory=dict)


class Objects:
    """By key."""

    def __init__(self) -> None:
        self._stored: dict[ObjectKey, Stored] = {}
        self._version = 100
        self._uids = 0
        self.history: list[Event] = []

    # What tests look at.

    def find(self, kind: Kind, name: str, namespace: str = "chains") -> JsonObject | None:
        """A copy of the object as it is now."""
        stored = self._stored.get(ObjectKey(kind, namespace, name))
        return clone(stored.object) if stored else None

    def all(self, kind: Kind | None = None, namespace: str | None = None) -> list[JsonObject]:
        """Copies of the objects, sorted by kind and name."""
        found = [
            clone(stored.object)
            for key, stored in self._stored.items()
            if kind in (None, key.kind) and namespace in (None, key.namespace)
        ]
        return sorted(found, key=lambda obj: str(key_of(obj)))

    def peek(self, kind: Kind, namespace: str | None = None) -> list[JsonObject]:
        """As `all`, but the objects themselves: for fakes that read often and change nothing."""
        return [
            stored.object
            for key, stored in self._stored.items()
            if kind == key.kind and namespace in (None, key.namespace)
        ]

    @property
    def version(self) -> int:
        return self._version

    def versions(self) -> dict[str, str]:
        """The resourceVersion of every object."""
        return {str(k): s.object["metadata"]["resourceVersion"] for k, s in self._stored.items()}

    # What people and controllers do.

    def put(self, obj: JsonObject, actor: str = USER, manager: str = "kubectl-create") -> None:
        """Creates or replaces an object, whatever it was."""
        key = key_of(obj)
        if key in self._stored:
            self.remove(key, actor)
        self._create(clone(obj), manager, actor)

    def edit(
        self,
        kind: Kind,
        name: str,
        change: Callable[[JsonObject], object],
        *,
        namespace: str = "chains",
        actor: str = USER,
        manager: str = "kubectl-edit",
        subresource: str = "",
    ) -> None:
        """A change in place by a field manager of its own."""
        key = ObjectKey(kind, namespace, name)
        stored = self._stored[key]
        before, after = stored.object, clone(stored.object)
        change(after)
        check_immutable(key, before, after, "update")
        own(after, before, manager, "Update", subresource)
        self._store(key, after, actor)

    def remove(self, key: ObjectKey, actor: str = USER) -> None:
        obj = self._stored.pop(key).object
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        self.history.append(Event("DELETED", clone(obj), actor))

    def delete_by_hand(self, kind: Kind, name: str, namespace: str = "chains") -> JsonObject:
        """Deletes, and returns what was there."""
        key = ObjectKey(kind, namespace, name)
        obj: JsonObject = clone(self._stored[key].object)
        self.remove(key)
        return obj

    def collect_garbage(self) -> None:
        """Removes objects all of whose owners are gone."""
        uids = {stored.object["metadata"]["uid"] for stored in self._stored.values()}
        for key, stored in list(self._stored.items()):
            owners = stored.object["metadata"].get("ownerReferences") or []
            if owners and not any(owner["uid"] in uids for owner in owners):
                self.remove(key, CONTROLLER)

    # How.

    def _create(self, obj: JsonObject, manager: str, actor: str) -> JsonObject:
        key = key_of(obj)
        if key in self._stored:
            raise AlreadyExists(409, "AlreadyExists", "the name is taken", "create", key)
        self._uids += 1
        obj["metadata"] |= {
            "uid": f"uid-{self._uids}",
            "creationTimestamp": f"2026-01-01T{self._uids // 60:02}:{self._uids % 60:02}:00Z",
        }
        self._stored[key] = Stored(obj)
        self._fill_in(key, obj)
        own(obj, {}, manager, "Update")
        self._bump(key, obj, "ADDED", actor)
        return obj

    def _store(self, key: ObjectKey, after: JsonObject, actor: str) -> None:
        """Takes a changed object in; one that is the same keeps its version."""
        before = self._stored[key].object
        if before == after:
            return
        if key.kind == STATEFUL_SET and before["spec"] != after["spec"]:
            after["metadata"]["generation"] = before["metadata"]["generation"] + 1
        self._stored[key].object = after
        self._bump(key, after, "MODIFIED", actor)

    def _bump(self, key: ObjectKey, obj: JsonObject, type_: str, actor: str) -> None:
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        self.history.append(Event(type_, clone(obj), actor))

    def _fill_in(self, key: ObjectKey, obj: JsonObject) -> None:
        """Defaults, which make what is stored differ from what was sent."""
        if key.kind == SERVICE:
            taken = {
                stored.object["spec"].get("clusterIP"): other
                for other, stored in self._stored.items()
                if other.kind == SERVICE and other != key
            }
            address = obj["spec"].setdefault("clusterIP", free_address(set(taken)))
            if address in taken:
                message = "spec.clusterIPs: provided IP is already allocated"
                if self._stored[key].object is obj:
                    del self._stored[key]
                raise Invalid(422, "Invalid", message, "apply", key)
        if key.kind == PERSISTENT_VOLUME_CLAIM:
            obj.setdefault("status", {"phase": "Bound"})
        if key.kind == STATEFUL_SET:
            obj["metadata"].setdefault("generation", 1)
            obj["spec"]["template"]["spec"].setdefault("restartPolicy", "Always")
