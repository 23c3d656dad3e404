"""One connection to another node: frames of JSON over TLS, and who is at the other end.

A frame is its length (4 bytes, big endian) and a JSON object with a "type".
"""

from __future__ import annotations

import asyncio
import json
import ssl
import struct
from dataclasses import dataclass, field
from typing import Any

from consortium_sandbox.node.certificates import PeerCertificate, parse_certificate

MAX_FRAME = 32 * 1024 * 1024
# A peer that reads nothing must not make this node hold its traffic for ever.
_MAX_BACKLOG = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class SessionClosed(Exception):
    """The other end went away, or sent what no node sends."""


@dataclass
class Session:
    """`endpoint` is the address dialled, or the one an accepted connection came from."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    endpoint: tuple[str, int]
    dialled: bool
    p2p_id: str = ""
    nodes: dict[str, list[str]] = field(default_factory=dict)
    heard_at: float = 0.0

    @property
    def endpoint_text(self) -> str:
        host, port = self.endpoint
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def certificate(self) -> PeerCertificate | None:
        """The peer's, None where none was asked for. Raises SessionClosed for an odd one."""
        tls: ssl.SSLObject | None = self.writer.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls else None
        try:
            return parse_certificate(der) if der else None
        except ValueError as error:
            raise SessionClosed("get p2pID failed") from error

    def send(self, frame: dict[str, Any]) -> None:
        """Never blocks: what cannot be sent any more is dropped with the session."""
        transport = self.writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > _MAX_BACKLOG:
            transport.abort()
            return
        data = json.dumps(frame, separators=(",", ":")).encode()
        self.writer.write(_LENGTH.pack(len(data)) + data)

    async def receive(self) -> dict[str, Any]:
        """Raises SessionClosed."""
        try:
            (size,) = _LENGTH.unpack(await self.reader.readexactly(_LENGTH.size))
            if size > MAX_FRAME:
                raise SessionClosed(f"a frame of {size} bytes")
            frame = json.loads(await self.reader.readexactly(size))
        except (OSError, EOFError, ValueError) as error:
            raise SessionClosed(type(error).__name__) from error
        if not isinstance(frame, dict):
            raise SessionClosed("not a frame")
        return frame

    def close(self) -> None:
        # Not writer.close(): waiting for a TLS goodbye would keep a dead session for seconds.
        self.writer.transport.abort()
