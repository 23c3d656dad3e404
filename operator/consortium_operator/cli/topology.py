"""`consortium topology`: a picture of a chain's members, nodes, weights and fault domains."""

from enum import StrEnum
from typing import Annotated

import typer

from consortium_operator.chain.plan import Settings
from consortium_operator.cli import completion
from consortium_operator.cli import validate as validation
from consortium_operator.cli.cluster import (
    ContextOption,
    NamespaceOption,
    get_chain,
    parsed,
    planned,
    target_of,
    valid_name,
)
from consortium_operator.cli.printing import (
    USAGE,
    Format,
    fail,
    note,
    print_data,
)
from consortium_operator.cli.topology_mermaid import mermaid
from consortium_operator.cli.topology_svg import svg
from consortium_operator.cli.topology_view import TopologyView, lines, view

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Picture(StrEnum):
    """How the picture is printed."""

    TABLE = "table"
    SVG = "svg"
    MERMAID = "mermaid"
    JSON = "json"
    YAML = "yaml"


_PAINTERS = {Picture.TABLE: lines, Picture.SVG: svg, Picture.MERMAID: mermaid}


@app.command()
def topology(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="The chain, in a cluster.",
            autocompletion=completion.chains,
            callback=valid_name,
        ),
    ] = "",
    file: Annotated[
        list[str] | None,
        typer.Option("--file", "-f", metavar="FILE", help="The chain, in a file; - is stdin."),
    ] = None,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: Annotated[Picture, typer.Option("--output", "-o", help="How to print it.")] = (
        Picture.TABLE
    ),
) -> None:
    """Draw a chain's members, nodes, weights and fault domains.

    As the resource wants them, from a file or from the cluster, with a warning where one region or
    zone holds more weight than may fail. Exits with 0, with 1 where the chain is invalid, not there
    or must not be read, 2 where the command line or the kubeconfig is wrong, and 3 where the
    cluster does not answer.
    """
    source = validation.one_file(file or ())
    if bool(name) == bool(source):
        fail(USAGE, "give either the NAME of a chain or --file")
    if source:
        chain = validation.one_chain(source)
    else:
        chain = parsed(get_chain(target_of(context, namespace), name))
    # No image is drawn, and the catalogue with them is the operator's.
    plan = planned(chain, Settings("", {chain.spec.version: "not drawn"}))
    _print(view(plan), output)


def _print(found: TopologyView, output: Picture) -> None:
    if output not in _PAINTERS:
        print_data(found, Format(output.value))
        return
    for line in _PAINTERS[output](found):
        typer.echo(line)
    if output is not Picture.TABLE:
        for warning in found.warnings:
            note(warning)
