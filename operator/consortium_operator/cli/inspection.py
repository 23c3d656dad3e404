"""`consortium inspect`: what is this certificate, key, genesis, setting."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from consortium_operator.chain.inspected import Inspected
from consortium_operator.cli.printing import (
    INVALID,
    USAGE,
    Format,
    OutputOption,
    fail,
    note,
    show,
    shown,
)
from consortium_operator.engines import registry
from consortium_operator.offline.inspection import gather
from consortium_operator.reconcile.outside import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def inspect(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A file, or a directory with all below it.")
    ],
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what a certificate, key or genesis says.

    Also config.ini and nodes.json, and manifests that hold such files. Ids, lifetimes, who signed,
    the genesis and its quorum; of private keys the public side only. Exits with 0, with 1 where
    something is wrong with what was found or nothing was, and with 2 where the path cannot be read.
    """
    if not path.exists():
        fail(USAGE, f"{path}: no such file or directory")
    gathered = gather(path)
    if not path.is_dir() and gathered.unread:
        fail(USAGE, *(f"{name}: {why}" for name, why in gathered.unread.items()))
    found = registry.inspect(gathered.files, utc_now())
    show(output, found, lines(found))
    for name, why in gathered.unread.items():
        note(f"{name}: {why}")
    if not found:
        fail(INVALID, f"{path}: neither a certificate nor a key, genesis, config.ini or nodes.json")
    if any(one.problems for one in found):
        raise typer.Exit(INVALID)


def lines(found: Sequence[Inspected]) -> Iterator[str]:
    for number, one in enumerate(found):
        if number:
            yield ""
        yield f"{shown(one.path)}: {one.kind}"
        for problem in one.problems:
            yield f"  problem: {shown(problem)}"
        yield from _facts(one.facts, "  ")


def _facts(facts: Mapping[str, Any], indent: str) -> Iterator[str]:
    width = max((len(name) for name, value in facts.items() if not _is_block(value)), default=0)
    for name, value in facts.items():
        if _is_block(value):
            yield f"{indent}{name}:"
            yield from _block(value, indent + "  ")
        else:
            yield f"{indent}{name + ':':<{width + 1}} {_word(value)}"


def _block(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _facts(value, indent)
    elif isinstance(value, str):
        yield from (f"{indent}{shown(line)}".rstrip() for line in value.splitlines())
    else:
        for entry in value:
            words = (
                " ".join(f"{k} {_word(v)}" for k, v in entry.items())
                if isinstance(entry, Mapping)
                else _word(entry)
            )
            yield f"{indent}- {words}"


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping | list) or (isinstance(value, str) and "\n" in value)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown(str(value))
