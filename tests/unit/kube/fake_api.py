"""An API server that answers what it is told to: for what a healthy one never does."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from aiohttp import web

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.kube.kinds import JsonObject
from consortium_operator.kube.person import PersonClient
from consortium_operator.kube.transport import Surroundings, Timeouts

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    async def respond(request: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(text=text, status=status, headers=headers)

    return respond


def failure(code: int, reason: str = "", message: str = "", **details: Any) -> JsonObject:
    """A Status, as the API server sends it with an error."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
        "details": details,
    }


def refuse(code: int, reason: str = "", message: str = "", **details: Any) -> Answer:
    return answer(failure(code, reason, message, **details), code)


async def lose(request: web.Request) -> web.StreamResponse:
    """Break the connection: the request may have been carried out or not."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    return web.Response()


def stream(*events: JsonObject | str, then: str = "end") -> Answer:
    """A watch of these events (a string is sent as it is), which then ends, hangs or breaks."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for event in events:
            line = event if isinstance(event, str) else json.dumps(event)
            await response.write(f"{line}\n".encode())
        if then == "hang":
            await asyncio.Event().wait()
        if then == "break":
            return await lose(request)
        return response

    return respond


def config_map(name: str, version: int, **data: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": "chains",
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "labels": {CHAIN_LABEL: "trade"},
        },
        "data": data,
    }


def page(version: int, items: Iterable[JsonObject] = (), token: str = "") -> Answer:
    bare = [
        {name: value for name, value in item.items() if name not in ("apiVersion", "kind")}
        for item in items
    ]
    metadata = {"resourceVersion": str(version)} | ({"continue": token} if token else {})
    return answer({"kind": "ConfigMapList", "metadata": metadata, "items": bare})


def event(type_: str, obj: JsonObject) -> JsonObject:
    return {"type": type_, "object": obj}


def bookmark(version: int) -> JsonObject:
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


class FakeApi:
    """Gives its answers one after the other, then hangs. Notes what it was asked."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._answers: list[Answer] = []
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.all_asked = asyncio.Event()
        # What to answer to a list, by a part of its path, instead.
        self.by_path: dict[str, Answer] = {}

    def will(self, *answers: Answer) -> None:
        self._answers += answers

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(request.query) for request in self.requests]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        for part, given in self.by_path.items():
            if part in request.path and "watch" not in request.query:
                return await given(request)
        if not self._answers:
            self.all_asked.set()
            return await hang(request)
        return await self._answers.pop(0)(request)

    @asynccontextmanager
    async def client(
        self, timeouts: Timeouts | None = None, surroundings: Surroundings | None = None
    ) -> AsyncIterator[PersonClient]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            async with PersonClient.connect(
                self._kubeconfig(f"http://127.0.0.1:{port}"), timeouts, surroundings
            ) as client:
                yield client
        finally:
            await runner.cleanup()

    def _kubeconfig(self, server: str) -> Path:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
            "clusters": [{"name": "fake", "cluster": {"server": server}}],
            "users": [{"name": "fake", "user": {"token": "the-token"}}],
        }
        path = self._directory / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path
