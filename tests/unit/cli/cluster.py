"""A cluster as the commands see it: it shows what a test puts there, and keeps what is written."""

import copy
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from consortium_operator.cli import cluster
from consortium_operator.kube.caller import Target
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import ApiError
from consortium_operator.kube.kinds import JsonObject, Kind, ObjectKey


class Cluster:
    """`answer`: the chain, nothing, or an error that meets every call. `listed`: what every list
    shows. `next_lists`: what the lists after the first show instead, and then Ctrl-C. `written`:
    the log of each pod."""

    def __init__(self) -> None:
        self.answer: JsonObject | ApiError | None = None
        self.listed: list[JsonObject] = []
        self.next_lists: list[list[JsonObject]] | None = None
        self.written: dict[str, list[str] | ApiError] = {}
        self.asked: list[ObjectKey] = []
        self.selectors: list[tuple[Kind, str | None, str]] = []
        self.followed: list[tuple[str, int, bool]] = []
        self.patches: list[tuple[ObjectKey, list[JsonObject]]] = []

    async def get(self, key: ObjectKey) -> JsonObject | None:
        self.asked.append(key)
        if isinstance(self.answer, ApiError):
            raise self.answer
        return self.answer

    async def list_pages(
        self, kind: Kind, namespace: str | None = None, label_selector: str = ""
    ) -> AsyncIterator[tuple[list[JsonObject], str]]:
        self.selectors.append((kind, namespace, label_selector))
        if isinstance(self.answer, ApiError):
            raise self.answer
        for one in self.listed:
            yield [one], "1"
        if self.next_lists == []:
            raise KeyboardInterrupt
        if self.next_lists is not None:
            self.listed = self.next_lists.pop(0)

    async def logs(
        self, pod: ObjectKey, container: str, *, since_seconds: int, follow: bool
    ) -> AsyncIterator[str]:
        self.followed.append((container, since_seconds, follow))
        log = self.written[pod.name]
        if isinstance(log, ApiError):
            raise log
        for line in log:
            yield line

    async def patch(self, key: ObjectKey, operations: Sequence[JsonObject]) -> None:
        self.patches.append((key, list(operations)))


def connect_to(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `found` the cluster that commands connect to, in the namespace chains."""

    @asynccontextmanager
    async def connect(*_: object, **__: object) -> AsyncIterator[Any]:
        yield found

    monkeypatch.setattr(KubeClient, "connect", connect)
    target = Target(Path("config"), "work", "chains")
    monkeypatch.setattr(cluster, "find_target", lambda *_: target)


def patched(before: JsonObject, operations: Sequence[JsonObject]) -> JsonObject:
    """`before` with a JSON patch of `test` and `add`, on maps and into what lists hold already.
    Raises ValueError where a test finds another value."""
    after = copy.deepcopy(before)
    for one in operations:
        *way, last = (
            part.replace("~1", "/").replace("~0", "~") for part in one["path"].split("/")[1:]
        )
        at: Any = after
        for part in way:
            at = at[int(part)] if isinstance(at, list) else at[part]
        if one["op"] == "add":
            at[last] = one["value"]
        elif at.get(last) != one["value"]:
            raise ValueError(f"test {one['path']}")
    return after
