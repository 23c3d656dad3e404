"""`consortium restart`: ask for a restart of nodes, each when the chain can spare it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from consortium_operator.chain.naming import RESTART_ANNOTATION, words_of
from consortium_operator.cli import completion
from consortium_operator.cli.cluster import (
    ChainArgument,
    ContextOption,
    NamespaceOption,
    ask,
    get_chain,
    named_node,
    target_of,
)
from consortium_operator.cli.named_nodes import NamedNode
from consortium_operator.cli.printing import Format, OutputOption, show
from consortium_operator.kube.kinds import JsonObject, key_of
from consortium_operator.reconcile.outside import utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_PATH = f"/metadata/annotations/{RESTART_ANNOTATION.replace('/', '~1')}"


@app.command()
def restart(
    name: ChainArgument,
    nodes: Annotated[
        list[str],
        typer.Argument(
            metavar="MEMBER/NODE...", help="As in `status`.", autocompletion=completion.nodes
        ),
    ],
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Ask the operator to restart nodes once, one at a time, each when the chain can spare it.

    It writes the annotation consortium.dev/restart and does not wait. Exits with 0 where it is
    written, 1 where there is no such chain or node or it must not be written, 2 where the command
    line or the kubeconfig is wrong, and 3 where the cluster does not answer.
    """
    target = target_of(context, namespace)
    chain = get_chain(target, name)
    meant = [named_node(chain, path) for path in dict.fromkeys(nodes)]
    token = f"{utc_now():%Y%m%dT%H%M%SZ}"
    edit = operations(chain, meant, token)
    ask(target, lambda client: client.patch(key_of(chain), edit))
    paths = [one.path for one in meant]
    show(
        output,
        {"namespace": target.namespace, "name": name, "token": token, "nodes": paths},
        [
            f"asked for: {', '.join(paths)}",
            "each restarts once the chain can spare it, after whatever else is rolling; "
            "what it waits for is in",
            f"  kubectl consortium status {name} --namespace {target.namespace}",
        ],
    )


def operations(
    chain: Mapping[str, Any], nodes: Iterable[NamedNode], token: str
) -> list[JsonObject]:
    """The JSON patch that asks for `nodes`. What was asked for other nodes stays: it may still be
    waiting for its turn, and is used up if not."""
    metadata = chain["metadata"]
    names = [one.name for one in nodes]
    annotations = metadata.get("annotations") or {}
    before = annotations.get(RESTART_ANNOTATION)
    others = [word for word in words_of(before or "") if word.rpartition("@")[0] not in names]
    value = ",".join([*others, *(f"{name}@{token}" for name in names)])
    same = {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]}
    if not annotations:
        asked = {RESTART_ANNOTATION: value}
        return [same, {"op": "add", "path": "/metadata/annotations", "value": asked}]
    unchanged = [] if before is None else [{"op": "test", "path": _PATH, "value": before}]
    return [same, *unchanged, {"op": "add", "path": _PATH, "value": value}]
