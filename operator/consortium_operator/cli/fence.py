"""`consortium fence`: stop a node on purpose, and let it go on."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from consortium_operator.api.chain import NodeState
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
from consortium_operator.cli.printing import INVALID, Format, OutputOption, fail, show
from consortium_operator.kube.kinds import JsonObject, key_of

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_NEXT = {
    NodeState.STOPPED: "it stops once the chain can spare it, and keeps its key, volume and vote: "
    "until then, and what it waits for, see",
    NodeState.RUNNING: "it starts again, and catches up with the others; see",
}


@app.command()
def fence(
    name: ChainArgument,
    node: Annotated[
        str,
        typer.Argument(
            metavar="MEMBER/NODE", help="As in `status`.", autocompletion=completion.nodes
        ),
    ],
    release: Annotated[bool, typer.Option("--release", help="Let it go on.")] = False,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Stop a node, once the chain can spare it; with --release, start it again.

    It sets `state` of the node's entry in spec.members and does not wait; where the resource is
    kept in Git, change it there too. Exits with 0 where it is written, 1 where there is no such
    chain or node, the entry is for several nodes or it must not be written, 2 where the command
    line or the kubeconfig is wrong, and 3 where the cluster does not answer.
    """
    target = target_of(context, namespace)
    chain = get_chain(target, name)
    found = _alone(chain, node)
    state = NodeState.RUNNING if release else NodeState.STOPPED
    ask(target, lambda client: client.patch(key_of(chain), operations(chain, found, state)))
    show(
        output,
        {"namespace": target.namespace, "name": name, "node": node, "state": state.value},
        [
            f"{node}: state {state}",
            _NEXT[state],
            f"  kubectl consortium status {name} --namespace {target.namespace}",
        ],
    )


def _alone(chain: JsonObject, node: str) -> NamedNode:
    """The node, whose entry must be for it alone. Ends the command where there is none such."""
    found = named_node(chain, node)
    if found.siblings > 1:
        fail(
            INVALID,
            f"the entry of {node} in spec.members is for {found.siblings} nodes; give the node an "
            "entry of its own, or stop the chain with spec.hibernated",
        )
    return found


def operations(chain: Mapping[str, Any], node: NamedNode, state: NodeState) -> list[JsonObject]:
    """The JSON patch of the entry, refused where another one stands in its place by now."""
    member = chain["spec"]["members"][node.member]
    at = f"/spec/members/{node.member}"
    entry = f"{at}/nodes/{node.entry}"
    return [
        {"op": "test", "path": "/metadata/uid", "value": chain["metadata"]["uid"]},
        {"op": "test", "path": f"{at}/name", "value": member["name"]},
        {"op": "test", "path": f"{entry}/name", "value": member["nodes"][node.entry]["name"]},
        {"op": "add", "path": f"{entry}/state", "value": state.value},
    ]
