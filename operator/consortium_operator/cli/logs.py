"""`consortium logs`: what the nodes of a chain write, by time, with the node before each line."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from consortium_operator.chain.log_entry import Level
from consortium_operator.chain.naming import (
    CHAIN_LABEL,
    MEMBER_LABEL,
    NODE_LABEL,
    PART_LABEL,
    ChildPart,
)
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
from consortium_operator.cli.logs_view import NodeLine, merged, seconds_of
from consortium_operator.cli.named_nodes import all_nodes
from consortium_operator.cli.printing import INVALID, USAGE, Format, OutputOption, fail, note, show
from consortium_operator.engines import registry
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import Invalid, NotFound
from consortium_operator.kube.kinds import POD, JsonObject, ObjectKey, key_of
from consortium_operator.manifests.pod import CONTAINER

app = typer.Typer(add_completion=False, rich_markup_mode=None)


_MemberOption = Annotated[
    str,
    typer.Option("--member", help="Only this member's nodes.", autocompletion=completion.members),
]
_NodeOption = Annotated[
    str,
    typer.Option(
        "--node",
        metavar="MEMBER/NODE",
        help="Only this one, as in `status`.",
        autocompletion=completion.nodes,
    ),
]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Pods by the name that is shown, and which of their lines."""

    pods: Mapping[str, ObjectKey]
    engine: str
    level: Level
    since: int

    @property
    def width(self) -> int:
        return max(map(len, self.pods))


@app.command()
def logs(
    name: ChainArgument,
    member: _MemberOption = "",
    node: _NodeOption = "",
    since: Annotated[str, typer.Option("--since", help="Such as 90s, 10m or 1h30m.")] = "10m",
    level: Annotated[Level, typer.Option("--level", help="This one and worse.")] = Level.INFO,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they write.")] = False,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what the nodes of a chain write, merged by time.

    With the rights to get the resource, list pods and read their logs. Exits with 0, also where
    there are no lines; 1 where there is no such chain, member or node, none of them has a pod, or
    they must not be read; 2 where the command line or the kubeconfig is wrong; and 3 where the
    cluster does not answer.
    """
    if follow and output is not Format.TABLE:
        fail(USAGE, "--follow has no end, so it goes with --output table only")
    try:
        seconds = seconds_of(since)
    except ValueError:
        fail(USAGE, f"--since {since}: give such as 90s, 10m or 1h30m")
    target = target_of(context, namespace)
    chain = get_chain(target, name)
    selector = _selector(chain, member, node)

    async def show(client: KubeClient) -> None:
        listed = client.list_pages(POD, target.namespace, selector)
        pods = _named(chain, [pod async for page, _ in listed for pod in page])
        if not pods:
            fail(INVALID, f"no node has a pod; see `kubectl consortium status {name}`")
        wanted = _Wanted(pods, chain["spec"]["engine"], level, seconds)
        await (_follow(client, wanted) if follow else _print(client, wanted, output))

    ask(target, show)


def _selector(chain: JsonObject, member: str, node: str) -> str:
    """Ends the command for a member or a node that the chain does not have."""
    labels = {CHAIN_LABEL: chain["metadata"]["name"], PART_LABEL: ChildPart.NODE.value}
    if member:
        known = [one["name"] for one in chain["spec"]["members"]]
        if member not in known:
            fail(INVALID, f"the chain has no member {member}; it has: {', '.join(known)}")
        labels[MEMBER_LABEL] = member
    if node:
        labels[NODE_LABEL] = named_node(chain, node).name
    return ",".join(f"{label}={value}" for label, value in labels.items())


def _named(chain: JsonObject, pods: list[JsonObject]) -> dict[str, ObjectKey]:
    """A node that the spec has no more, but that still runs, has its full name only."""
    paths = {one.name: one.path for one in all_nodes(chain)}
    found = {}
    for pod in pods:
        name = pod["metadata"]["labels"][NODE_LABEL]
        found[paths.get(name, name)] = key_of(pod)
    return dict(sorted(found.items()))


async def _print(client: KubeClient, wanted: _Wanted, output: Format) -> None:
    async def read(node: str) -> list[str]:
        return [line async for line in _lines(client, wanted, node, follow=False)]

    read_all = await asyncio.gather(*map(read, wanted.pods))
    found = merged(wanted.engine, dict(zip(wanted.pods, read_all, strict=True)), wanted.level)
    show(
        output,
        [line.as_data() for line in found],
        (line.as_text(wanted.width) for line in found),
    )


async def _follow(client: KubeClient, wanted: _Wanted) -> None:
    """As the lines come: to sort them would mean to wait for the slowest."""

    async def print_as_they_come(node: str) -> None:
        async for line in _lines(client, wanted, node, follow=True):
            entry = registry.read_log_line(wanted.engine, line)
            if entry.is_at_least(wanted.level):
                typer.echo(NodeLine(node, entry).as_text(wanted.width))
        note(f"{node}: its log has ended")

    await asyncio.gather(*map(print_as_they_come, wanted.pods))


async def _lines(
    client: KubeClient, wanted: _Wanted, node: str, *, follow: bool
) -> AsyncIterator[str]:
    """A pod that is gone or has not started is told, and does not keep the others from speaking."""
    pod = wanted.pods[node]
    try:
        async for line in client.logs(pod, CONTAINER, since_seconds=wanted.since, follow=follow):
            yield line
    except (Invalid, NotFound) as error:
        note(f"{node}: {error.message}")
