"""`consortium doctor`: what stands in the way of chains, each with its fix."""

from importlib.metadata import version as version_of

import typer

from consortium_operator.chain.installation import OPERATOR_NAMESPACE
from consortium_operator.cli.cluster import (
    ContextOption,
    NamespaceOption,
    OperatorNamespaceOption,
    OptionalChainArgument,
    ask,
    no_such_chain,
    target_of,
)
from consortium_operator.cli.doctor.checks import examine
from consortium_operator.cli.doctor.finding import Severity, lines
from consortium_operator.cli.doctor.reading import Question, read
from consortium_operator.cli.printing import INVALID, Format, OutputOption, show, working
from consortium_operator.reconcile.outside import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def doctor(
    name: OptionalChainArgument = "",
    operator_namespace: OperatorNamespaceOption = OPERATOR_NAMESPACE,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Examine the cluster, the operator, a namespace and its chains.

    Each finding with its fix; what was not checked is said too. Nothing is changed or pulled, and
    no Secret is read. Exits with 0 where there is no error, 1 where there is one or no such chain,
    2 where the command line or the kubeconfig is wrong, and 3 where the cluster does not answer.
    """
    target = target_of(context, namespace)
    question = Question(
        target.namespace, name, operator_namespace, version_of("consortium-operator"), utc_now
    )
    with working("examining the cluster"):
        facts = ask(target, lambda client: read(client, question))
    if name and not facts.namespace.known_chains:
        no_such_chain(target, name)
    found = examine(facts)
    show(output, found, lines(found))
    if any(one.severity is Severity.ERROR for one in found):
        raise typer.Exit(INVALID)
