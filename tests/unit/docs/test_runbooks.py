"""The runbooks' commands are ones that the program takes: nobody looks for an option at night."""

import re
import shlex
from typing import Any

import pytest
import typer.main

from consortium_operator.cli.main import app
from tests.documents import Document
from tests.resources import REPOSITORY

RUNBOOKS = [Document(one) for one in sorted((REPOSITORY / "docs" / "runbooks").glob("*.md"))]
COMMAND = re.compile(r"(?:^|`)(consortium [a-z-]+ [^`\n]+)", re.MULTILINE)
WRITTEN = sorted({line for page in RUNBOOKS for line in COMMAND.findall(page.text)})


@pytest.mark.parametrize("command", WRITTEN)
def test_a_command_is_taken_as_it_is_written(command: str) -> None:
    _, name, *words = shlex.split(command, comments=True)
    root: Any = typer.main.get_command(app)
    root.commands[name].make_context(name, words)


def test_the_runbooks_have_commands() -> None:
    assert len(WRITTEN) > 10
