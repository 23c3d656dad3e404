"""A fake cluster with the verbs that people have: lists, logs, what they may do, what a Service
answers."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from consortium_operator.kube.errors import ApiError, Invalid
from consortium_operator.kube.kinds import JsonObject, Kind, ObjectKey
from consortium_operator.kube.person import PersonClient, Right, Server
from tests.fakes.cluster import FakeCluster


class PersonCluster(FakeCluster, PersonClient):
    """`others`: objects of kinds that only people read. `logs_of`: pod → what it wrote, `before`:
    before its last restart. `answers`: what the operator's Service says to /metrics."""

    def __init__(self) -> None:
        super().__init__()
        self.others: dict[Kind, list[JsonObject]] = {}
        self.logs_of: dict[str, str] = {}
        self.before: dict[str, str] = {}
        self.answers: str | ApiError = ""
        self.listed: list[Kind] = []
        self.refused: dict[Kind, ApiError] = {}

    async def list_pages(
        self,
        kind: Kind,
        namespace: str | None = None,
        label_selector: str = "",
        limit: int = 500,
    ) -> AsyncGenerator[tuple[list[JsonObject], str], None]:
        self.listed.append(kind)
        if kind in self.refused:
            raise self.refused[kind]
        found = [*self.all(kind), *self.others.get(kind, [])]
        yield [one for one in found if _matches(one, namespace, label_selector)], "1"

    async def server(self) -> Server:
        return Server("v1.37.2", datetime.now(UTC))

    async def may(self, right: Right) -> bool:
        return True

    async def through(self, namespace: str, service: str, port: str, path: str) -> str:
        if isinstance(self.answers, ApiError):
            raise self.answers
        return self.answers

    async def log_tail(
        self, pod: ObjectKey, container: str, *, lines: int, size: int, previous: bool = False
    ) -> str:
        written = self.before if previous else self.logs_of
        if pod.name not in written:
            raise Invalid(400, "BadRequest", "container has not started", "logs", pod)
        return written[pod.name]


def _matches(obj: JsonObject, namespace: str | None, selector: str) -> bool:
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    wanted = [one.partition("=") for one in selector.split(",") if one]
    return namespace in (None, metadata.get("namespace")) and all(
        labels.get(name) == value if sign else name in labels for name, sign, value in wanted
    )
