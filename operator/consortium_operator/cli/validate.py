"""`consortium validate`: everything that is wrong with files, before anything is applied."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.cli.printing import (
    INVALID,
    USAGE,
    Format,
    OutputOption,
    data_of,
    fail,
    note,
    read_input,
    show,
    shown,
    source_name,
)
from consortium_operator.engines.registry import ENGINES
from consortium_operator.offline.validation import Complaint, Note, Validation, validate_files
from consortium_operator.offline.validation import validate as judge

FileOption = Annotated[
    list[str],
    typer.Option("--file", "-f", metavar="FILE", help="YAML or JSON, one; - is standard input."),
]
_Files = Annotated[
    list[str],
    typer.Option(
        "--file", "-f", metavar="FILE", help="YAML or JSON; - is standard input. Once for each."
    ),
]

_MoreFiles = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE]...", help="More files, as a shell makes of -f chains/*.yaml."),
]

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def validate(
    file: _Files,
    more: _MoreFiles = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Check the ConsortiumChains in files.

    As the API server and the operator would; all errors at once, with their lines. Exits with 0
    where there are none, 1 where there are, and 2 where a file cannot be read or the command line
    is wrong.
    """
    found = validate_files(
        {source_name(one): read_input(one) for one in (*file, *(more or ()))}, ENGINES
    )
    show(output, _data(found), [line for source in found for line in lines(found[source], source)])
    if output is Format.TABLE:  # the data has them too
        for source, judged in found.items():
            tell_notes(judged, source)
    if not all(judged.is_valid for judged in found.values()):
        raise typer.Exit(INVALID)


def one_file(files: Sequence[str]) -> str:
    """The file of a command that takes one. Ends it where several are named: all but one of them
    would be left out in silence."""
    if len(files) > 1:
        fail(USAGE, f"--file is given {len(files)} times, and one is wanted: run it once for each")
    if "" in files:
        fail(USAGE, "--file is empty; is a variable of the shell?")
    return next(iter(files), "")


def one_chain(file: str, catalogue: Mapping[str, str] | None = None) -> ConsortiumChain:
    """The chain of a file with one. Anything else ends the command. `catalogue`: as in `judge`."""
    source = source_name(file)
    found = judge(read_input(file), ENGINES, catalogue)
    if not found.is_valid:
        for line in lines(found, source):
            typer.echo(line, err=True)
        raise typer.Exit(INVALID)
    if len(found.chains) > 1:
        fail(INVALID, f"{source} holds {len(found.chains)} chains: one is wanted")
    return found.chains[0].chain


def lines(found: Validation, source: str) -> list[str]:
    """A line for each complaint, as compilers write them; or one for each chain that is good."""
    if not found.is_valid:
        many = len({one.chain for one in found.complaints}) > 1
        count = len(found.complaints)
        return [
            *(_line(one, source, many=many) for one in found.complaints),
            f"{source}: {count} {'error' if count == 1 else 'errors'}",
        ]
    return [
        f"{source}: {one.chain.metadata.namespace}/{one.chain.metadata.name} is valid"
        for one in found.chains
    ]


def tell_notes(found: Validation, source: str) -> None:
    for one in found.notes:
        note(f"{_place(source, one.line)} {one.message}")


def _line(one: Complaint, source: str, *, many: bool) -> str:
    chain = f" {one.chain}:" if many and one.chain else ""
    path = f" {one.path}:" if one.path else ""
    return shown(f"{_place(source, one.line)}{chain}{path} {one.message}")


def _place(source: str, line: int) -> str:
    return f"{source}:{line}:" if line else f"{source}:"


def _data(found: Mapping[str, Validation]) -> dict[str, object]:
    """A line that is not known is null."""
    each = found.items()
    return {
        "valid": all(judged.is_valid for judged in found.values()),
        "chains": [
            {
                "file": file,
                "namespace": one.chain.metadata.namespace,
                "name": one.chain.metadata.name,
            }
            for file, judged in each
            for one in judged.chains
        ],
        "errors": [_row(file, one) for file, judged in each for one in judged.complaints],
        "notes": [_row(file, one) for file, judged in each for one in judged.notes],
    }


def _row(file: str, one: Complaint | Note) -> dict[str, object]:
    return {"file": file, **data_of(one), "line": one.line or None}
