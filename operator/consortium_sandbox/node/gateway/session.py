"""One connection to another node, and who is at the other end."""

from __future__ import annotations

from dataclasses import dataclass, field

from consortium_sandbox.node.certificates import PeerCertificate
from consortium_sandbox.node.gateway.frames import Frame, read_frame, to_bytes
from consortium_sandbox.node.gateway.handshake import Link

# A peer that reads nothing must not make this node hold its traffic for ever.
_MAX_BACKLOG = 64 * 1024 * 1024


class SessionClosed(Exception):
    """The other end went away, or sent what no node sends."""


@dataclass
class Session:
    """`endpoint` is the address dialled, or the one an accepted connection came from."""

    link: Link
    endpoint: tuple[str, int]
    dialled: bool
    p2p_id: str = ""
    nodes: dict[str, list[str]] = field(default_factory=dict)
    heard_at: float = 0.0

    @property
    def endpoint_text(self) -> str:
        host, port = self.endpoint
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def certificate(self) -> PeerCertificate | None:
        return self.link.certificate

    def send(self, frame: Frame) -> None:
        """Never blocks: what cannot be sent any more is dropped with the session."""
        transport = self.link.writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > _MAX_BACKLOG:
            transport.abort()
            return
        self.link.writer.write(to_bytes(frame))

    async def receive(self) -> Frame:
        """Raises SessionClosed."""
        try:
            return await read_frame(self.link.reader)
        except (OSError, EOFError, ValueError) as error:
            raise SessionClosed(type(error).__name__) from error

    def close(self) -> None:
        # Not writer.close(): waiting for a TLS goodbye would keep a dead session for seconds.
        self.link.writer.transport.abort()
