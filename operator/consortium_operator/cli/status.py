"""`consortium status`: how one chain is doing, and what the operator waits for."""

import asyncio
import contextlib
from typing import Annotated

import typer

from consortium_operator.chain.installation import OPERATOR_NAMESPACE
from consortium_operator.cli.cluster import (
    ChainArgument,
    ContextOption,
    NamespaceOption,
    OperatorNamespaceOption,
    ask,
    no_such_chain,
    target_of,
)
from consortium_operator.cli.live import live_values
from consortium_operator.cli.operator_metrics import read_metrics
from consortium_operator.cli.printing import USAGE, Format, OutputOption, fail, show
from consortium_operator.cli.status_view import StatusView, lines, view
from consortium_operator.cli.watching import painter
from consortium_operator.kube.errors import ApiError
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, ObjectKey
from consortium_operator.kube.person import PersonClient
from consortium_operator.reconcile.outside import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_EVERY = 2.0
"""Seconds between two looks: the operator reads the chain less often than that."""


@app.command()
def status(
    name: ChainArgument,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on until Ctrl-C; a line a change in a pipe.")
    ] = False,
    operator_namespace: OperatorNamespaceOption = OPERATOR_NAMESPACE,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Show a chain's members, nodes and quorum, and what the operator waits for.

    From the resource: the right to get it is enough. Live heights, lag, peers and the leader come
    from the operator's metrics, with the right to get services/proxy where it is installed. Exits
    with 0 whatever the state of the chain, also after Ctrl-C, 1 where there is no such chain or it
    must not be read, 2 where the command line or the kubeconfig is wrong, and 3 where the cluster
    does not answer.
    """
    if watch and output is not Format.TABLE:
        fail(USAGE, "--watch has no end, so it goes with --output table only")
    target = target_of(context, namespace)
    key = ObjectKey(CONSORTIUM_CHAIN, target.namespace, name)
    found = ask(target, lambda client: _look(client, key, operator_namespace))
    if found is None:
        no_such_chain(target, name)
    if not watch:
        show(output, found, lines(found))
        return
    with contextlib.suppress(KeyboardInterrupt):
        ask(target, lambda client: _watch(client, key, operator_namespace))


async def _look(client: PersonClient, key: ObjectKey, namespace: str) -> StatusView | None:
    chain, metrics = await asyncio.gather(client.get(key), read_metrics(client, namespace))
    return None if chain is None else view(chain, live_values(metrics, key))


async def _watch(client: PersonClient, key: ObjectKey, namespace: str) -> None:
    with painter() as paint:
        while True:
            try:
                found = await _look(client, key, namespace)
                if found is None:
                    paint.trouble(f"{key} is gone", utc_now())
                else:
                    paint.paint(found, utc_now())
            except ApiError as error:
                paint.trouble(str(error), utc_now())
            await asyncio.sleep(_EVERY)
