"""Accepts and dials connections, and has their handshakes done (Host.cpp).

A handshake that fails is one log line on either side and nothing else.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from consortium_sandbox.node.gateway.handshake import Handshake
from consortium_sandbox.node.gateway.session import Session
from consortium_sandbox.node.listener import Address, Listener
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.peers import Endpoint
from consortium_sandbox.node.settings import P2pSettings

_CONNECT_SECONDS = 10.0
OnSession = Callable[[Session], Awaitable[None]]


class Host:
    """The listening socket and the outgoing connections. `on_session` owns a session's life."""

    def __init__(
        self, settings: P2pSettings, handshake: Handshake, log: Log, on_session: OnSession
    ) -> None:
        self._settings = settings
        self._handshake = handshake
        self._log = log
        self._on_session = on_session
        self._listener = Listener(self._welcome)

    def start(self) -> None:
        """Raises StartFailed where the address cannot be taken."""
        self._listener.start(self._settings.listen_ip, self._settings.listen_port)

    def stop(self) -> None:
        self._listener.stop()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something until it ends or the host stops."""
        self._listener.spawn(work)

    async def dial(self, endpoint: Endpoint) -> Session | None:
        """A session after the handshake, or None and a log line."""
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
            link = await self._handshake(connection, accepts=False)
        except (OSError, EOFError) as error:
            self._log.warning(
                "[NETWORK][Host]handshakeClient failed",
                endpoint=_text(endpoint),
                value=getattr(error, "errno", None) or 1,
                message=_reason(error),
            )
            return None
        return Session(link, endpoint, dialled=True)

    async def _welcome(self, connection: socket.socket, address: Address) -> None:
        self._log.info("[NETWORK][Host]P2P Recv Connect, From=" + _text(address))
        try:
            link = await self._handshake(connection, accepts=True)
        except (OSError, EOFError) as error:
            self._log.info(
                "[NETWORK][Host]handshakeServer Handshake failed",
                value=getattr(error, "errno", None) or 1,
                message=_reason(error),
                endpoint=_text(address),
            )
            return
        await self._on_session(Session(link, address, dialled=False))


def _text(endpoint: Address) -> str:
    return f"{endpoint[0]}:{endpoint[1]}"


def _reason(error: BaseException) -> str:
    """OpenSSL's own words where there are any."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed ({error.verify_message})"
    reason = getattr(error, "reason", None)
    if reason:
        return str(reason).lower().replace("_", " ")
    return getattr(error, "strerror", None) or "stream truncated"
