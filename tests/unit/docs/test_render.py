"""Every command of docs/render.md is run, in the order of the page."""

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from consortium_operator.engines.registry import ENGINES
from tests.documents import Document
from tests.fakes.engine import PooledKeys
from tests.resources import REPOSITORY
from tests.unit.cli.commands import Done, consortium

PAGE = Document(REPOSITORY / "docs" / "render.md")


def commands() -> list[list[str]]:
    lines = (line for block in PAGE.blocks("sh") for line in block.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("consortium ")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("render")


@pytest.fixture(scope="module")
def done(place: Path) -> Iterator[list[tuple[list[str], Done]]]:
    """All commands, each with what became of it."""
    (place / "chain.yaml").write_text(PAGE.blocks("yaml")[0], "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENGINES, "FiscoBcos", PooledKeys())
        patch.chdir(place)
        yield [(words, consortium(*words)) for words in commands()]


def test_every_command_does_what_the_page_says(
    place: Path, done: list[tuple[list[str], Done]]
) -> None:
    assert {words[0] for words, _ in done} == {"validate", "render", "inspect"}
    for words, found in done:
        assert found.code == 0, (words, found.stderr)
    assert stat.S_IMODE((place / "trade" / "secrets").stat().st_mode) == 0o700
    assert (place / "trade-identities" / "secrets").is_dir()
    (start,) = (block for block in PAGE.blocks("sh") if block.startswith("cd "))
    assert (place / shlex.split(start)[1] / "config.ini").is_file()


@pytest.mark.usefixtures("done")
def test_the_tables_name_what_is_there(place: Path) -> None:
    named = {
        line.split("`")[1].partition("/")[0]
        for line in PAGE.text.splitlines()
        if line.startswith("| `")
    }
    there = {path.name for path in (place / "trade-hosts").iterdir()}
    assert there == named
