"""One connection to the JSON-RPC endpoint of one node.

A node answers everything with HTTP status 200, so errors are in the body. Some of its strings are
not UTF-8. Whatever goes wrong becomes a CallFailed whose sentence a user can act on.
"""

import asyncio
import itertools
import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from consortium_operator.chain.view import Silence
from consortium_operator.engines.fisco_bcos.node.tls import (
    AnotherKey,
    client_context,
    verifying_context,
)
from consortium_operator.engines.protocol import (
    ChainCallFailed,
    ClientIdentity,
    InvalidMaterial,
    NodeEndpoint,
)

_SHOWN_LIMIT = 200

# In OpenSSL's names for the alerts by which a server says that it does not like our certificate.
_REFUSALS = ("unknown ca", "certificate", "access denied")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a node is waited for, in seconds, and how many are asked at a time.

    `connect`: TCP and TLS. `call`: one answer. `view`: all answers of one node. `receipt`: from
    sending a transaction to the answer, which comes with its block. `answer`: how many bytes of one
    are read. Those of a chain of 256 nodes stay below 1 MB, unless whole blocks are asked for.
    """

    connect: float = 3.0
    call: float = 5.0
    view: float = 10.0
    receipt: float = 20.0
    connections: int = 16
    answer: int = 2 << 20


class CallFailed(ChainCallFailed):
    """`problem` is what the node does, without its name: "refuses connections". `code`: of an error
    that it answered with."""

    def __init__(
        self,
        node: str,
        problem: str,
        silence: Silence | None = None,
        code: int | None = None,
    ) -> None:
        super().__init__(f"{node} {problem}")
        self.problem = problem
        self.silence = silence
        self.code = code


class Connection:
    """Calls go one after the other over one TCP connection."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: NodeEndpoint, limits: Limits):
        self._session = session
        self._endpoint = endpoint
        self._limits = limits
        self._ids = itertools.count(1)

    async def call(self, method: str, *params: object, within: float | None = None) -> object:
        """The answer's `result`. `within`: seconds, if not the limit of a call.

        Raises CallFailed.
        """
        seconds = self._limits.call if within is None else within
        try:
            body = await self._post(method, params, seconds)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            problem = _explain(error, method, seconds, self._limits)
            raise self.failed(problem, _silence(error)) from error
        return self._result(method, body)

    def failed(
        self, problem: str, silence: Silence | None = None, code: int | None = None
    ) -> CallFailed:
        return CallFailed(self._endpoint.node, problem, silence, code)

    async def _post(self, method: str, params: tuple[object, ...], seconds: float) -> bytes:
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=self._limits.connect)
        async with self._session.post(
            "/", json=request, timeout=timeout, allow_redirects=False
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > self._limits.answer:
                    mebibytes = self._limits.answer >> 20
                    raise self.failed(f"answers {method} with more than {mebibytes} MiB")
            return bytes(body)

    def _result(self, method: str, body: bytes) -> object:
        try:
            answer = json.loads(body.decode(errors="replace"))
        except (ValueError, RecursionError):
            raise self.failed(f"answers {method} with something else than JSON") from None
        if isinstance(answer, dict) and "error" in answer:
            error = answer["error"]
            problem = f"answers {method} with an error: {_message(error)}"
            raise self.failed(problem, code=_code(error))
        if not isinstance(answer, dict) or "result" not in answer:
            raise self.failed(f"answers {method} with neither a result nor an error")
        return answer["result"]


@asynccontextmanager
async def open_connection(
    endpoint: NodeEndpoint, identity: ClientIdentity, limits: Limits
) -> AsyncIterator[Connection]:
    """Connects at the first call, and leaves no socket behind. Raises CallFailed."""
    async with aiohttp.ClientSession(
        base_url=_url(endpoint),
        connector=_connector(endpoint, identity),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        yield Connection(session, endpoint, limits)


def _connector(endpoint: NodeEndpoint, identity: ClientIdentity) -> aiohttp.TCPConnector:
    if endpoint.plain:
        return aiohttp.TCPConnector(limit=1)
    try:
        if endpoint.authorities:
            context = verifying_context(identity, endpoint.authorities)
        else:
            context = client_context(identity, endpoint.tls_fingerprint)
    except InvalidMaterial as error:
        raise CallFailed(endpoint.node, f"cannot be asked: {error}") from error
    return aiohttp.TCPConnector(ssl=context, limit=1)


async def takes_connections(endpoint: NodeEndpoint, within: float) -> bool:
    """Whether anything completes TCP there: for a process that hangs, or was stopped, the kernel
    does; for a pod that is cut off nobody does. `within`: seconds."""
    try:
        async with asyncio.timeout(within):
            _, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


def _url(endpoint: NodeEndpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    scheme = "http" if endpoint.plain else "https"
    return f"{scheme}://{host}:{endpoint.port}"


def _silence(error: BaseException) -> Silence | None:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return None
        case aiohttp.ClientConnectorError(os_error=ssl.SSLError() | ConnectionResetError()):
            return None
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return Silence.UNREACHABLE
        case asyncio.TimeoutError():
            return Silence.HANGS
    return None


def _explain(error: BaseException, method: str, seconds: float, limits: Limits) -> str:
    """What the node does, from how the call went wrong."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"has a name that does not resolve: {error.host}"
        case aiohttp.ClientConnectorError(os_error=ssl.SSLError() as tls_error):
            return _explain_handshake(tls_error)
        case aiohttp.ClientConnectorError(os_error=ConnectionResetError()):
            return "breaks the TLS handshake off; perhaps it refuses the client certificate"
        case aiohttp.ClientConnectorError(os_error=os_error):
            # Where several addresses fail in several ways, the error has no number.
            reason = os.strerror(os_error.errno) if os_error.errno else "at all its addresses"
            return f"refuses connections: {reason}"
        case aiohttp.ConnectionTimeoutError():
            return f"accepts no connection within {limits.connect:g} s"
        case asyncio.TimeoutError():
            return f"does not answer {method} within {seconds:g} s"
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return f"answers {method} with something else than HTTP"
    return f"breaks the connection off during {method}"


def _explain_handshake(error: ssl.SSLError) -> str:
    if isinstance(error, AnotherKey):
        return "shows another TLS key than the one on record"
    reason = (error.reason or "no reason given").lower().replace("_", " ")
    if "alert" in reason and any(refusal in reason for refusal in _REFUSALS):
        return f"refuses the operator's client certificate: {reason}"
    return f"fails in the TLS handshake: {reason}"


def _code(error: object) -> int | None:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else None


def _message(error: object) -> str:
    """The node's own words, in one line of bounded length."""
    text = error.get("message", error) if isinstance(error, dict) else error
    printable = "".join(char if char.isprintable() else " " for char in str(text))
    return printable if len(printable) <= _SHOWN_LIMIT else f"{printable[:_SHOWN_LIMIT]}…"
