"""`consortium certificates`: every certificate of a chain, and how long it holds."""

import typer

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.cli.certificates_view import lines, view
from consortium_operator.cli.cluster import (
    ChainArgument,
    ContextOption,
    NamespaceOption,
    ask,
    target_of,
)
from consortium_operator.cli.printing import INVALID, Format, OutputOption, fail, show
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.kinds import CONFIG_MAP, JsonObject
from consortium_operator.reconcile.outside import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def certificates(
    name: ChainArgument,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Show every certificate of a chain: whose it is, who signed it, and when it ends.

    From public ConfigMaps alone: the right to list them is enough, and those of a chain whose
    resource was deleted are found too. Exits with 0 where all hold, 1 where one has ended or cannot
    be read, where there are none or they must not be read, 2 where the command line or the
    kubeconfig is wrong, and 3 where the cluster does not answer.
    """
    target = target_of(context, namespace)

    async def config_maps(client: KubeClient) -> list[JsonObject]:
        pages = client.list_pages(CONFIG_MAP, target.namespace, f"{CHAIN_LABEL}={name}")
        return [one async for page, _ in pages for one in page]

    found = view(ask(target, config_maps), utc_now())
    if not found:
        fail(
            INVALID,
            f"there is no certificate of a chain {name} in the namespace {target.namespace}; "
            "see `kubectl get consortiumchains --all-namespaces`",
        )
    show(output, found, lines(found))
    if not all(one.holds for one in found):
        raise typer.Exit(INVALID)
