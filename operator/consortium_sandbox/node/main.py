"""The command line, the exit codes and the signals of the node (main.cpp, CommandHelper.cpp)."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from datetime import datetime
from typing import NoReturn

from consortium_sandbox.node.failure import Abort, DiskFailed, StartFailed
from consortium_sandbox.node.log import say
from consortium_sandbox.node.node import Node, emulated_release, read_files
from consortium_sandbox.node.releases import Release
from consortium_sandbox.node.rpc.shapes import STAND_IN

START_FAILED = 255


class _Parser(argparse.ArgumentParser):
    """Wrong parameters print the usage and exit with 0: so does the node."""

    def error(self, message: str) -> NoReturn:
        say("invalid parameters\n")
        say(self.format_help())
        sys.exit(0)


def main(arguments: list[str]) -> int:
    """Run a node until a signal ends it; the value is the exit code."""
    options = _parser().parse_args(arguments)
    try:
        release = emulated_release()
    except StartFailed as error:
        say(f"{error.what}\n")
        return START_FAILED
    if options.version:
        print_version(release)
        return 0
    for label, path in (("config", options.config), ("genesis config", options.genesis)):
        if not os.path.exists(path):
            say(f"{label} '{path}' not found!")
            return 0
    try:
        node = Node(read_files(options.config, options.genesis, release), say)
        _run_to_the_end(node, release)
        return 0
    except StartFailed as error:
        print_version(release)
        _stamped(f"start fisco-bcos failed, error:{error.diagnostic()}")
        return START_FAILED
    except Abort as error:
        sys.stderr.write(f"terminate handler called, print stacks\n{error}\n")
        sys.stderr.flush()
        os.abort()


def print_version(release: Release) -> None:
    say(f"FISCO BCOS Version : {release.tag} ({STAND_IN})\n")
    for label in ("Build Time", "Build Type", "Git Branch", "Git Commit"):
        say(f"{label:<19}: {STAND_IN}\n")


def _run_to_the_end(node: Node, release: Release) -> None:
    try:
        asyncio.run(_run(node, release))
    except DiskFailed:
        _stamped(f"exit because receive signal {int(signal.SIGTERM)}")
    _stamped("fisco-bcos program exit normally.")


async def _run(node: Node, release: Release) -> None:
    try:
        node.start()
    except StartFailed:
        node.stop()
        raise
    print_version(release)
    _stamped("The fisco-bcos is running...")
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    _handle_signals(node, ended)
    received = await ended
    _stamped(f"exit because receive signal {received}")
    node.stop()


# The switch of tests. The real node does not know it, and nobody sends it that.
HANG = signal.SIGRTMIN


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


def _stamped(text: str) -> None:
    say(f"[{datetime.now().strftime('%Y-%m-%d %H:%M:%S')}] {text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fisco-bcos", description=f"Usage of FISCO-BCOS ({STAND_IN})", allow_abbrev=False
    )
    parser.add_argument("-v", "--version", action="store_true", help="version of FISCO-BCOS")
    parser.add_argument("-c", "--config", default="./config.ini", help="config file path")
    parser.add_argument("-g", "--genesis", default="./config.genesis", help="genesis file path")
    return parser
