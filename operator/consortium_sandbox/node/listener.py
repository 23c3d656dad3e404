"""A listening socket and the tasks of its connections: what the P2P and the RPC ports share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from consortium_sandbox.node.failure import StartFailed

Address = tuple[str, int]
OnConnection = Callable[[socket.socket, Address], Awaitable[None]]


class Listener:
    """`on_connection` owns an accepted socket, and runs until the connection or this ends."""

    def __init__(self, on_connection: OnConnection) -> None:
        self._on_connection = on_connection
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None

    def start(self, ip: str, port: int) -> None:
        """Raises StartFailed where the address cannot be taken."""
        self._socket = _listening_socket(ip, port)
        self.spawn(self._accept(self._socket))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            self._socket.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something until it ends or the listener stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError:
                # No descriptors left, or the peer was gone already: wait a little and go on.
                await asyncio.sleep(1)
                continue
            self.spawn(self._serve(connection, (address[0], address[1])))

    async def _serve(self, connection: socket.socket, address: Address) -> None:
        await self._on_connection(connection, address)


def _listening_socket(ip: str, port: int) -> socket.socket:
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
