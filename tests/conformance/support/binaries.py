"""Which program is put to the test, and of which release it is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).parents[3] / "operator"
RELEASES = (
    *("3.6.0", "3.6.1", "3.7.0", "3.7.1", "3.7.2", "3.7.3", "3.8.0", "3.9.0"),
    *("3.10.0", "3.10.2", "3.10.3", "3.11.0", "3.12.0", "3.12.1", "3.12.2", "3.12.3", "3.12.4"),
    *("3.13.0", "3.14.0", "3.15.0", "3.15.1", "3.15.2", "3.15.3", "3.15.4", "3.15.5"),
    *("3.16.0", "3.16.1", "3.16.2", "3.16.3", "3.16.4"),
)
# What is tested where nothing else is asked for.
NEWEST = RELEASES[-1]


@dataclass(frozen=True)
class Binary:
    """A node's program with its first arguments, and its release."""

    command: tuple[str, ...]
    version: str

    @property
    def number(self) -> tuple[int, ...]:
        return number_of(self.version)

    @property
    def data_version(self) -> str:
        """The newest that it takes (section 4.4)."""
        return {"3.10.3": "3.10.2"}.get(self.version, self.version)


class Binaries:
    """What `--node-command` names; without it, the stand-in emulating any release."""

    def __init__(self, commands: Sequence[str]) -> None:
        given = [_ask(tuple(shlex.split(command))) for command in commands]
        self._given = {binary.version: binary for binary in given}

    @property
    def main(self) -> Binary:
        """The newest one."""
        if not self._given:
            return _stand_in(NEWEST)
        return max(self._given.values(), key=lambda binary: binary.number)

    def of(self, version: str) -> Binary | None:
        """None where that release is not at hand."""
        return self._given.get(version) if self._given else _stand_in(version)


def number_of(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _ask(command: tuple[str, ...]) -> Binary:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"FISCO BCOS Version\s*:\s*([0-9.]+)", done.stdout)
    if found is None:
        raise ValueError(f"{shlex.join(command)} --version names no version")
    return Binary(command, found[1])


def _stand_in(version: str) -> Binary:
    variables = (f"FISCO_BCOS_STAND_IN_VERSION={version}", f"PYTHONPATH={_SOURCE}")
    return Binary(("env", *variables, sys.executable, "-m", "consortium_sandbox.node"), version)
