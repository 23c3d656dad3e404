"""HTTP/1.1 as the node's RPC port speaks it: any verb, any path, always 200.

Errors are in the body. Connections are kept alive. There is no WebSocket here.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from consortium_sandbox.node.failure import StartFailed, runtime_error
from consortium_sandbox.node.listener import Address, Listener
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.stream import Side, open_streams

Answer = Callable[[bytes], Awaitable[bytes]]
_MAX_HEAD = 64 * 1024
_MAX_BODY = 32 * 1024 * 1024


class BadRequest(Exception):
    """Not HTTP: the connection is closed."""


class HttpServer:
    """`answer(body)` gives the body of the response."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None, log: Log) -> None:
        self._answer = answer
        self._context = context
        self._log = log
        self._listener = Listener(self._serve)

    def start(self, ip: str, port: int) -> None:
        """Raises StartFailed where the address cannot be taken."""
        try:
            self._listener.start(ip, port)
        except StartFailed as error:
            if error.what.startswith("bind"):
                raise runtime_error("acceptor bind failed") from error
            raise

    def stop(self) -> None:
        self._listener.stop()

    async def _serve(self, connection: socket.socket, address: Address) -> None:
        side = Side(accepts=True, limit=_MAX_HEAD)
        try:
            reader, writer = await open_streams(connection, self._context, side)
        except (OSError, EOFError) as error:
            reason = getattr(error, "reason", None) or "stream truncated"
            self._log.info(
                "[HTTP][SERVER][async_handshake]ssl handshake failed",
                remote=f"{address[0]}:{address[1]}",
                message=str(reason).lower().replace("_", " "),
            )
            return
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, EOFError, BadRequest, asyncio.LimitOverrunError):
            pass
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its response; False where the connection ends."""
        verb, headers = _head(await reader.readuntil(b"\r\n\r\n"))
        body = await _body(reader, headers)
        alive = headers.get("connection", "").lower() != "close"
        # The node answers an OPTIONS request with 204 and nothing else.
        content = b"" if verb == "OPTIONS" else await self._answer(body)
        status = "204 No Content" if verb == "OPTIONS" else "200 OK"
        head = [
            f"HTTP/1.1 {status}",
            "Content-Type: application/json",
            f"Connection: {'keep-alive' if alive else 'close'}",
            f"Content-Length: {len(content)}",
        ]
        writer.write("\r\n".join([*head, "", ""]).encode() + content)
        await writer.drain()
        if not alive:
            writer.write_eof() if writer.can_write_eof() else writer.close()
        return alive


def _head(data: bytes) -> tuple[str, dict[str, str]]:
    lines = data.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(lines[0])
    pairs = (line.partition(":") for line in lines[1:] if line)
    return words[0], {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _MAX_BODY:
        raise BadRequest("content length")
    return await reader.readexactly(int(length))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = (await reader.readuntil(b"\r\n")).split(b";")[0].strip()
        try:
            size = int(line, 16)
        except ValueError:
            raise BadRequest("chunk size") from None
        if len(body) + size > _MAX_BODY:
            raise BadRequest("body too long")
        chunk = await reader.readexactly(size + 2)
        if size == 0:
            return body
        body += chunk[:-2]
