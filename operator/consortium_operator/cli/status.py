"""`consortium status`: how one chain is doing, and what the operator waits for."""

from dataclasses import asdict

import typer

from consortium_operator.cli.cluster import (
    ChainArgument,
    ContextOption,
    NamespaceOption,
    get_chain,
    target_of,
)
from consortium_operator.cli.printing import Format, OutputOption, show
from consortium_operator.cli.status_view import lines, view

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def status(
    name: ChainArgument,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Show a chain's members, nodes and quorum, and what the operator waits for.

    From the resource alone: the right to get it is enough. Exits with 0 whatever the state of the
    chain, 1 where there is no such chain or it must not be read, 2 where the command line or the
    kubeconfig is wrong, and 3 where the cluster does not answer.
    """
    found = view(get_chain(target_of(context, namespace), name))
    show(output, asdict(found), lines(found))
