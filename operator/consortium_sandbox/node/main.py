"""The command line and the exit codes of the node (main.cpp, CommandHelper.cpp)."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from consortium_sandbox.node.failure import Abort, StartFailed
from consortium_sandbox.node.log import say
from consortium_sandbox.node.opened import emulated_release, read_files
from consortium_sandbox.node.speech import STAND_IN, print_version, stamped

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
        opened = read_files(options.config, options.genesis, release)
        # Loaded only now: most mistakes are found in the files, and then it is not needed.
        from consortium_sandbox.node.process import run

        run(opened)
        return 0
    except StartFailed as error:
        print_version(release)
        stamped(f"start fisco-bcos failed, error:{error.diagnostic()}")
        return START_FAILED
    except Abort as error:
        sys.stderr.write(f"terminate handler called, print stacks\n{error}\n")
        sys.stderr.flush()
        os.abort()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fisco-bcos", description=f"Usage of FISCO-BCOS ({STAND_IN})", allow_abbrev=False
    )
    parser.add_argument("-v", "--version", action="store_true", help="version of FISCO-BCOS")
    parser.add_argument("-c", "--config", default="./config.ini", help="config file path")
    parser.add_argument("-g", "--genesis", default="./config.genesis", help="genesis file path")
    return parser
