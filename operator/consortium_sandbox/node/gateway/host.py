"""Accepts and dials connections, and does the TLS handshakes (Host.cpp).

A handshake that fails is one log line on either side and nothing else.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.gateway.session import Session
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.peers import Endpoint
from consortium_sandbox.node.settings import P2pSettings
from consortium_sandbox.node.stream import Side, open_streams
from consortium_sandbox.node.tls import Contexts

_CONNECT_SECONDS = 10.0
OnSession = Callable[[Session], Awaitable[None]]


class Host:
    """The listening socket and the outgoing connections. `on_session` owns a session's life."""

    def __init__(
        self, settings: P2pSettings, contexts: Contexts, log: Log, on_session: OnSession
    ) -> None:
        self._settings = settings
        self._contexts = contexts
        self._log = log
        self._on_session = on_session
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Raises StartFailed where the address cannot be taken."""
        self._socket = listening_socket(self._settings.listen_ip, self._settings.listen_port)
        self.spawn(self._accept(self._socket))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            self._socket.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something until it ends or the host stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def dial(self, endpoint: Endpoint) -> Session | None:
        """A session after the TLS handshake, or None and a log line."""
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await loop.sock_connect(connection, endpoint)
        except (OSError, TimeoutError) as error:
            connection.close()
            self._log.debug(
                "[NETWORK][Host]TCP Connection refused by node",
                endpoint=_text(endpoint),
                message=_reason(error),
            )
            return None
        try:
            streams = await open_streams(connection, self._contexts.dial, Side(accepts=False))
        except (OSError, EOFError) as error:
            self._log.warning(
                "[NETWORK][Host]handshakeClient failed",
                endpoint=_text(endpoint),
                value=getattr(error, "errno", None) or 1,
                message=_reason(error),
            )
            return None
        return Session(*streams, endpoint, dialled=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError:
                # No descriptors left, or the peer was gone already: wait a little and go on.
                await asyncio.sleep(1)
                continue
            self._log.info("[NETWORK][Host]P2P Recv Connect, From=" + _text(address))
            self.spawn(self._welcome(connection, (address[0], address[1])))

    async def _welcome(self, connection: socket.socket, endpoint: Endpoint) -> None:
        try:
            streams = await open_streams(connection, self._contexts.accept, Side(accepts=True))
        except (OSError, EOFError) as error:
            self._log.info(
                "[NETWORK][Host]handshakeServer Handshake failed",
                value=getattr(error, "errno", None) or 1,
                message=_reason(error),
                endpoint=_text(endpoint),
            )
            return
        await self._on_session(Session(*streams, endpoint, dialled=False))


def listening_socket(ip: str, port: int) -> socket.socket:
    """Raises StartFailed as asio does: no IP literal, or the port is taken."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        socket.inet_pton(family, ip)
    except OSError:
        raise StartFailed(
            "make_address: Invalid argument", kind="boost::system::system_error"
        ) from None
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((ip, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise StartFailed(f"bind: {error.strerror}", kind="boost::system::system_error") from None
    listening.setblocking(False)
    return listening


def _text(endpoint: tuple[str, int]) -> str:
    return f"{endpoint[0]}:{endpoint[1]}"


def _reason(error: BaseException) -> str:
    """OpenSSL's own words where there are any."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed ({error.verify_message})"
    reason = getattr(error, "reason", None)
    if reason:
        return str(reason).lower().replace("_", " ")
    return getattr(error, "strerror", None) or "stream truncated"
