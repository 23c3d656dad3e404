"""`consortium status`: how one chain is doing, and what the operator waits for."""

from dataclasses import asdict
from typing import Annotated

import typer

from consortium_operator.cli.cluster import ContextOption, NamespaceOption, get_chain, target_of
from consortium_operator.cli.printing import Format, print_data
from consortium_operator.cli.status_view import lines, view

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def status(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The chain.")],
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: Annotated[Format, typer.Option("--output", "-o", help="How to print it.")] = (
        Format.TEXT
    ),
) -> None:
    """Show a chain's members, nodes and quorum, and what the operator waits for.

    From the resource alone: the right to get it is enough. Exits with 0 whatever the state of the
    chain, 1 where there is no such chain or it must not be read, 2 where the command line or the
    kubeconfig is wrong, and 3 where the cluster does not answer.
    """
    found = view(get_chain(target_of(context, namespace), name))
    if output is not Format.TEXT:
        print_data(asdict(found), output)
        return
    for line in lines(found):
        typer.echo(line)
