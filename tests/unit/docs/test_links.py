"""What a document points at is there: links, files, make targets, commands."""

import re
import shlex
from functools import cache
from typing import Any

import pytest
import typer.main

from consortium_operator.cli.main import app
from tests.documents import DOCUMENTS, Document
from tests.resources import REPOSITORY

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"(?<![\w/.:~*…<>-])(\.?[\w-]+/[\w./*-]*\.(?:py|j2|md|yaml|yml|txt|mod|sum))\b")
_MAKE = re.compile(r"(?:`|^)make ((?:[a-z][a-z0-9-]* ?)+)", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|\bkubectl |\.venv/bin/)consortium ([^)#\n']+)", re.MULTILINE)
_TEST = re.compile(r"`(test_\w+)`")
# What `make` writes.
_MADE = ("build/", "dist/")
# Where a shortened path in a document begins.
_ROOTS = (REPOSITORY, REPOSITORY / "operator" / "consortium_operator")

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=str)


def targets() -> set[str]:
    makefile = (REPOSITORY / "Makefile").read_text()
    return set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))


@documents
def test_every_link_leads_somewhere(document: Document) -> None:
    for link in _LINK.findall(document.prose):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.path.parent / name).resolve() if name else document.path
        assert target.exists(), link
        if anchor:
            assert anchor in Document(target).anchors, link


@documents
def test_every_file_that_is_named_exists(document: Document) -> None:
    for name in _FILE.findall(document.text):
        if name.startswith(_MADE):
            continue
        roots = (*_ROOTS, document.path.parent)
        assert any(list(root.glob(name)) for root in roots), name


@documents
def test_every_make_target_that_is_named_exists(document: Document) -> None:
    text = "\n".join((document.text, *document.blocks("sh")))
    named = {word for words in _MAKE.findall(text) for word in words.split()}
    assert named <= targets()


@documents
def test_every_command_that_is_shown_exists(document: Document) -> None:
    for block in document.blocks("sh"):
        for words in _COMMAND.findall(block):
            assert_exists(shlex.split(words))


def assert_exists(words: list[str]) -> None:
    """The command, and each of its options up to `--`."""
    words = words[: words.index("--")] if "--" in words else words
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, words
        command, words = command.commands[words[0]], words[1:]
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known, words


@documents
def test_every_block_of_commands_is_run_or_says_why_not(document: Document) -> None:
    for block in document.commands:
        kind, _, what = block.note.partition(": ")
        if kind.startswith("run by "):
            assert (REPOSITORY / kind.removeprefix("run by ")).is_file(), block
        else:
            assert not block.note or (kind == "not run" and what), block


@documents
def test_every_test_that_is_named_exists(document: Document) -> None:
    assert set(_TEST.findall(document.text)) <= all_tests(), document


@cache
def all_tests() -> frozenset[str]:
    files = (REPOSITORY / "tests").rglob("test_*.py")
    return frozenset(
        name
        for path in files
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    )


def test_a_missing_command_is_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_exists(["sandbox", "fly"])
    with pytest.raises(AssertionError):
        assert_exists(["sandbox", "up", "--wings"])


def test_a_link_to_nowhere_is_noticed() -> None:
    assert _LINK.findall("see [it](docs/none.md#there)") == ["docs/none.md#there"]
    assert _FILE.findall("in `kube/none.py` and templates/fisco-bcos/none.j2") == [
        "kube/none.py",
        "templates/fisco-bcos/none.j2",
    ]
