"""`consortium init`: the first file of a chain, from options or from questions."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from consortium_operator.chain.plan import Settings, make_plan
from consortium_operator.cli.init_text import (
    Answers,
    NewMember,
    NoMember,
    chain_id_of,
    parse_image,
    parse_member,
    text_of,
)
from consortium_operator.cli.new_file import write_new
from consortium_operator.cli.printing import (
    INVALID,
    STDIN,
    USAGE,
    Format,
    OutputOption,
    answered,
    fail,
    note,
    show,
)
from consortium_operator.cli.topology_view import view
from consortium_operator.engines.fisco_bcos.versions import VERSIONS
from consortium_operator.engines.registry import ENGINES
from consortium_operator.offline.validation import Found, validate

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_NEWEST = next(reversed(list(VERSIONS)))
_Members = Annotated[
    list[str] | None,
    typer.Option(
        "--member",
        metavar="NAME=CITY[:COUNT],…",
        help="A member and its nodes, such as webank=shenzhen:2,beijing. Once for each.",
    ),
]
_Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="Its namespace. Default: chains.")
]
_Version = Annotated[
    str, typer.Option(metavar="X.Y.Z", help=f"The node's version. Default: {_NEWEST}.")
]
_ChainId = Annotated[str, typer.Option(help="Part of every transaction. Default: from the name.")]
_Image = Annotated[
    str,
    typer.Option(metavar="REPOSITORY:TAG", help="Default: the operator's catalogue knows it."),
]


@app.command()
def init(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Made here; - is standard output.")],
    member: _Members = None,
    name: Annotated[str, typer.Option(help="The chain's name. Default: trade.")] = "",
    namespace: _Namespace = "",
    version: _Version = "",
    chain_id: _ChainId = "",
    storage: Annotated[str, typer.Option(help="Each node's volume. Default: 20Gi.")] = "",
    image: _Image = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Write the first file of a chain, with comments.

    With --member nothing is asked; without it, whatever is not given is. `consortium validate`
    accepts the file. One that is there is never overwritten. Exits with 0, 1 where the answers make
    no valid chain or the file is there, and 2 where the command line is wrong.
    """
    _refuse(file, output)
    ask = _Questions(are_asked=not member)
    name = ask("Name of the chain", name, "trade")
    try:
        answers = Answers(
            name=name,
            namespace=ask("Namespace", namespace, "chains"),
            version=ask("Version of the node", version, _NEWEST),
            chain_id=ask("Chain id, letters and digits", chain_id, chain_id_of(name)),
            storage=ask("Volume of each node", storage, "20Gi"),
            image=parse_image(image) if image else None,
            members=tuple(map(parse_member, member or ())) or tuple(_asked_members()),
        )
    except NoMember as error:
        fail(USAGE, f"--member: {error}")
    except ValueError as error:
        fail(USAGE, f"--image: {error}")
    text = text_of(answers)
    found = _judged(text)
    _write(file, text)
    _tell(file, found, output)


def _refuse(file: str, output: Format) -> None:
    """Ends the command, before anything is asked, where its answer has no place."""
    if file == STDIN and output is not Format.TABLE:
        fail(USAGE, "the file itself is on standard output: no --output goes with -")
    if file != STDIN and Path(file).exists():
        fail(INVALID, f"{file} is there: name another file")


@dataclass(frozen=True, slots=True)
class _Questions:
    """An option that was given is no question, and one that was not has a default."""

    are_asked: bool

    def __call__(self, question: str, given: str, default: str) -> str:
        if given or not self.are_asked:
            return given or default
        return _asked(question, default)


def _asked(question: str, default: str) -> str:
    with answered(USAGE, "no answer: with --member NAME=CITY[:COUNT],… nothing is asked"):
        return str(typer.prompt(question, default=default, show_default=bool(default), err=True))


def _asked_members() -> Iterator[NewMember]:
    """Until an empty line; a member that is misspelt is asked for again."""
    typer.echo("Members, each as NAME=CITY[:COUNT],…; an empty line ends.", err=True)
    number = 1
    while text := _asked(f"Member {number}", ""):
        try:
            yield parse_member(text)
            number += 1
        except NoMember as error:
            typer.echo(str(error), err=True)


def _judged(text: str) -> Found:
    """The one chain of the text. Ends the command where it is not valid."""
    found = validate(text.encode(), ENGINES)
    if not found.is_valid:
        fail(INVALID, *(f"{one.path or 'the file'}: {one.message}" for one in found.complaints))
    return found.chains[0]


def _write(file: str, text: str) -> None:
    if file == STDIN:
        typer.echo(text, nl=False)
        return
    try:
        write_new(Path(file), text.encode())
    except FileExistsError:
        fail(INVALID, f"{file} is there: name another file")
    except OSError as error:
        fail(USAGE, f"{file}: {(error.strerror or 'cannot be written').lower()}")


def _tell(file: str, found: Found, output: Format) -> None:
    chain = found.chain
    plan = make_plan(chain, Settings("", {chain.spec.version: "any"}))
    for warning in view(plan).warnings:
        note(warning)
    if file == STDIN:
        return
    word = shlex.quote(file)
    steps = [
        f"consortium topology --file {word}",
        f"kubectl create namespace {plan.key.namespace}",
        f"kubectl apply --filename {word}",
    ]
    show(
        output,
        {
            "file": file,
            "namespace": plan.key.namespace,
            "name": plan.key.name,
            "nextSteps": steps,
        },
        [f"{file} is written. Look at it, then:", *(f"  {step}" for step in steps)],
    )
