"""Long steps show signs of life; short ones are not worth a line."""

import io
import time

import pytest
from rich.console import Console

from consortium_sandbox.progress import Bars, Plain, for_terminal


def test_a_long_step_is_named_with_the_time_it_took() -> None:
    times = iter([10.0, 22.5])
    stream = io.StringIO()
    with Plain(stream, clock=lambda: next(times)).step("Build things"):
        pass
    assert stream.getvalue() == "Build things: 12.5 s\n"


def test_a_short_step_says_nothing() -> None:
    stream = io.StringIO()
    with Plain(stream).step("Blink"):
        pass
    assert stream.getvalue() == ""


def test_a_step_that_lasts_gives_signs_of_life() -> None:
    stream = io.StringIO()
    with Plain(stream, heartbeat=0.01).step("Build things"):
        time.sleep(0.1)
    assert stream.getvalue().startswith("Build things … 0 s\n")


def test_a_failed_step_says_so_and_lets_the_error_through() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="broken"), Plain(stream).step("Build things"):
        raise ValueError("broken")
    assert stream.getvalue().startswith("Build things: failed after")


def test_a_terminal_gets_a_tick_for_a_long_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consortium_sandbox.progress.WORTH_A_LINE", 0.0)
    stream = io.StringIO()
    with Bars(Console(file=stream, force_terminal=True)).step("Build things"):
        pass
    assert "✓" in stream.getvalue()


@pytest.mark.parametrize(("term", "display"), [("xterm", Bars), ("dumb", Plain)])
def test_a_terminal_on_which_nothing_moves_gets_lines(
    monkeypatch: pytest.MonkeyPatch, term: str, display: type
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", term)
    assert isinstance(for_terminal(), display)
