"""The command line as a whole."""

import importlib
import importlib.util
import re
import signal
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from consortium_operator.cli import main


def help_of(module: ModuleType) -> str:
    done = CliRunner().invoke(module.app, ["--help"])
    assert done.exit_code == 0
    return done.output


@pytest.fixture
def without_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module as it is where the package consortium_sandbox is not installed."""
    find_spec = importlib.util.find_spec

    def absent(name: str, package: str | None = None) -> Any:
        return None if name.startswith("consortium_sandbox") else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", absent)
    yield importlib.reload(main)
    monkeypatch.undo()
    importlib.reload(main)


def test_help_lists_the_groups() -> None:
    text = help_of(main)
    assert "demo" in text
    assert "sandbox" in text


def test_the_image_of_the_operator_has_a_command_line_without_a_sandbox(
    without_sandbox: ModuleType,
) -> None:
    text = help_of(without_sandbox)
    assert "Run consortium chains" in text
    assert "demo" not in text


def test_a_misspelt_group_is_refused_with_a_hint() -> None:
    done = CliRunner().invoke(main.app, ["sandbx"])
    assert done.exit_code == 2
    assert "No such command 'sandbx'" in done.output


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (KeyError("what was read"), 70, "error: KeyError in main.py, line"),
        (OSError(28, "No space left on device"), 1, "error: the output: No space left on device"),
    ],
)
def test_whatever_happens_is_a_sentence_and_no_traceback(
    error: Exception,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def meets(**_: object) -> None:
        raise error

    monkeypatch.setattr(main, "app", meets)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as end:
        main.main()
    said = capsys.readouterr().err
    assert (end.value.code, said.count("\n")) == (code, 1)
    assert told in said
    assert "what was read" not in said


@pytest.mark.parametrize("words", [["-n", "chains"], ["--context=work"]])
def test_an_option_before_the_command_is_told_its_place(words: list[str]) -> None:
    done = CliRunner().invoke(main.app, [*words, "status", "trade"])
    assert done.exit_code == 2
    assert f"{words[0]}: options stand behind the command" in done.stderr


SANDBOX = ["up", "down", "status", "kubeconfig", "load-image", "images"]
DEMO = ["up", "down"]


def test_every_command_prints_for_people_and_for_programs() -> None:
    """But for `sandbox tool`, which becomes another program."""
    alone = [[name] for name, *_ in main._COMMANDS if name not in ("sandbox", "demo")]
    grouped = [*(["sandbox", one] for one in SANDBOX), *(["demo", one] for one in DEMO)]
    for words in (*alone, *grouped):
        done = CliRunner().invoke(main.app, [*words, "--help"], env={"COLUMNS": "200"})
        assert re.search(r"--(format|output) +<table\|.*json\|.*yaml.*>", done.output), words
