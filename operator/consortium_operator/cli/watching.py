"""`consortium status --watch`: a view that is painted anew on a terminal; elsewhere a line for each
change, as a log wants it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.text import Text

from consortium_operator.api.moment import rfc3339
from consortium_operator.cli.printing import is_screen, shown
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
    if not is_screen(console):
        yield _Log()
        return
    with Live(console=console, auto_refresh=False) as live:
        yield _Screen(live)


class _Screen:
    def __init__(self, live: Live) -> None:
        self._live = live
        self._last: StatusView | None = None

    def paint(self, found: StatusView, at: datetime) -> None:
        self._last = found
        self._update(f"{at:%H:%M:%S} UTC · Ctrl-C ends")

    def trouble(self, why: str, at: datetime) -> None:
        self._update(shown(f"{at:%H:%M:%S} UTC · no answer: {why}"))

    def _update(self, foot: str) -> None:
        told = [] if self._last is None else fitted(self._last, self._room)
        self._live.update(Text("\n".join([*told, "", foot])), refresh=True)

    def _room(self, told: Sequence[str]) -> bool:
        """Whether `told` has room above the foot: what is below the window's end nobody sees."""
        width, height = self._live.console.size
        rows = sum(max(1, -(-cell_len(line) // width)) for line in told)
        return rows + 2 <= height


def fitted(found: StatusView, is_room: Callable[[Sequence[str]], bool]) -> list[str]:
    """All of it, or where the window is too small, without the nodes that are live, or without any.
    What the operator waits for stands below them, and is what somebody watches for."""
    told = list(lines(found))
    for nodes in ([one for one in found.nodes if one.state != "Live"], []):
        if is_room(told):
            break
        count = len(found.nodes) - len(nodes)
        told = [*lines(replace(found, nodes=tuple(nodes))), "", f"{count} nodes have no room here"]
    return told


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
