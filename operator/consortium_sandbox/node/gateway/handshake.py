"""What turns a connected socket into a pair of streams and the certificate of the other end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import Protocol

from consortium_sandbox.node.certificates import PeerCertificate, parse_certificate
from consortium_sandbox.node.stream import Side, open_streams
from consortium_sandbox.node.tls import Contexts


@dataclass(frozen=True)
class Link:
    """A connection after its handshake; no certificate where none was asked for."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    certificate: PeerCertificate | None


class Handshake(Protocol):
    """Takes a socket over. Raises OSError or EOFError where the other end is not trusted."""

    async def __call__(self, connection: socket.socket, *, accepts: bool) -> Link: ...


class TlsHandshake:
    """Mutual TLS 1.2."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts

    async def __call__(self, connection: socket.socket, *, accepts: bool) -> Link:
        context = self._contexts.accept if accepts else self._contexts.dial
        reader, writer = await open_streams(connection, context, Side(accepts))
        try:
            return Link(reader, writer, _peer(writer))
        except ValueError as error:
            writer.transport.abort()
            raise OSError("get p2pID failed") from error


def _peer(writer: asyncio.StreamWriter) -> PeerCertificate | None:
    """Raises ValueError for an odd certificate."""
    tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls else None
    return parse_certificate(der) if der else None
