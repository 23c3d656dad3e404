"""How long steps are shown: spinners with elapsed time on a terminal, plain lines elsewhere.

Progress goes to standard error, so that what a command prints can be used in scripts.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import Progress as RichBars
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

# Seconds between signs of life in plain output: CI systems end jobs that stay silent for minutes.
HEARTBEAT = 30.0
# Steps shorter than this get no line of their own on plain output.
WORTH_A_LINE = 0.5


class Progress(Protocol):
    """Somebody who is told what is being done."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Around one step, `title` in the imperative."""
        ...


class Silent:
    """Shows nothing: for tests and for callers that have a display of their own."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        yield


class Plain:
    """One line when a step ends, and a sign of life while a long one lasts."""

    def __init__(
        self,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._heartbeat = heartbeat

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        begun = self._clock()
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(self._heartbeat):
                self._say(f"{title} … {self._clock() - begun:.0f} s")

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            self._say(f"{title}: failed after {self._clock() - begun:.1f} s")
            raise
        finally:
            ended.set()
            thread.join()
        took = self._clock() - begun
        if took >= WORTH_A_LINE:
            self._say(f"{title}: {took:.1f} s")

    def _say(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class Bars:
    """A spinner with the elapsed time for a running step, a tick and its time for a done one."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        begun = time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with RichBars(*columns, console=self._console, transient=True) as bars:
            bars.add_task(title, total=None)
            yield
        took = time.monotonic() - begun
        if took >= WORTH_A_LINE:
            self._console.print(f"[green]✓[/] {title} [dim]{took:.1f} s[/]", highlight=False)


def for_terminal() -> Progress:
    """The display that fits standard error. On a terminal that is called dumb nothing moves, and
    bars would be silent until a step ends."""
    console = Console(stderr=True)
    return Bars(console) if sys.stderr.isatty() and not console.is_dumb_terminal else Plain()
