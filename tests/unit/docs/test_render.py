"""Every command of docs/render.md is run, in the order of the page."""

import shlex
import stat
from pathlib import Path

import pytest

from tests.documents import Document
from tests.resources import REPOSITORY
from tests.unit.cli.commands import consortium

pytestmark = pytest.mark.usefixtures("pooled_keys")

PAGE = Document(REPOSITORY / "docs" / "render.md")


def commands() -> list[list[str]]:
    lines = (line for block in PAGE.blocks("sh") for line in block.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("consortium ")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "chain.yaml").write_text(PAGE.blocks("yaml")[0], "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_does_what_the_page_says(place: Path) -> None:
    assert {words[0] for words in commands()} == {"validate", "render", "inspect"}
    for words in commands():
        done = consortium(*words)
        assert done.code == 0, (words, done.stderr)
    assert stat.S_IMODE((place / "trade" / "secrets").stat().st_mode) == 0o700
    assert (place / "trade-identities" / "secrets").is_dir()
    (start,) = (block for block in PAGE.blocks("sh") if block.startswith("cd "))
    assert (place / shlex.split(start)[1] / "config.ini").is_file()


def test_the_tables_name_what_is_there(place: Path) -> None:
    for words in commands()[:3]:
        consortium(*words)
    named = {
        line.split("`")[1].partition("/")[0]
        for line in PAGE.text.splitlines()
        if line.startswith("| `")
    }
    there = {path.name for path in (place / "trade-hosts").iterdir()}
    assert there == named
