"""Between the operator and the API server: counts what the operator writes, and makes it go wrong.

Plain HTTP in front, TLS behind: the operator's kubeconfig points here, and its token is passed on.
Every request is shown to the faults in order; the first that wants it decides what becomes of it.
It runs in a thread of its own, so that tests stay plain code that waits.
"""

import asyncio
import json
import re
import ssl
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import yaml
from aiohttp import web

from consortium_operator.kube.kinds import CHILD_KINDS, CONSORTIUM_CHAIN, SECRET
from tests.crash_points import CrashPoint, Deed, Passing

T = TypeVar("T")

KINDS = {kind.plural: kind for kind in (SECRET, CONSORTIUM_CHAIN, *CHILD_KINDS)}

_HASH = re.compile(r"-[0-9a-f]{10}$")
_HOP_BY_HOP = {"host", "connection", "transfer-encoding", "content-length", "content-encoding"}


@dataclass(frozen=True)
class Seen:
    """A request of the operator. `number`: of all writes so far, from 1; 0 for a read. `path`: also
    of a create with the name of what is made."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    at: float

    @property
    def is_write(self) -> bool:
        return self.number > 0

    @property
    def is_watch(self) -> bool:
        return "watch" in self.query

    @property
    def namespace(self) -> str:
        """ "" where it is about all of them."""
        steps = self.path.split("/")
        return steps[steps.index("namespaces") + 1] if "namespaces" in steps else ""

    @property
    def deed(self) -> Deed:
        """Of a write in a namespace."""
        plural, name, *part = self.path.partition("/namespaces/")[2].split("/")[1:]
        verb = {"POST": "create", "PATCH": "apply", "PUT": "replace", "DELETE": "delete"}[
            self.method
        ]
        if part:  # a subresource
            verb = {"status": "patch-status", "eviction": "evict"}[part[0]]
        return Deed(verb, KINDS[plural], name)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Act(Enum):
    """What becomes of a request that a fault has chosen."""

    KILL_BEFORE = "the operator is killed before the server has it"
    KILL_AFTER = "the operator is killed after it was done, before the answer"
    LOSE = "it is done, and the answer is lost"
    CUT = "the connection breaks before the server has it"


@dataclass(frozen=True)
class Answer:
    """An answer in the server's place, which never hears of the request."""

    status: int
    reason: str
    message: str = "by a test"
    retry_after: int | None = None

    def response(self) -> web.Response:
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": self.status,
            "reason": self.reason,
            "message": self.message,
        }
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return web.json_response(body, status=self.status, headers=headers)


@dataclass(frozen=True)
class Delay:
    """It is passed on only after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Meanwhile:
    """Something happens, and then it is passed on. In a thread of its own."""

    what: Callable[[], None]


Fate = Act | Answer | Delay | Meanwhile
Fault = Callable[[Seen], Fate | None]
"""Asked in the proxy's thread, for each request once."""


@dataclass
class _State:
    """Read by tests while the proxy writes: only appended to."""

    seen: list[Seen] = field(default_factory=list)
    kills: list[Seen] = field(default_factory=list)


class FaultProxy:
    """`kubeconfig`: the operator's own. `kill`: ends the operator, now."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        self._config = yaml.safe_load(kubeconfig.read_text())
        cluster = self._config["clusters"][0]["cluster"]
        self._upstream = str(cluster["server"])
        self._tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self.kubeconfig = directory / "kubeconfig-of-proxy"
        self.faults: list[Fault] = []
        self.kill: Callable[[], None] = lambda: None
        self._state = _State()
        self._written = 0
        self._loop = asyncio.new_event_loop()
        # Whether each open watch flows, and its path.
        self._watches: dict[asyncio.Event, str] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy")
        self._thread.start()
        self._close: Callable[[], Coroutine[Any, Any, None]]
        self._run(self._open())

    # What tests see and do.

    @property
    def writes(self) -> list[Seen]:
        """All writes that the operator has tried."""
        return [seen for seen in self._state.seen if seen.is_write]

    @property
    def requests(self) -> list[Seen]:
        return list(self._state.seen)

    @property
    def kills(self) -> list[Seen]:
        """The requests that the operator died of."""
        return list(self._state.kills)

    @property
    def quiet_for(self) -> float:
        """Seconds since the last write."""
        return self._loop.time() - max((seen.at for seen in self.writes), default=0.0)

    def freeze_watches(self, of: str = "") -> None:
        """Watches that are open (`of`: a part of their path) stay so and say nothing more. New ones
        are well."""
        self._loop.call_soon_threadsafe(self._freeze, of)

    def thaw_watches(self) -> None:
        """What they had to say meanwhile arrives now."""
        self._loop.call_soon_threadsafe(self._thaw)

    def close(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # How.

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _freeze(self, of: str) -> None:
        for flow, path in self._watches.items():
            if of in path:
                flow.clear()

    def _thaw(self) -> None:
        for flow in self._watches:
            flow.set()

    async def _open(self) -> None:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
        # Bodies go through as they are.
        session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._session = session
        self._config["clusters"][0]["cluster"] = {
            "server": f"http://127.0.0.1:{runner.addresses[0][1]}"
        }
        self.kubeconfig.write_text(yaml.safe_dump(self._config))

        async def close() -> None:
            await runner.cleanup()
            await session.close()

        self._close = close

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        seen = self._note(request, body)
        decided = next((act for fault in self.faults if (act := fault(seen)) is not None), None)
        if isinstance(decided, Answer):
            return decided.response()
        if isinstance(decided, Delay):
            await asyncio.sleep(decided.seconds)
        if isinstance(decided, Meanwhile):
            await asyncio.to_thread(decided.what)
        if decided is Act.KILL_BEFORE:
            return self._end(seen, request)
        if decided is Act.CUT:
            return _cut(request)
        if seen.is_watch:
            return await self._stream(request)
        async with self._passed_on(request) as response:
            body = await response.read()
        if decided is Act.KILL_AFTER:
            return self._end(seen, request)
        if decided is Act.LOSE:
            return _cut(request)
        return web.Response(status=response.status, headers=_headers(response), body=body)

    def _note(self, request: web.Request, body: bytes) -> Seen:
        query = dict(request.query)
        # Nothing depends on Events, and an operator that dies over one has only not told.
        is_event = "/events" in request.path
        is_write = request.method != "GET" and "dryRun" not in query and not is_event
        self._written += is_write
        number = self._written if is_write else 0
        path = request.path
        if request.method == "POST":
            path += "/" + str(json.loads(body)["metadata"].get("name"))
        seen = Seen(number, request.method, path, query, self._loop.time())
        self._state.seen.append(seen)
        return seen

    def _end(self, seen: Seen, request: web.Request) -> web.Response:
        self.kill()
        self._state.kills.append(seen)
        return _cut(request)

    @asynccontextmanager
    async def _passed_on(self, request: web.Request) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        body = await request.read()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        async with self._session.request(
            request.method,
            f"{self._upstream}{request.raw_path}",
            headers=headers,
            data=body or None,
            timeout=timeout,
        ) as response:
            yield response

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        flow = asyncio.Event()
        flow.set()
        self._watches[flow] = request.path
        try:
            async with self._passed_on(request) as response:
                answer = web.StreamResponse(status=response.status, headers=_headers(response))
                with suppress(aiohttp.ClientError, ConnectionError):
                    await answer.prepare(request)
                    async for chunk in response.content.iter_any():
                        await flow.wait()
                        await answer.write(chunk)
                return answer
        finally:
            del self._watches[flow]


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    kept = {k: v for k, v in response.headers.items() if k.lower() not in _HOP_BY_HOP}
    if "Content-Encoding" in response.headers:
        kept["Content-Encoding"] = response.headers["Content-Encoding"]
    return kept


def _cut(request: web.Request) -> web.Response:
    """No answer: the connection is gone."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


class AtPoint:
    """A fault for one moment that has a name: killed before the write that would end it, once."""

    def __init__(self, namespace: str, point: CrashPoint) -> None:
        self._namespace = namespace
        self._passing = Passing(point)

    @property
    def met(self) -> int:
        return self._passing.hits

    def __call__(self, seen: Seen) -> Fate | None:
        if not seen.is_write or seen.namespace != self._namespace:
            return None
        return Act.KILL_BEFORE if self._passing.is_hit_by(seen.deed) else None


class EachWrite:
    """A fault for the writes in one namespace: each that is new meets `acts`, one at each attempt,
    and then goes through. `every`: only each so-many-th, beginning with number `first` (from 0)."""

    def __init__(self, namespace: str, *acts: Fate, every: int = 1, first: int = 0) -> None:
        self._namespace = namespace
        self._acts = acts
        self._every, self._first = every, first
        self._numbers: dict[str, int] = {}
        self._attempts: Counter[str] = Counter()
        self.met = 0

    def __call__(self, seen: Seen) -> Fate | None:
        if not seen.is_write or seen.namespace != self._namespace:
            return None
        # A new process issues a new certificate, which has another name.
        what = _HASH.sub("-", str(seen))
        number = self._numbers.setdefault(what, len(self._numbers))
        attempt = self._attempts[what]
        self._attempts[what] += 1
        if number % self._every != self._first or attempt >= len(self._acts):
            return None
        self.met += 1
        return self._acts[attempt]
