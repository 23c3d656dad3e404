"""The verbs of the Kubernetes API that the operator uses, on plain dicts.

Reads are repeated where the server is busy; a write is sent once, because only the caller knows
what to do when its outcome is unknown (read back, then decide). Server-side apply always forces:
it is used only for objects that are ours. Every write names unknown fields as errors
(fieldValidation=Strict): a misspelt field would otherwise be dropped in silence.
"""

import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeAlias

import aiohttp
from aiohttp.http_exceptions import LineTooLong

from consortium_operator.kube.errors import (
    NotFound,
    Unavailable,
    error_of,
)
from consortium_operator.kube.kinds import EVENT, POD, JsonObject, Kind, ObjectKey, key_of
from consortium_operator.kube.ownership import (
    CALLER_MANAGER,
    FIELD_MANAGER,
    STATUS_MANAGER,
    exact,
    foreign_managers,
)
from consortium_operator.kube.transport import (
    APPLY_PATCH,
    JSON_PATCH,
    NO_ANSWER,
    Call,
    Surroundings,
    Timeouts,
    Transport,
    decode,
    no_answer,
    open_api,
)

PAGE = 500
# Each may be a megabyte, and anybody's: a whole page is in memory, thrice while it is read.
CONFIG_MAP_PAGE = 50

EventType: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One line of a watch. Of a BOOKMARK only metadata.resourceVersion is filled."""

    type: EventType
    object: JsonObject

    @property
    def resource_version(self) -> str:
        return str(self.object["metadata"]["resourceVersion"])


@dataclass(frozen=True, slots=True)
class Scope:
    """Which objects to list and watch; namespace None is the whole cluster."""

    kind: Kind
    namespace: str | None = None
    label_selector: str = ""

    @property
    def path(self) -> str:
        return self.kind.collection_path(self.namespace)

    @property
    def query(self) -> dict[str, str]:
        return {"labelSelector": self.label_selector} if self.label_selector else {}


class KubeClient:
    """The API server as the operator sees it. Errors: see `errors`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        kubeconfig: Path | None = None,
        timeouts: Timeouts | None = None,
        surroundings: Surroundings | None = None,
        context: str = "",
    ) -> AsyncIterator[Self]:
        """A client by `kubeconfig`; without one, by the service account of this pod."""
        async with open_api(kubeconfig, context) as api:
            yield cls(Transport(api, timeouts, surroundings))

    async def get(self, key: ObjectKey) -> JsonObject | None:
        """The object, or None where the API server itself says that there is none.

        No resourceVersion is sent, so the answer is as new as etcd, not a cache's.
        """
        call = Call("get", key, "GET", key.path)
        try:
            return _versioned(await self._read(call), call)
        except NotFound as missing:
            if missing.names_object:
                return None
            # A load balancer without a back end, or a server that lost a CRD, answers 404 too,
            # and to read that as "there is no such key" is the one mistake that must not be.
            message = "a 404 that does not name the object"
            raise Unavailable(404, "NoAnswer", message, "get", key) from missing

    async def serves(self, kind: Kind) -> bool:
        """Whether the API server knows a custom kind: whether its CRD is there and in use."""
        group = kind.api_version.partition("/")[0]
        try:
            # In both places where clients look, which are not updated in one moment.
            groups = await self._read(Call("discover", kind, "GET", "/apis"))
            path = f"/apis/{kind.api_version}"
            resources = await self._read(Call("discover", kind, "GET", path))
        except NotFound:
            return False
        return any(one["name"] == group for one in groups.get("groups") or ()) and any(
            one["name"] == kind.plural for one in resources.get("resources") or ()
        )

    async def list_pages(
        self,
        kind: Kind,
        namespace: str | None = None,
        label_selector: str = "",
        limit: int = PAGE,
    ) -> AsyncGenerator[tuple[list[JsonObject], str], None]:
        """Pages of (objects, resourceVersion of the whole list). Expired: start over."""
        scope = Scope(kind, namespace, label_selector)
        query = scope.query | {"limit": str(limit)}
        while True:
            call = Call("list", kind, "GET", scope.path, query)
            page = _versioned(await self._read(call), call)
            # The items of a typed list carry neither.
            named = {"apiVersion": kind.api_version, "kind": kind.kind}
            items = [{**named, **item} for item in page.get("items") or ()]
            yield items, str(page["metadata"]["resourceVersion"])
            token = page["metadata"].get("continue")
            if not token:
                return
            query["continue"] = token

    async def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        label_selector: str = "",
        *,
        resource_version: str,
    ) -> AsyncGenerator[WatchEvent, None]:
        """What happened after `resource_version`, until the server ends it (≈ 5 min) or falls
        silent. Either way: watch again from the last version that was seen.

        The first event is a BOOKMARK of `resource_version`: the server has accepted the watch.
        Raises Expired where that version is too old, Unavailable with status 0 where the stream
        broke or made no sense.
        """
        scope = Scope(kind, namespace, label_selector)
        query = scope.query | {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            # Spread out, else all streams of a restarted server end in the same second for ever.
            "timeoutSeconds": str(int(random.uniform(240, 360))),
        }
        call = Call("watch", kind, "GET", scope.path, query)
        async with self._transport.stream(call) as stream:
            yield WatchEvent("BOOKMARK", {"metadata": {"resourceVersion": resource_version}})
            while line := await _line(stream, call):
                yield _event(line, call)

    async def logs(
        self, pod: ObjectKey, container: str, *, since_seconds: int, follow: bool
    ) -> AsyncGenerator[str, None]:
        """Lines that a container has written, without their ends, and as `follow`, those that it
        will write, until it ends or is silent for the idle time. Invalid: it has not started."""
        query = {"container": container, "sinceSeconds": str(since_seconds)}
        if follow:
            query["follow"] = "true"
        call = Call("logs", pod, "GET", f"{pod.path}/log", query)
        async with self._transport.stream(call) as stream:
            while line := await _line(stream, call):
                yield line.decode(errors="replace").rstrip("\r\n")

    async def create(self, obj: JsonObject) -> JsonObject:
        """POST. AlreadyExists where the name is taken."""
        key = key_of(obj)
        path = key.kind.collection_path(key.namespace)
        return await self._write(Call("create", key, "POST", path, _own_write(), obj))

    async def apply(self, obj: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """Server-side apply: creates, or makes ours every field that `obj` names.

        With `dry_run` the server only tells what the object would become.
        """
        key = key_of(obj)
        query = _own_write() | {"force": "true"} | ({"dryRun": "All"} if dry_run else {})
        return await self._write(
            Call("apply", key, "PATCH", key.path, query, obj, content_type=APPLY_PATCH)
        )

    async def replace(self, obj: JsonObject) -> JsonObject:
        """PUT, bound to the metadata.resourceVersion that `obj` must carry (else ValueError)."""
        key = key_of(obj)
        if not obj["metadata"].get("resourceVersion"):
            raise ValueError(f"a replacement of {key} without resourceVersion")
        return await self._write(Call("replace", key, "PUT", key.path, _own_write(), obj))

    async def restore(self, obj: JsonObject) -> JsonObject:
        """Apply `obj`, and where others put something into its content, take that out again."""
        applied = await self.apply(obj)
        if not foreign_managers(applied):
            return applied
        return await self.replace(exact(obj, applied))

    async def patch_status(
        self,
        key: ObjectKey,
        status: JsonObject,
        *,
        uid: str,
        resource_version: str | None = None,
        strict: bool = True,
    ) -> JsonObject:
        """Make the status exactly `status`, of the object with `uid` only (else Conflict). What its
        schema does not know is Invalid, or dropped where not `strict`.

        A JSON patch, because it is the only one call that replaces a status whole: a merge patch
        keeps keys that are no longer there, server-side apply keeps what another manager wrote
        (an older version, a person), and a PUT fails on every edit of the spec in between.
        """
        operations = [
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "add", "path": "/status", "value": status},
        ]
        if resource_version is not None:
            path = "/metadata/resourceVersion"
            operations.append({"op": "replace", "path": path, "value": resource_version})
        validation = "Strict" if strict else "Ignore"
        query = {"fieldManager": STATUS_MANAGER, "fieldValidation": validation}
        path = f"{key.path}/status"
        return await self._write(
            Call("patch-status", key, "PATCH", path, query, operations, JSON_PATCH)
        )

    async def grow(self, claim: ObjectKey, size: str, *, uid: str) -> JsonObject:
        """Ask for another size of a PersistentVolumeClaim, of that with `uid` only (else Conflict).

        A JSON patch, because it can touch nothing but the size. Forbidden: its class cannot grow.
        """
        operations = [
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "replace", "path": "/spec/resources/requests/storage", "value": size},
        ]
        return await self._write(
            Call("grow", claim, "PATCH", claim.path, _own_write(), operations, JSON_PATCH)
        )

    async def patch(self, key: ObjectKey, operations: Sequence[JsonObject]) -> JsonObject:
        """A JSON patch of an object that is a person's, on that person's behalf. Conflict where
        one of its `test` operations finds another value."""
        query = {"fieldManager": CALLER_MANAGER, "fieldValidation": "Strict"}
        return await self._write(
            Call("patch", key, "PATCH", key.path, query, list(operations), JSON_PATCH)
        )

    async def evict(self, namespace: str, pod: str, uid: str) -> None:
        """Delete a pod if its disruption budgets allow it, else EvictionRefused.

        NotFound where it is gone, Conflict where another pod has its name by now.
        """
        key = ObjectKey(POD, namespace, pod)
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        await self._write(Call("evict", key, "POST", f"{key.path}/eviction", {}, eviction))

    async def delete(self, key: ObjectKey, uid: str) -> JsonObject | None:
        """Delete the object with `uid`. None once it is gone (also if it was); the object as it
        still is where a grace period or a finalizer keeps it. Conflict: another has its name."""
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        try:
            answer = await self._write(Call("delete", key, "DELETE", key.path, {}, options))
        except NotFound as missing:
            if missing.names_object:
                return None
            raise
        return None if answer.get("kind") == "Status" else answer

    async def create_event(self, event: JsonObject) -> ObjectKey:
        """POST an Event (see `events`). Its name is the server's choice."""
        path = EVENT.collection_path(event["metadata"]["namespace"])
        return key_of(await self._write(Call("create", EVENT, "POST", path, _own_write(), event)))

    async def repeat_event(self, key: ObjectKey, count: int, at: str) -> None:
        """That the Event has happened `count` times by now, last at `at` (RFC 3339, UTC). NotFound
        where the API server has forgotten it, as it does after an hour."""
        operations = [
            {"op": "replace", "path": "/count", "value": count},
            {"op": "replace", "path": "/lastTimestamp", "value": at},
        ]
        await self._write(
            Call("patch", key, "PATCH", key.path, _own_write(), operations, JSON_PATCH)
        )

    async def _read(self, call: Call) -> JsonObject:
        return decode(await self._transport.read(call), call)

    async def _write(self, call: Call) -> JsonObject:
        return decode(await self._transport.send(call), call)


def _own_write() -> dict[str, str]:
    return {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}


async def _line(stream: aiohttp.StreamReader, call: Call) -> bytes:
    """The next line, or nothing at the end of the stream or after a long silence."""
    try:
        return await stream.readline()
    except aiohttp.SocketTimeoutError:
        return b""
    except NO_ANSWER as error:
        raise no_answer(call.verb, call.key, error) from error
    except LineTooLong:  # its message quotes the line: keep it out
        message = "a line of more than 16 MiB"
        raise Unavailable(0, "NoAnswer", message, call.verb, call.key) from None


def _event(line: bytes, call: Call) -> WatchEvent:
    event = decode(line, call)
    kind, obj = event.get("type"), event.get("object") or {}
    if kind == "ERROR":
        status = int(obj.get("code") or 500)
        raise error_of(status, json.dumps(obj).encode(), {}, call.verb, call.key)
    if kind not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK") or not _has_version(obj):
        raise Unavailable(0, "NoAnswer", "an event without meaning", call.verb, call.key)
    return WatchEvent(kind, obj)


def _versioned(answer: JsonObject, call: Call) -> JsonObject:
    """Something on the way may answer in the server's place, with 200 and JSON of its own."""
    if not _has_version(answer):
        message = "the answer is no object of Kubernetes"
        raise Unavailable(0, "NoAnswer", message, call.verb, call.key)
    return answer


def _has_version(obj: JsonObject) -> bool:
    metadata = obj.get("metadata")
    return isinstance(metadata, dict) and bool(metadata.get("resourceVersion"))
