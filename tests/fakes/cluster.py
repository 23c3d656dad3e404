"""An API server in memory, with the guarantees that the operator builds on and no others.

It is a KubeClient whose transport is a dict (see `Objects`): also server-side apply, evictions,
Events. Every call is counted, and any call can be made to fail (see `Fault`).
"""

from collections import Counter
from collections.abc import AsyncGenerator, Callable

from consortium_operator.kube.client import PAGE, KubeClient
from consortium_operator.kube.errors import (
    Conflict,
    EvictionRefused,
    Invalid,
    NotFound,
    Unavailable,
)
from consortium_operator.kube.kinds import POD, SERVICE, JsonObject, Kind, ObjectKey, key_of
from consortium_operator.kube.ownership import FIELD_MANAGER, STATUS_MANAGER
from tests.fakes.faults import Call, Fault, Killed, Mode
from tests.fakes.fields import check_immutable, own, own_by_force
from tests.fakes.merge import applied, clone
from tests.fakes.objects import OPERATOR, Objects, Stored


class FakeCluster(Objects, KubeClient):
    """The methods of KubeClient are the operator's; those of Objects a person's or controller's."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.refuses_evictions: str | None = None
        self.evictions: list[str] = []
        self.events: list[JsonObject] = []
        self.unknown_status: set[str] = set()

    def copy(self) -> "FakeCluster":
        """Another cluster with the same objects and history, and no faults."""
        twin = FakeCluster()
        twin._stored = {
            key: Stored(clone(stored.object), clone(stored.applied))
            for key, stored in self._stored.items()
        }
        twin._version, twin._uids = self._version, self._uids
        twin.history = list(self.history)
        return twin

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

    # The operator's calls.

    async def get(self, key: ObjectKey) -> JsonObject | None:
        self._begin(Call("get", key))
        stored = self._stored.get(key)
        return clone(stored.object) if stored else None

    async def list_pages(
        self,
        kind: Kind,
        namespace: str | None = None,
        label_selector: str = "",
        limit: int = PAGE,
    ) -> AsyncGenerator[tuple[list[JsonObject], str], None]:
        """In pages of any size: one."""
        self._begin(Call("list", ObjectKey(kind, namespace or "", "")))
        found = self.all(kind, namespace)
        matching = [o for o in found if label_selector in (o["metadata"].get("labels") or {})]
        yield matching, str(self.version)

    async def create(self, obj: JsonObject) -> JsonObject:
        call = Call("create", key_of(obj))
        return self._carry_out(call, lambda: self._create(clone(obj), FIELD_MANAGER, OPERATOR))

    async def apply(self, obj: JsonObject, *, dry_run: bool = False) -> JsonObject:
        call = Call("apply", key_of(obj), dry_run)
        return self._carry_out(call, lambda: self._apply(clone(obj), dry_run))

    async def replace(self, obj: JsonObject) -> JsonObject:
        return self._carry_out(Call("replace", key_of(obj)), lambda: self._replace(clone(obj)))

    async def patch_status(
        self,
        key: ObjectKey,
        status: JsonObject,
        *,
        uid: str,
        resource_version: str | None = None,
        strict: bool = True,
    ) -> JsonObject:
        def work() -> JsonObject:
            unknown = sorted(self.unknown_status & status.keys())
            if strict and unknown:
                said = f'patch: strict decoding error: unknown field "status.{unknown[0]}"'
                raise Invalid(422, "Invalid", said, "patch-status", key)
            known = {name: value for name, value in status.items() if name not in unknown}
            return self._patch_status(key, clone(known), uid)

        return self._carry_out(Call("patch-status", key), work)

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
