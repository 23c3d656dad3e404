"""The API server as the cluster's administrator sees it: what tests look at and meddle with.

Plain HTTP with the administrator's certificate, and not the operator's own client: a misreading
there must not pass twice. Kinds and their paths are shared.
"""

import http.client
import json
import ssl
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    EVENT,
    NAMESPACE,
    NETWORK_POLICY,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    POD_DISRUPTION_BUDGET,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
    ObjectKey,
)

Body = dict[str, Any]

ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
RESOURCE_QUOTA = Kind("v1", "ResourceQuota", "resourcequotas")
CRD = Kind(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", False
)

# What the operator writes, with the API group of each.
CHILDREN = (
    SECRET,
    CONFIG_MAP,
    SERVICE,
    PERSISTENT_VOLUME_CLAIM,
    STATEFUL_SET,
    POD_DISRUPTION_BUDGET,
    NETWORK_POLICY,
)
EVERYTHING = (*CHILDREN, CONSORTIUM_CHAIN, POD, EVENT)

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
_PERSON = "person"
WATCH_SECONDS = 10
"""A watch of a kind whose CRD was deleted stays open, and tells nothing of what comes later."""


class Refused(Exception):
    """The API server said no. `message` is its sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Happened:
    """One event of a watch: what became of one object, at which version of the cluster. Of a
    BOOKMARK only the version means something.

    `actor`: operator where the write was the operator's; of a deletion nobody can tell.
    """

    version: int
    type: str
    object: Body
    actor: str = ""

    @property
    def path(self) -> str:
        return path_of(self.object)


class Api:
    """Calls by the administrator of `kubeconfig`, whose certificates are files. For one thread."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server: str = cluster["server"]
        self._address = urlsplit(self.server).netloc
        self._tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._tls.load_cert_chain(user["client-certificate"], user["client-key"])
        # A handshake costs more than most calls.
        self._kept = self._new_connection()

    def close(self) -> None:
        self._kept.close()

    def get(self, kind: Kind, namespace: str, name: str) -> Body | None:
        try:
            return self._call("GET", ObjectKey(kind, namespace, name).path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def all(self, kind: Kind, namespace: str | None) -> list[Body]:
        """In a namespace or (None) everywhere."""
        found: list[Body] = self._list(kind, namespace)["items"]
        return found

    def version(self, namespace: str) -> str:
        """The version of the cluster now: where `history` may start."""
        return str(self._list(CONFIG_MAP, namespace)["metadata"]["resourceVersion"])

    def create(self, kind: Kind, namespace: str, obj: Body) -> Body:
        named = {"apiVersion": kind.api_version, "kind": kind.kind, **obj}
        return self._call(
            "POST", kind.collection_path(namespace), named, query={"fieldManager": _PERSON}
        )

    def judge(self, kind: Kind, namespace: str, obj: Body) -> Body:
        """What it would store, as kubectl would ask for it. Nothing is stored."""
        query = {"fieldManager": _PERSON, "dryRun": "All", "fieldValidation": "Strict"}
        return self._call("POST", kind.collection_path(namespace), obj, query=query)

    def patch(self, kind: Kind, namespace: str, name: str, patch: Any) -> Body:
        """A list is a JSON patch, a mapping a merge patch."""
        return self._call(
            "PATCH",
            ObjectKey(kind, namespace, name).path,
            patch,
            JSON_PATCH if isinstance(patch, list) else MERGE,
            {"fieldManager": _PERSON},
        )

    def apply(self, kind: Kind, namespace: str, obj: Body) -> Body:
        named = {"apiVersion": kind.api_version, "kind": kind.kind, **obj}
        path = ObjectKey(kind, namespace, obj["metadata"]["name"]).path
        return self._call("PATCH", path, named, APPLY, {"fieldManager": _PERSON, "force": "true"})

    def delete(self, kind: Kind, namespace: str, name: str, policy: str = "Background") -> None:
        options = {"propagationPolicy": policy}
        self._call("DELETE", ObjectKey(kind, namespace, name).path, options)

    def delete_all(self, kind: Kind, namespace: str) -> None:
        self._call("DELETE", kind.collection_path(namespace))

    def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        self.create(NAMESPACE, "", {"metadata": {"name": name, "labels": dict(labels or {})}})

    def history(
        self, namespace: str, since: str, kinds: tuple[Kind, ...] = CHILDREN
    ) -> list[Happened]:
        """What happened after version `since`, in the order in which it happened.

        One etcd numbers all writes of the cluster, so versions of different kinds compare. The
        server replays what it remembers, which is more than a minute.
        """
        with ThreadPoolExecutor(len(kinds)) as pool:
            found = pool.map(lambda kind: self.replay(kind, namespace, since), kinds)
        in_order = sorted((one for events in found for one in events), key=lambda e: e.version)
        return list(with_actors(in_order))

    def replay(self, kind: Kind, namespace: str | None, since: str) -> list[Happened]:
        """What became of one kind after version `since` and up to now, in a namespace or (None)
        everywhere. For any thread."""
        with closing(Api(self._kubeconfig)) as api:
            found = api._list(kind, namespace)
        listed = {uid_of(obj): version_of(obj) for obj in found["items"]}
        young = {uid: version for uid, version in listed.items() if version > int(since)}
        told: list[Happened] = []
        while True:
            last = str(max((event.version for event in told), default=int(since)))
            # It tells at once what it remembers; on a busy machine not always within its time.
            with self.watch(kind, namespace, last, seconds=1) as events:
                told += [event for event in events if event.type != "BOOKMARK"]
            if tells_all(told, young, int(found["metadata"]["resourceVersion"])):
                return told

    @contextmanager
    def watch(
        self,
        kind: Kind,
        namespace: str | None,
        since: str | None,
        seconds: int = WATCH_SECONDS,
    ) -> Iterator[Iterator[Happened]]:
        """What becomes of one kind after version `since`, in a namespace or (None) everywhere. With
        None, first all there is, as ADDED, then a BOOKMARK.

        A BOOKMARK comes now and then: everything up to its version was told. For any thread.
        """
        begin: list[Happened] = []
        if since is None:
            begin, since = self._as_it_is(kind, namespace)
        query = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        query |= {"resourceVersion": since}
        path = f"{kind.collection_path(namespace)}?{urlencode(query)}"
        with closing(self._new_connection(timeout=seconds + 30)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise Refused(answer.status, f"watch of {kind}: {answer.read().decode()}")
            yield chain(begin, (_happened(kind, line) for line in answer))

    def _as_it_is(self, kind: Kind, namespace: str | None) -> tuple[list[Happened], str]:
        with closing(Api(self._kubeconfig)) as api:
            found = api._list(kind, namespace)
        version = found["metadata"]["resourceVersion"]
        listed = [Happened(version_of(obj), "ADDED", obj) for obj in found["items"]]
        return [*listed, Happened(int(version), "BOOKMARK", {})], version

    def _list(self, kind: Kind, namespace: str | None) -> Body:
        found = self._call("GET", kind.collection_path(namespace))
        named = {"apiVersion": kind.api_version, "kind": kind.kind}
        found["items"] = [{**named, **item} for item in found["items"]]
        return found

    def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Body:
        found: Body = json.loads(self._text(method, path, body, content_type, query))
        return found

    def _text(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> str:
        url = f"{path}?{urlencode(query)}" if query else path
        text = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type}
        status, found = self._send(method, url, text, headers)
        if status >= 400:
            raise Refused(status, _message(found))
        return found

    def _send(
        self, method: str, url: str, text: str | None, headers: dict[str, str]
    ) -> tuple[int, str]:
        try:
            self._kept.request(method, url, text, headers)
            answer = self._kept.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._kept.close()
            if not isinstance(error, http.client.RemoteDisconnected):
                raise
        # The server has closed a connection that nobody used for long.
        return self._send(method, url, text, headers)

    def _new_connection(self, timeout: int = 30) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._address, context=self._tls, timeout=timeout)


def _happened(kind: Kind, line: bytes) -> Happened:
    event = json.loads(line)
    if event["type"] == "ERROR":
        raise Refused(event["object"].get("code", 410), f"watch of {kind}: {event['object']}")
    version = int(event["object"]["metadata"]["resourceVersion"])
    return Happened(version, event["type"], event["object"])


def _message(text: str) -> str:
    """Of a Status; a path that the server does not know gets a page without one."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError):
        return text


_Entries = dict[tuple[str, ...], Body]
_OPERATOR = "consortium-operator"


def with_actors(history: Iterable[Happened]) -> Iterator[Happened]:
    """The operator writes under field managers of its own, and each write marks its writer's."""
    last: dict[str, _Entries] = {}
    for event in history:
        entries: _Entries = {
            (one["manager"], one["operation"], one.get("subresource", "")): one
            for one in event.object["metadata"].get("managedFields", [])
        }
        wrote = event.type != "DELETED" and _operator_wrote(last.get(event.path, {}), entries)
        last[event.path] = {} if event.type == "DELETED" else entries
        yield replace(event, actor=event.actor or ("operator" if wrote else "somebody"))


def _operator_wrote(before: _Entries, after: _Entries) -> bool:
    """Whoever writes takes fields from others, whose entries then shrink; but only the writer's own
    has a new time, and that only where it has gained something. Times are in seconds: within one,
    what counts is whose entry grew."""
    changed = [key for key, entry in after.items() if entry != before.get(key)]
    newer = [key for key in changed if after[key].get("time") != before.get(key, {}).get("time")]
    grown = [key for key in changed if _fields(after[key]) - _fields(before.get(key, {}))]
    return any(manager.startswith(_OPERATOR) for manager, *_ in newer or grown)


def _fields(entry: Body) -> set[str]:
    """The paths of all fields of an entry of managedFields."""
    found, left = set(), [("", entry.get("fieldsV1", {}))]
    while left:
        path, fields = left.pop()
        found.add(path)
        left += [(f"{path}/{name}", below) for name, below in fields.items()]
    return found


def tells_all(told: Iterable[Happened], listed: Mapping[str, int], now: int) -> bool:
    """Whether a watch, which tells in order, has told how each object that was listed at version
    `now` became what it is, and that the others went. `listed`: uid → version."""
    last = {uid_of(event.object): event for event in told}
    are_known = all(uid in last and last[uid].version >= at for uid, at in listed.items())
    others = (event for uid, event in last.items() if uid not in listed)
    return are_known and all(one.type == "DELETED" or one.version > now for one in others)


def uid_of(obj: Body) -> str:
    return str(obj["metadata"]["uid"])


def version_of(obj: Body) -> int:
    return int(obj["metadata"]["resourceVersion"])


def path_of(obj: Body) -> str:
    """`Secret/trade-admin`."""
    return f"{obj['kind']}/{obj['metadata']['name']}"


def labels_of(obj: Body) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("labels") or {}
    return found
