"""`consortium validate`: everything that is wrong with a file, before anything is applied."""

from dataclasses import asdict
from typing import Annotated

import typer

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.cli.printing import (
    INVALID,
    Format,
    OutputOption,
    fail,
    note,
    read_input,
    show,
    shown,
    source_name,
)
from consortium_operator.engines.registry import ENGINES
from consortium_operator.offline.validation import Complaint, Validation
from consortium_operator.offline.validation import validate as judge

FileOption = Annotated[
    str, typer.Option("--file", "-f", metavar="FILE", help="YAML or JSON; - is standard input.")
]


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def validate(
    file: FileOption,
    output: OutputOption = Format.TABLE,
) -> None:
    """Check the ConsortiumChains in a file.

    As the API server and the operator would; all errors at once, with their lines. Exits with 0
    where there are none, 1 where there are, and 2 where the file cannot be read or the command line
    is wrong.
    """
    found = judge(read_input(file), ENGINES)
    show(output, _data(found), lines(found, source_name(file)))
    if output is Format.TABLE:  # the data has them too
        tell_notes(found, source_name(file))
    if not found.is_valid:
        raise typer.Exit(INVALID)


def one_chain(file: str) -> ConsortiumChain:
    """The chain of a file with one. Anything else ends the command."""
    source = source_name(file)
    found = judge(read_input(file), ENGINES)
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


def _data(found: Validation) -> dict[str, object]:
    """A line that is not known is null."""
    return {
        "valid": found.is_valid,
        "chains": [
            {"namespace": one.chain.metadata.namespace, "name": one.chain.metadata.name}
            for one in found.chains
        ],
        "errors": [asdict(one) | {"line": one.line or None} for one in found.complaints],
        "notes": [asdict(one) | {"line": one.line or None} for one in found.notes],
    }
