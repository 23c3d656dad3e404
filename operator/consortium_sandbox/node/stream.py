"""Turns a connected socket into a pair of streams, through TLS where a context is given.

asyncio closes a connection whose handshake fails before the TLS alert is sent; the other end would
see a broken connection where the real node tells it "unknown ca". So the alert is sent here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

HANDSHAKE_SECONDS = 10.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Side:
    """Which end this is. `limit` bounds what a reader buffers, in bytes."""

    accepts: bool
    limit: int = 64 * 1024


async def open_streams(
    connection: socket.socket, context: ssl.SSLContext | None, side: Side
) -> Streams:
    """Takes the socket over. Raises OSError (ssl.SSLError is one) or EOFError."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=side.limit)
    protocol = asyncio.StreamReaderProtocol(reader)
    options: dict[str, Any] = {}
    with connection.dup() as spare:
        if context is not None:
            options["ssl"] = _AlertingContext(context, spare)
            options["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
            if not side.accepts:
                options["server_hostname"] = ""
        try:
            if side.accepts:
                transport, _ = await loop.connect_accepted_socket(
                    lambda: protocol, connection, **options
                )
            else:
                transport, _ = await loop.create_connection(
                    lambda: protocol, sock=connection, **options
                )
        except (OSError, EOFError):
            connection.close()
            raise
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class _AlertingContext:
    """Stands in for a context; the one method of it that asyncio calls."""

    def __init__(self, context: ssl.SSLContext, spare: socket.socket) -> None:
        self._context = context
        self._spare = spare

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **options: Any
    ) -> _Alerting:
        tls = self._context.wrap_bio(incoming, outgoing, **options)
        return _Alerting(tls, outgoing, self._spare)


class _Alerting:
    """A TLS object that sends what is left to send when its handshake fails."""

    def __init__(self, tls: ssl.SSLObject, outgoing: ssl.MemoryBIO, spare: socket.socket) -> None:
        self._tls = tls
        self._outgoing = outgoing
        self._spare = spare

    def do_handshake(self) -> None:
        try:
            self._tls.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError:
            alert = self._outgoing.read()
            with contextlib.suppress(OSError):
                self._spare.send(alert)
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tls, name)
