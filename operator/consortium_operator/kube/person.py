"""The verbs that only people need, on top of the operator's: what the command line asks for with
the rights of whoever calls it. The operator itself never comes here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.kinds import ACCESS_REVIEW, SERVICE, Kind, ObjectKey
from consortium_operator.kube.transport import Call, decode

_SERVER = Kind("v1", "Server", "version", namespaced=False)


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that somebody may do. `namespace`: "" for a cluster-scoped kind."""

    namespace: str
    verb: str
    group: str
    resource: str
    subresource: str = ""

    def __str__(self) -> str:
        resource = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{self.verb} {resource}"


@dataclass(frozen=True, slots=True)
class Server:
    """The API server. `date`: its clock as the answer was sent, to the second; None where
    something on the way took it out."""

    version: str
    date: datetime | None


class PersonClient(KubeClient):
    """The API server as a person sees it."""

    async def server(self) -> Server:
        """Its version and its clock; anybody may ask for both."""
        call = Call("get", _SERVER, "GET", "/version")
        body, headers = await self._transport.exchange(call)
        return Server(str(decode(body, call).get("gitVersion") or "unknown"), _date(headers))

    async def may(self, right: Right) -> bool:
        """Whether the API server would let the caller. No right is needed to ask."""
        asked = {
            "namespace": right.namespace,
            "verb": right.verb,
            "group": right.group,
            "resource": right.resource,
            "subresource": right.subresource,
        }
        review = {
            "apiVersion": ACCESS_REVIEW.api_version,
            "kind": ACCESS_REVIEW.kind,
            "spec": {"resourceAttributes": {name: value for name, value in asked.items() if value}},
        }
        path = ACCESS_REVIEW.collection_path(None)
        answer = await self._write(Call("create", ACCESS_REVIEW, "POST", path, {}, review))
        return bool((answer.get("status") or {}).get("allowed"))

    async def through(self, namespace: str, service: str, port: str, path: str) -> str:
        """What a pod behind a Service answers to a GET, by way of the API server: with the right
        to get `services/proxy`, and from wherever kubectl works."""
        key = ObjectKey(SERVICE, namespace, f"{service}:{port}")
        call = Call("proxy", key, "GET", f"{key.path}/proxy/{path}")
        return (await self._transport.send(call)).decode(errors="replace")

    async def log_tail(
        self, pod: ObjectKey, container: str, *, lines: int, size: int, previous: bool = False
    ) -> str:
        """The last lines that a container has written, cut off after `size` bytes. `previous`: of
        the container before the last restart. Invalid: there is none, or it has not started."""
        query = {
            "container": container,
            "tailLines": str(lines),
            "limitBytes": str(size),
            "timestamps": "true",
        }
        if previous:
            query["previous"] = "true"
        call = Call("logs", pod, "GET", f"{pod.path}/log", query)
        return (await self._transport.read(call)).decode(errors="replace")


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
