"""`consortium status --watch`: a view that is painted anew on a terminal; elsewhere a line for each
change, as a log wants it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from consortium_operator.api.moment import rfc3339
from consortium_operator.cli.printing import shown
from consortium_operator.cli.status_view import StatusView, lines


class Painter(Protocol):
    """Somebody who is told how the chain is, again and again."""

    def paint(self, found: StatusView, at: datetime) -> None: ...

    def trouble(self, why: str, at: datetime) -> None:
        """This time the cluster did not say."""
        ...


@contextmanager
def painter() -> Iterator[Painter]:
    """As standard output is."""
    console = Console()
    if not console.is_terminal:
        yield _Log()
        return
    with Live(console=console, auto_refresh=False) as live:
        yield _Screen(live)


class _Screen:
    def __init__(self, live: Live) -> None:
        self._live = live
        self._last: list[str] = []

    def paint(self, found: StatusView, at: datetime) -> None:
        self._last = list(lines(found))
        self._update(f"{at:%H:%M:%S} UTC · Ctrl-C ends")

    def trouble(self, why: str, at: datetime) -> None:
        self._update(shown(f"{at:%H:%M:%S} UTC · no answer: {why}"))

    def _update(self, foot: str) -> None:
        self._live.update(Text("\n".join([*self._last, "", foot])), refresh=True)


class _Log:
    def __init__(self) -> None:
        self._before: StatusView | None = None
        self._trouble = ""

    def paint(self, found: StatusView, at: datetime) -> None:
        self._say(changes(self._before, found), at)
        self._before, self._trouble = found, ""

    def trouble(self, why: str, at: datetime) -> None:
        if why != self._trouble:
            self._say([f"no answer: {why}"], at)
        self._trouble = why

    def _say(self, told: Iterable[str], at: datetime) -> None:
        for line in told:
            typer.echo(f"{rfc3339(at)} {shown(line)}")


def changes(before: StatusView | None, now: StatusView) -> Iterator[str]:
    """What is worth a line. Heights are not: they grow all the time."""
    if before is None or (before.is_ready, before.headline) != (now.is_ready, now.headline):
        yield f"{'Ready' if now.is_ready else 'not Ready'} · {now.headline}"
    known = {} if before is None else {(one.member, one.node): one for one in before.nodes}
    for node in now.nodes:
        old = known.pop((node.member, node.node), None)
        if before is not None and (old is None or old.state != node.state):
            was = "new" if old is None else old.state or "-"
            yield f"{node.member}/{node.node}: {was} → {node.state or '-'}"
    for member, name in known:
        yield f"{member}/{name}: gone"
    told = set() if before is None else set(before.concerns)
    for one in now.concerns:
        if one not in told:
            yield f"{one.condition}={one.status}/{one.reason}: {one.message}"
    open_now = {one.condition for one in now.concerns}
    for name in sorted({one.condition for one in told} - open_now):
        yield f"{name}: as it should be"
