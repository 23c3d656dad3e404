"""A node as a process: from its start until a signal or its disk ends it (main.cpp)."""

from __future__ import annotations

import asyncio
import signal

from consortium_sandbox.node.failure import DiskFailed, StartFailed
from consortium_sandbox.node.log import say
from consortium_sandbox.node.node import Node
from consortium_sandbox.node.opened import Opened
from consortium_sandbox.node.speech import print_version, stamped

# The switch of tests. The real node does not know it, and nobody sends it that.
HANG = signal.SIGRTMIN


def run(opened: Opened) -> None:
    """Returns when the node has ended. Raises StartFailed where it does not start."""
    node = Node(opened, say)
    try:
        asyncio.run(_run(node, opened))
    except DiskFailed:
        stamped(f"exit because receive signal {int(signal.SIGTERM)}")
    stamped("fisco-bcos program exit normally.")


async def _run(node: Node, opened: Opened) -> None:
    try:
        node.start()
    except StartFailed:
        node.stop()
        raise
    print_version(opened.release)
    stamped("The fisco-bcos is running...")
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    _handle_signals(node, ended)
    received = await ended
    stamped(f"exit because receive signal {received}")
    node.stop()


def _handle_signals(node: Node, ended: asyncio.Future[int]) -> None:
    """Only now: as in the node, whatever comes before the end of the start has its default effect.

    SIGHUP is not handled: it kills.
    """
    loop = asyncio.get_running_loop()

    def end(number: int) -> None:
        if not node.is_hung and not ended.done():
            ended.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGABRT):
        loop.add_signal_handler(number, end, int(number))
    loop.add_signal_handler(signal.SIGUSR1, node.reload_peers)
    loop.add_signal_handler(signal.SIGUSR2, node.reload_log_level)
    loop.add_signal_handler(HANG, node.hang)
