"""`consortium status --watch`: painted anew on a terminal, elsewhere a line for each change, and
ended without a word."""

import asyncio
import io
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from consortium_operator.cli import status as command
from consortium_operator.cli import watching
from consortium_operator.cli.status_view import view
from consortium_operator.cli.watching import changes, painter
from consortium_operator.kube.errors import Unavailable
from consortium_operator.kube.kinds import JsonObject, ObjectKey
from consortium_operator.reconcile.outside import utc_now
from tests.unit.cli.cluster import Cluster, connect_to
from tests.unit.cli.commands import consortium
from tests.unit.cli.test_status import KEY, chain, judged

Answer = JsonObject | Unavailable | None


def healthy() -> dict[str, Any]:
    found = chain()
    found["status"]["sealers"] = "4/4"
    found["status"]["conditions"] = [judged("Ready", "True", "AsExpected", "all is well")]
    found["status"]["members"][0]["nodes"][0]["state"] = "Live"
    return found


class Script(Cluster):
    """Answers one thing after the other, and then somebody presses Ctrl-C."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__()
        self.answers = list(answers)

    async def get(self, key: ObjectKey) -> JsonObject | None:
        if not self.answers:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        answer = self.answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Where the tests are a job in the background, they ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_EVERY", 0)


def watched(
    monkeypatch: pytest.MonkeyPatch, *answers: JsonObject | Unavailable | None
) -> list[str]:
    """The lines without their times."""
    connect_to(Script(*answers), monkeypatch)
    done = consortium("status", "trade", "--watch")
    assert (done.code, done.stderr) == (0, "")
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


def test_in_a_pipe_each_change_is_a_line_and_nothing_is_said_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = watched(monkeypatch, healthy(), healthy(), healthy(), chain(), chain(), healthy())
    assert lines == [
        "Ready · 4/4 sealers live · all is well",
        "not Ready · 3/4 sealers live · node webank/shenzhen-0 is down",
        "webank/shenzhen-0: Live → Down",
        "NodesReady=False/NodeDown: node webank/shenzhen-0 is down",
        "QuorumHealthy=True/WeightConcentration: zone a holds 2 of 4",
        "Ready · 4/4 sealers live · all is well",
        "webank/shenzhen-0: Down → Live",
        "NodesReady: as it should be",
        "QuorumHealthy: as it should be",
    ]


def test_a_cluster_that_is_away_for_a_while_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Unavailable(0, "NoAnswer", "refused", "get", KEY)
    lines = watched(monkeypatch, healthy(), away, away, healthy(), None)
    assert [line for line in lines if "no answer" in line] == [
        "no answer: get ConsortiumChain chains/trade: NoAnswer: refused",
        "no answer: ConsortiumChain chains/trade is gone",
    ]


def test_what_has_no_end_goes_as_a_table_only() -> None:
    assert consortium("status", "trade", "--watch", "-o", "json").code == 2


def test_a_node_that_left_is_told() -> None:
    before, after = healthy(), healthy()
    del after["status"]["members"][0]["nodes"][1]
    told = list(changes(view(before, "no"), view(after, "no")))
    assert told == ["webank/shenzhen-1: gone"]


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown_on(monkeypatch: pytest.MonkeyPatch, written: io.StringIO, height: int, term: str) -> None:
    """Makes it the standard output that commands paint on."""
    environment = {"TERM": term, "FORCE_COLOR": "1"}
    console = Console(file=written, width=100, height=height, _environ=environment)
    monkeypatch.setattr(watching, "Console", lambda: console)


@pytest.mark.parametrize(
    ("written", "term"), [(io.StringIO(), "xterm"), (Tty(), "dumb")], ids=["a pipe", "a dumb one"]
)
def test_what_is_no_screen_is_not_painted_on_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    written: io.StringIO,
    term: str,
) -> None:
    shown_on(monkeypatch, written, 40, term)
    with painter() as paint:
        paint.paint(view(healthy(), "no right"), utc_now())
        assert "Ready · 4/4 sealers live" in capsys.readouterr().out
    assert written.getvalue() == ""


@pytest.mark.parametrize("height", [20, 10])
def test_in_a_small_window_what_is_waited_for_stays_in_sight(
    monkeypatch: pytest.MonkeyPatch, height: int
) -> None:
    shown_on(monkeypatch, written := Tty(), height, "xterm")
    big = chain()
    nodes = big["status"]["members"][0]["nodes"]
    nodes += [{"name": f"beijing-{number}", "state": "Live"} for number in range(30)]
    with painter() as paint:
        paint.paint(view(big, "no right"), utc_now())
    text = written.getvalue()
    assert "NodesReady=False/NodeDown" in text
    assert ("webank  shenzhen-0" in text) is (height == 20)
    assert "beijing-0" not in text
    assert f"{30 if height == 20 else 32} nodes have no room here" in text


def test_on_a_terminal_the_view_is_painted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    shown_on(monkeypatch, written := Tty(), 40, "xterm")
    with painter() as paint:
        paint.paint(view(healthy(), "no right"), utc_now())
        paint.paint(view(chain(), "no right"), utc_now())
        paint.trouble("refused", utc_now())
    text = written.getvalue()
    assert "\x1b[2K" in text  # the lines before are wiped
    assert text.count("webank  shenzhen-0") >= 3  # also beside the trouble
    assert "no answer: refused" in text
    assert text.endswith("\x1b[?25h")  # the cursor is back
