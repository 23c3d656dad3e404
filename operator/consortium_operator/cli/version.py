"""`consortium version`: of this client, of the cluster's operator and of its CRD."""

from dataclasses import asdict
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from consortium_operator.api.chain import API_VERSION, GROUP, PLURAL
from consortium_operator.chain.installation import OPERATOR_NAMESPACE
from consortium_operator.cli.cluster import ContextOption, ask, target_of
from consortium_operator.cli.printing import Format, print_data
from consortium_operator.cli.version_view import (
    ClusterVersions,
    OperatorVersion,
    VersionView,
    lines,
    operators,
    served,
)
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import CUSTOM_RESOURCE_DEFINITION, DEPLOYMENT, ObjectKey

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_PACKAGE = "consortium-operator"
# As the chart calls it, whatever the release is called.
_SELECTOR = "app.kubernetes.io/name=consortium-operator"
_DEFINITION = ObjectKey(CUSTOM_RESOURCE_DEFINITION, "", f"{PLURAL}.{GROUP}")


@app.command()
def version(
    client: Annotated[bool, typer.Option("--client", help="Ask no cluster.")] = False,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Where the operator is installed.")
    ] = OPERATOR_NAMESPACE,
    context: ContextOption = "",
    output: Annotated[Format, typer.Option("--output", "-o", help="How to print it.")] = (
        Format.TEXT
    ),
) -> None:
    """Show the versions of this client, of the operator in the cluster and of the CRD.

    What the caller may not see is told as such. Exits with 0 whatever is installed, 2 where the
    command line or the kubeconfig is wrong, and 3 where the cluster does not answer.
    """

    async def look(client: KubeClient) -> ClusterVersions:
        return ClusterVersions(
            namespace, await _operators(client, namespace), await _served(client)
        )

    cluster = None if client else ask(target_of(context, namespace), look)
    found = VersionView(version_of(_PACKAGE), API_VERSION, cluster)
    if output is not Format.TEXT:
        print_data(asdict(found), output)
        return
    for line in lines(found):
        typer.echo(line)


async def _operators(client: KubeClient, namespace: str) -> tuple[OperatorVersion, ...] | None:
    try:
        pages = client.list_pages(DEPLOYMENT, namespace, _SELECTOR)
        return operators([one async for page, _ in pages for one in page])
    except Forbidden:
        return None


async def _served(client: KubeClient) -> tuple[str, ...] | None:
    try:
        return served(await client.get(_DEFINITION))
    except Forbidden:
        return None
