"""The node's log: `level|time|thread|[MODULE]text,key=value`, to stdout or to hourly files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime

from consortium_sandbox.node.failure import Abort
from consortium_sandbox.node.settings import LogSettings

LEVELS = ("trace", "debug", "info", "warning", "error", "fatal")
Sink = Callable[[str], None]
Clock = Callable[[], datetime]


class Log:
    """Writes the lines that are at or above the level."""

    def __init__(self, sink: Sink, level: str, now: Clock = datetime.now) -> None:
        self._sink = sink
        self._now = now
        self.set_level(level)

    def set_level(self, level: str) -> None:
        """An unknown level is info, as in the node."""
        self._level = LEVELS.index(level) if level in LEVELS else LEVELS.index("info")

    def debug(self, text: str, **values: object) -> None:
        self._write("debug", text, values)

    def info(self, text: str, **values: object) -> None:
        self._write("info", text, values)

    def warning(self, text: str, **values: object) -> None:
        self._write("warning", text, values)

    def error(self, text: str, **values: object) -> None:
        self._write("error", text, values)

    def _write(self, level: str, text: str, values: dict[str, object]) -> None:
        if LEVELS.index(level) < self._level:
            return
        pairs = "".join(f",{key}={value}" for key, value in values.items())
        time = self._now().strftime("%Y-%m-%d %H:%M:%S.%f")
        self._sink(f"{level}|{time}|main-0x{os.getpid():x}|{text}{pairs}\n")


def open_log(settings: LogSettings) -> Log:
    """Raises Abort where the directory cannot be made: the real node then aborts (134)."""
    if not settings.enabled:
        return Log(lambda line: None, settings.level)
    if settings.console:
        return Log(say, settings.level)
    try:
        os.makedirs(settings.path, exist_ok=True)
        return Log(_HourlyFile(settings.path), settings.level)
    except OSError as error:
        raise Abort(f"{error.strerror}: {settings.path}") from error


def say(line: str) -> None:
    """Write to stdout; a reader that went away must not end the node."""
    try:
        sys.stdout.write(line)
        sys.stdout.flush()
    except OSError:
        pass


class _HourlyFile:
    """`log_YYYYmmddHH.MM.log`, a new one with each hour."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._hour, self._descriptor = self._open()

    def __call__(self, line: str) -> None:
        if datetime.now().hour != self._hour:
            os.close(self._descriptor)
            self._hour, self._descriptor = self._open()
        os.write(self._descriptor, line.encode("utf-8", "replace"))

    def _open(self) -> tuple[int, int]:
        now = datetime.now()
        path = f"{self._directory}/{now.strftime('log_%Y%m%d%H.%M.log')}"
        return now.hour, os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
