"""HTTP to the API server: time-outs, connections, tokens, retries of reads.

With `caller`, the one module that touches the Kubernetes client library. It uses the library for
what is hard (kubeconfig, in-cluster tokens that rotate, TLS) and reads raw JSON itself: typed
models cost time and refuse fields that they do not know. Bodies are never logged.
"""

import asyncio
import contextlib
import json
import re
import socket
import ssl
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import load_incluster_config, load_kube_config

from consortium_operator.kube.backoff import Backoff
from consortium_operator.kube.caller import require_address, require_login, understood
from consortium_operator.kube.errors import TooManyRequests, Unavailable, error_of
from consortium_operator.kube.kinds import JsonObject, Kind, ObjectKey

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
# With the parameter, which the server ignores, the client library sends our bytes as they are.
APPLY_PATCH = "application/apply-patch+yaml; charset=utf-8"

# A connection that was refused, broke or fell silent.
NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError)
_READ_ATTEMPTS = 4
_LONGEST_RETRY_AFTER = 30.0
_GOODBYE_SECONDS = 2.0
# Of a watch. What etcd holds in 1.5 MiB is six times as long in JSON where it is full of "<", which
# the API server writes as \u003c. aiohttp takes lines of twice its buffer.
_LONGEST_LINE = 16 << 20


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `idle` is how long a watch may be silent before it is opened anew.

    The server sends a bookmark a minute, but only where the kind's version has moved: seen with
    1.37 and etcd 3.4, a watch of a kind that nobody touches stays silent for as long as it runs.
    So silence proves nothing by itself; that the next request is answered does.
    """

    connect: float = 10
    request: float = 30
    idle: float = 75


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `verb` and `key` name it in errors and metrics."""

    verb: str
    key: ObjectKey | Kind
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    # Not in the repr: it may be a Secret, and tracebacks show the calls they went through.
    body: Any = field(default=None, repr=False)
    content_type: str = JSON


# Told of every call: verb, kind, HTTP status (0: no answer came), seconds.
Observer: TypeAlias = Callable[[str, Kind, int, float], None]


def observe_nothing(verb: str, kind: Kind, status: int, seconds: float) -> None:
    """The observer of whoever keeps no metrics."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the client takes from outside, so that tests need not wait."""

    observer: Observer = observe_nothing
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Transport:
    """Sends calls over one connection pool."""

    def __init__(
        self,
        api: ApiClient,
        timeouts: Timeouts | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._api = api
        self._timeouts = timeouts or Timeouts()
        self._around = surroundings or Surroundings()

    async def read(self, call: Call) -> bytes:
        """The answer to a GET, asked again a few times where the server is busy or away."""
        backoff = Backoff(first=0.2, most=_LONGEST_RETRY_AFTER)
        for _ in range(_READ_ATTEMPTS - 1):
            try:
                return await self.send(call)
            except TooManyRequests as busy:
                await self._around.sleep(min(busy.retry_after, _LONGEST_RETRY_AFTER))
            except Unavailable:
                await self._around.sleep(backoff.next())
        return await self.send(call)

    async def send(self, call: Call) -> bytes:
        """The body of the answer. Raises an ApiError; of a write it is never sent twice."""
        return (await self.exchange(call))[0]

    async def exchange(self, call: Call) -> tuple[bytes, Mapping[str, str]]:
        """As `send`, with the answer's headers."""
        async with self._answer(call, self._request_timeout()) as response:
            return await response.read(), response.headers

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[aiohttp.StreamReader]:
        """The body of an answer that has no end. Reading it raises aiohttp's errors:
        SocketTimeoutError where it stays silent for the idle time."""
        timeouts = aiohttp.ClientTimeout(
            total=None, sock_connect=self._timeouts.connect, sock_read=self._timeouts.idle
        )
        async with self._answer(call, timeouts) as response:
            yield response.content

    @asynccontextmanager
    async def _answer(
        self, call: Call, timeouts: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        kind = call.key.kind if isinstance(call.key, ObjectKey) else call.key
        started, status = self._around.clock(), 0
        try:
            async with await self._open(call, timeouts) as response:
                status = response.status
                if status >= 400:
                    body = await response.read()
                    raise error_of(status, body, response.headers, call.verb, call.key)
                yield response
        except NO_ANSWER as error:
            raise no_answer(call.verb, call.key, error) from error
        finally:
            self._around.observer(call.verb, kind, status, self._around.clock() - started)

    async def _open(self, call: Call, timeouts: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        headers = {
            "Accept": JSON,
            "Content-Type": call.content_type,
            "User-Agent": "consortium-operator",
        }
        # Reads the service-account token again when it is a minute old: it rotates.
        await self._api.update_params_for_auth(
            headers, [], ["BearerToken"], call.path, call.method, None
        )
        url = f"{self._api.configuration.host}{call.path}"
        if call.query:
            url += f"?{urlencode(call.query)}"
        body = call.body
        if body is not None and call.content_type == APPLY_PATCH:
            body = _yaml(body)
        opened = await self._api.rest_client.request(
            call.method, url, headers=headers, body=body, _request_timeout=timeouts
        )
        response: aiohttp.ClientResponse = opened.response
        return response

    def _request_timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=self._timeouts.request, sock_connect=self._timeouts.connect
        )


def no_answer(verb: str, key: ObjectKey | Kind, error: Exception) -> Unavailable:
    """The error of a call that got no answer, or not a whole one."""
    return Unavailable(0, "NoAnswer", str(error) or type(error).__name__, verb, key)


def decode(body: bytes, call: Call) -> JsonObject:
    """The JSON object in an answer. Raises Unavailable for anything else."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # its message quotes the text: keep it out
        answer = None
    if not isinstance(answer, dict):
        raise Unavailable(0, "NoAnswer", "the answer is not a JSON object", call.verb, call.key)
    return answer


def _yaml(value: Any) -> bytes:
    """`value` as JSON that the server's YAML parser reads as the same value.

    It refuses the surrogate pairs with which JSON escapes what is beyond U+FFFF ("found invalid
    Unicode character escape code"), and folds U+2028 written plainly as a line break. So the
    one is written plainly and the other escaped.
    """
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f-\uffff]", lambda match: f"\\u{ord(match[0]):04x}", text).encode()


@asynccontextmanager
async def open_api(kubeconfig: Path | None, context: str = "") -> AsyncIterator[ApiClient]:
    """The library's client: by `kubeconfig` (its current context where none is named), or None for
    the pod's own service account. Raises NoTarget for a kubeconfig that makes no sense."""
    configuration = Configuration()
    if kubeconfig is None:
        load_incluster_config(client_configuration=configuration)
    else:
        with understood(kubeconfig):
            await load_kube_config(
                config_file=str(kubeconfig),
                context=context or None,
                client_configuration=configuration,
                persist_config=False,
            )
        require_address(kubeconfig, configuration.host)
        if not (configuration.api_key or configuration.cert_file):
            require_login(kubeconfig, context)
    configuration.client_session_kwargs = {
        "middlewares": (_send_once,),
        "read_bufsize": _LONGEST_LINE // 2,
    }
    async with (
        ApiClient(configuration) as api,
        _connector(api.rest_client.ssl_context) as connector,
    ):
        configuration.client_session_kwargs["connector"] = connector
        yield api


@asynccontextmanager
async def _connector(tls: ssl.SSLContext) -> AsyncIterator[aiohttp.TCPConnector]:
    """A connection pool that leaves no connection behind.

    aiohttp forgets a connection as soon as it has asked for its end, and with TLS the end comes
    only when the server has said goodbye too: a watch that is cancelled would outlive the client,
    and if the server is silent, for half a minute.
    """
    opened: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def open_socket(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, *_ = address
        found = socket.socket(family, kind, protocol)
        opened.add(found)
        return found

    # No limit: a watch holds its connection, and a full pool would make writes wait for it.
    connector = aiohttp.TCPConnector(limit=0, ssl=tls, socket_factory=open_socket)
    try:
        yield connector
    finally:
        await connector.close()
        await _await_end(opened)


async def _await_end(sockets: weakref.WeakSet[socket.socket]) -> None:
    """Ends all conversations from our side, and waits until the event loop has noticed."""
    for one in list(sockets):
        with contextlib.suppress(OSError):  # it has ended, or never began
            one.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GOODBYE_SECONDS):
            # A socket tells nobody of its end.
            while any(one.fileno() != -1 for one in list(sockets)):  # noqa: ASYNC110
                await asyncio.sleep(0.001)


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT or DELETE whose connection broke, which it does in
    silence: the first may have worked, and the second's Conflict would then be a riddle."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error
