"""docs/day-2.md: its `consortium vote` commands are ones that the program takes."""

import shlex
from pathlib import Path

import pytest

from tests.documents import Document
from tests.resources import REPOSITORY
from tests.unit.cli.commands import consortium

PAGE = Document(REPOSITORY / "docs" / "day-2.md")
LINES = [line for block in PAGE.blocks("sh") for line in block.splitlines()]
COMMANDS = [line for line in LINES if line.startswith("consortium vote")]


@pytest.mark.parametrize("command", COMMANDS)
def test_it_gets_as_far_as_the_files(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = consortium(*shlex.split(command)[1:])
    assert done.stderr == "error: sdk/ca.crt: no such file or directory\n"


def test_the_documents_show_both_commands() -> None:
    assert len(COMMANDS) == 2
