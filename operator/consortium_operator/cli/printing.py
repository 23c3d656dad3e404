"""How commands talk: results on standard output, errors and notes on standard error, in words that
need neither colour nor a terminal; or as JSON or YAML for programs."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import yaml
from rich.console import Console

INVALID, USAGE, NO_ANSWER, DEFECT = 1, 2, 3, 70
"""Exit codes: what was given is wrong, not there or not allowed; the command line or the kubeconfig
is wrong; the cluster does not answer; the program itself is wrong."""

STDIN = "-"


class Format(StrEnum):
    """How a command prints what it found."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


OutputOption = Annotated[Format, typer.Option("--output", "-o", help="How to print it.")]


def fail(code: int, *messages: str) -> NoReturn:
    """Each message on a line of its own, then the end."""
    for message in messages:
        typer.echo(f"error: {shown(message)}", err=True)
    raise typer.Exit(code)


def note(message: str) -> None:
    typer.echo(f"note: {shown(message)}", err=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Around what takes a while: a sign of life on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    if not is_screen(console):
        yield
        return
    with console.status(f"{what} …"):
        yield


def is_screen(console: Console) -> bool:
    """Whether what was painted can be painted over. FORCE_COLOR, as CI systems set it, has rich
    take a pipe for a terminal; and one that is called dumb is one that rich paints nothing on."""
    return console.file.isatty() and not console.is_dumb_terminal


@contextmanager
def answered(code: int, otherwise: str) -> Iterator[None]:
    """Around a question: ends the command where nobody is there to answer it, or it is left with
    Ctrl-C."""
    try:
        yield
    except typer.Abort:
        typer.echo(err=True)  # the question stands without an answer
        fail(code, otherwise)


def shown(text: str) -> str:
    """In one line, and nothing that a terminal would obey: names in files and certificates are
    anybody's text."""
    return "".join(char if char.isprintable() else "?" for char in text)


def show(output: Format, data: Any, lines: Iterable[str]) -> None:
    """What a command found: `lines` for people, `data` for programs."""
    if output is not Format.TABLE:
        print_data(data, output)
        return
    for line in lines:
        typer.echo(line)


def print_data(data: Any, how: Format) -> None:
    """For programs."""
    plain = json.loads(json.dumps(data_of(data)))
    if how is Format.JSON:
        typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))
    else:
        typer.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).rstrip())


def data_of(found: Any) -> Any:
    """With the fields of value objects named as Kubernetes names fields: programs read our answers
    beside kubectl's. The keys of a map are somebody's text, and stay."""
    if is_dataclass(found) and not isinstance(found, type):
        return {_camel(one.name): data_of(getattr(found, one.name)) for one in fields(found)}
    if isinstance(found, Mapping):
        return {key: data_of(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [data_of(one) for one in found]
    return found


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return "".join([first, *map(str.capitalize, others)])


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, as wide as they must be: nothing is cut off or wrapped."""
    table = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def read_input(path: str) -> bytes:
    """The content of a file, or of standard input for `-`. Ends the command where it cannot be
    read."""
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        fail(USAGE, f"{path}: {(error.strerror or 'cannot be read').lower()}")


def source_name(path: str) -> str:
    """As messages name it."""
    return "standard input" if path == STDIN else path
