"""`consortium version`: of this client, of the cluster's operator and of its CRD."""

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from consortium_operator.api.chain import API_VERSION, GROUP, PLURAL
from consortium_operator.chain.installation import OPERATOR_NAMESPACE
from consortium_operator.cli.cluster import ContextOption, ask, target_of
from consortium_operator.cli.printing import Format, OutputOption, show
from consortium_operator.cli.seeing import Hidden, one
from consortium_operator.cli.seeing import operators as seen_operators
from consortium_operator.cli.version_view import (
    ClusterVersions,
    VersionView,
    lines,
    operators,
    served,
)
from consortium_operator.kube.kinds import CUSTOM_RESOURCE_DEFINITION, ObjectKey
from consortium_operator.kube.person import PersonClient

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_PACKAGE = "consortium-operator"
_DEFINITION = ObjectKey(CUSTOM_RESOURCE_DEFINITION, "", f"{PLURAL}.{GROUP}")


@app.command()
def version(
    client: Annotated[bool, typer.Option("--client", help="Ask no cluster.")] = False,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Where the operator is installed.")
    ] = OPERATOR_NAMESPACE,
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Show the versions of this client, of the operator in the cluster and of the CRD.

    What the caller may not see is told as such. Exits with 0 whatever is installed, 2 where the
    command line or the kubeconfig is wrong, and 3 where the cluster does not answer.
    """

    async def look(client: PersonClient) -> ClusterVersions:
        found, definition = await seen_operators(client, namespace), await one(client, _DEFINITION)
        return ClusterVersions(
            namespace,
            None if isinstance(found, Hidden) else operators(found),
            None if isinstance(definition, Hidden) else served(definition),
        )

    cluster = None if client else ask(target_of(context, namespace), look)
    found = VersionView(version_of(_PACKAGE), API_VERSION, cluster)
    show(output, found, lines(found))
