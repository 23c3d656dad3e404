"""An API server in memory, with the guarantees that the operator builds on and no others.

It is a KubeClient whose transport is a dict: uid, resourceVersion, names that are taken, immutable
objects, server-side apply with field managers, evictions. Every change is kept as history, every
call is counted, and any call can be made to fail (see `Fault`).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import (
    AlreadyExists,
    Conflict,
    EvictionRefused,
    Invalid,
    NotFound,
    Unavailable,
)
from consortium_operator.kube.kinds import (
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SERVICE,
    STATEFUL_SET,
    JsonObject,
    Kind,
    ObjectKey,
    key_of,
)
from consortium_operator.kube.ownership import FIELD_MANAGER, STATUS_MANAGER
from tests.fakes.faults import Call, Fault, Killed, Mode
from tests.fakes.fields import check_immutable, free_address, own, own_by_force
from tests.fakes.merge import applied, clone

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
class _Stored:
    object: JsonObject
    applied: dict[str, Any] = field(default_factory=dict)


class FakeCluster(KubeClient):
    """Holds objects by key. The methods of KubeClient are the operator's; `user_*` a person's."""

    def __init__(self) -> None:
        self._stored: dict[ObjectKey, _Stored] = {}
        self._version = 100
        self._uids = 0
        self.history: list[Event] = []
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.refuses_evictions: str | None = None
        self.evictions: list[str] = []
        self.events: list[JsonObject] = []

    def copy(self) -> "FakeCluster":
        """Another cluster with the same objects and history, and no faults."""
        twin = FakeCluster()
        twin._stored = {
            key: _Stored(clone(stored.object), clone(stored.applied))
            for key, stored in self._stored.items()
        }
        twin._version, twin._uids = self._version, self._uids
        twin.history = list(self.history)
        return twin

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

    @property
    def verbs(self) -> Counter[str]:
        """Calls by verb; a dry run counts as one of its own."""
        return Counter("dry-run" if call.dry_run else call.verb for call in self.calls)

    @property
    def writes(self) -> list[str]:
        """The writes so far: "create Secret chains/trade-admin"."""
        return [f"{call.verb} {call.key}" for call in self.calls if call.writes]

    def forget_calls(self) -> None:
        self.calls.clear()

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

    # The operator's calls.

    async def get(self, key: ObjectKey) -> JsonObject | None:
        self._begin(Call("get", key))
        stored = self._stored.get(key)
        return clone(stored.object) if stored else None

    async def create(self, obj: JsonObject) -> JsonObject:
        call = Call("create", key_of(obj))
        return self._carry_out(call, lambda: self._create(clone(obj), FIELD_MANAGER, OPERATOR))

    async def apply(self, obj: JsonObject, *, dry_run: bool = False) -> JsonObject:
        call = Call("apply", key_of(obj), dry_run)
        return self._carry_out(call, lambda: self._apply(clone(obj), dry_run))

    async def replace(self, obj: JsonObject) -> JsonObject:
        return self._carry_out(Call("replace", key_of(obj)), lambda: self._replace(clone(obj)))

    async def patch_status(
        self, key: ObjectKey, status: JsonObject, *, uid: str, resource_version: str | None = None
    ) -> JsonObject:
        return self._carry_out(
            Call("patch-status", key), lambda: self._patch_status(key, clone(status), uid)
        )

    async def grow(self, claim: ObjectKey, size: str, *, uid: str) -> JsonObject:
        return self._carry_out(Call("grow", claim), lambda: self._grow(claim, size, uid))

    async def evict(self, namespace: str, pod: str, uid: str) -> None:
        call = Call("evict", ObjectKey(POD, namespace, pod))
        self._carry_out(call, lambda: self._evict(call.key, uid))

    async def create_event(self, event: JsonObject) -> ObjectKey:
        name = f"{event['metadata']['generateName']}{len(self.events)}"
        named = event | {"metadata": event["metadata"] | {"name": name}}
        self._carry_out(Call("create", key_of(named)), lambda: self._take_event(named))
        return key_of(named)

    async def repeat_event(self, key: ObjectKey, count: int, at: str) -> None:
        self._carry_out(Call("patch", key), lambda: self._repeat_event(key, count, at))

    async def delete(self, key: ObjectKey, uid: str) -> JsonObject | None:
        return self._carry_out(Call("delete", key), lambda: self._delete(key, uid)) or None

    def transacted(self, chain: ObjectKey) -> None:
        """No call of the API server, but a deed of the operator's: a process may die after it."""
        self._begin(Call("transact", chain))

    # How.

    def _begin(self, call: Call) -> Mode | None:
        self.calls.append(call)
        for fault in self.faults:
            if not fault.spent and fault.hits(call):
                if fault.error is not None:
                    raise fault.error(call)
                fault.spent = True
                return fault.mode
        return None

    def _carry_out(self, call: Call, work: Callable[[], JsonObject]) -> JsonObject:
        mode = self._begin(call)
        if mode is Mode.BEFORE:
            raise Killed
        answer = work()
        if mode is Mode.AFTER:
            raise Killed
        if mode is Mode.LOST:
            raise Unavailable(0, "NoAnswer", "the connection broke", call.verb, call.key)
        copied: JsonObject = clone(answer)
        return copied

    def _create(self, obj: JsonObject, manager: str, actor: str) -> JsonObject:
        key = key_of(obj)
        if key in self._stored:
            raise AlreadyExists(409, "AlreadyExists", "the name is taken", "create", key)
        self._uids += 1
        obj["metadata"] |= {
            "uid": f"uid-{self._uids}",
            "creationTimestamp": f"2026-01-01T{self._uids // 60:02}:{self._uids % 60:02}:00Z",
        }
        self._stored[key] = _Stored(obj)
        self._fill_in(key, obj)
        own(obj, {}, manager, "Update")
        self._bump(key, obj, "ADDED", actor)
        return obj

    def _apply(self, wanted: JsonObject, dry_run: bool) -> JsonObject:
        key = key_of(wanted)
        stored = self._stored.get(key)
        uid = wanted["metadata"].pop("uid", None)
        if uid is not None and (stored is None or stored.object["metadata"]["uid"] != uid):
            raise Conflict(409, "Conflict", "uid mismatch", "apply", key)
        if stored is None:
            if dry_run:
                return wanted | {
                    "metadata": wanted["metadata"] | {"uid": "", "resourceVersion": ""}
                }
            created = self._create(clone(wanted), FIELD_MANAGER, OPERATOR)
            self._stored[key].applied = wanted
            return created
        before = stored.object
        after: JsonObject = applied(before, wanted, stored.applied)
        check_immutable(key, before, after, "apply")
        self._fill_in(key, after)
        own_by_force(after, wanted, before)
        if dry_run:
            return after
        self._store(key, after, OPERATOR)
        self._stored[key].applied = wanted
        return self._stored[key].object

    def _replace(self, wanted: JsonObject) -> JsonObject:
        key = key_of(wanted)
        stored = self._stored.get(key)
        if stored is None:
            raise NotFound(404, "NotFound", "gone", "replace", key)
        before = stored.object
        if wanted["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]:
            raise Conflict(409, "Conflict", "another version", "replace", key)
        wanted["metadata"] |= {
            name: before["metadata"][name]
            for name in ("uid", "creationTimestamp", "generation")
            if name in before["metadata"]
        }
        if "status" in before:
            wanted["status"] = clone(before["status"])
        if key.kind == SERVICE:
            wanted["spec"].setdefault("clusterIP", before["spec"]["clusterIP"])
        check_immutable(key, before, wanted, "replace")
        self._fill_in(key, wanted)
        self._store(key, wanted, OPERATOR)
        return self._stored[key].object

    def _patch_status(self, key: ObjectKey, status: JsonObject, uid: str) -> JsonObject:
        stored = self._stored.get(key)
        if stored is None:
            gone = NotFound(404, "NotFound", "gone", "patch-status", key)
            gone.names_object = True
            raise gone
        if stored.object["metadata"]["uid"] != uid:
            raise Conflict(422, "Invalid", "another uid", "patch-status", key)
        after = clone(stored.object) | {"status": status}
        own(after, stored.object, STATUS_MANAGER, "Update", "status")
        self._store(key, after, OPERATOR)
        return self._stored[key].object

    def _grow(self, key: ObjectKey, size: str, uid: str) -> JsonObject:
        stored = self._stored.get(key)
        if stored is None or stored.object["metadata"]["uid"] != uid:
            raise Conflict(422, "Invalid", "another uid", "grow", key)
        after = clone(stored.object)
        after["spec"]["resources"]["requests"]["storage"] = size
        self._store(key, after, OPERATOR)
        return self._stored[key].object

    def _evict(self, key: ObjectKey, uid: str) -> JsonObject:
        stored = self._stored.get(key)
        if stored is None:
            raise NotFound(404, "NotFound", "gone", "evict", key)
        if stored.object["metadata"]["uid"] != uid:
            raise Conflict(409, "Conflict", "another pod", "evict", key)
        if self.refuses_evictions is not None:
            raise EvictionRefused(429, "TooManyRequests", self.refuses_evictions, "evict", key)
        self.evictions.append(key.name)
        self.remove(key, OPERATOR)
        return {}

    def _take_event(self, event: JsonObject) -> JsonObject:
        self.events.append(clone(event))
        return event

    def _repeat_event(self, key: ObjectKey, count: int, at: str) -> JsonObject:
        for event in self.events:
            if event["metadata"]["name"] == key.name:
                event |= {"count": count, "lastTimestamp": at}
                return event
        raise NotFound(404, "NotFound", "forgotten", "patch", key)

    def _delete(self, key: ObjectKey, uid: str) -> JsonObject:
        stored = self._stored.get(key)
        if stored is None:
            return {}
        if stored.object["metadata"]["uid"] != uid:
            raise Conflict(409, "Conflict", "another uid", "delete", key)
        self.remove(key, OPERATOR)
        return {}

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
