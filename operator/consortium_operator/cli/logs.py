"""`consortium logs`: what the nodes of a chain write, by time, with the node before each line."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from consortium_operator.chain.log_entry import Level, LogEntry
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
    status_command,
    target_of,
)
from consortium_operator.cli.logs_view import NodeLine, container_of, merged, runs, seconds_of
from consortium_operator.cli.named_nodes import all_nodes
from consortium_operator.cli.printing import INVALID, USAGE, Format, OutputOption, fail, note, show
from consortium_operator.engines import registry
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import Invalid, NotFound, Unavailable
from consortium_operator.kube.kinds import POD, JsonObject, key_of
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


_EVERY = 2.0
"""Seconds between two looks for nodes that have started anew while their logs are followed."""

_OVERLAP = 2.0
"""Seconds that are read again where a stream broke: a line takes a while to arrive."""

_SILENT = (Invalid, NotFound, Unavailable)
"""A pod that has not started or is gone, or whose host is away: told, and no reason to keep the
others from speaking."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which pods, by their labels, and which of their lines."""

    chain: JsonObject
    selector: str
    level: Level
    since: int

    @property
    def engine(self) -> str:
        return str(self.chain["spec"]["engine"])


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

    With the rights to get the resource, list pods and read their logs. With --follow it goes on
    until Ctrl-C, also when nodes start anew. Exits with 0, also where there are no lines; 1 where
    there is no such chain, member or node, none of them has a pod, or they must not be read; 2
    where the command line or the kubeconfig is wrong; and 3 where the cluster does not answer.
    """
    if follow and output is not Format.TABLE:
        fail(USAGE, "--follow has no end, so it goes with --output table only")
    try:
        seconds = seconds_of(since)
    except ValueError:
        fail(USAGE, f"--since {since}: give such as 90s, 10m or 1h30m")
    target = target_of(context, namespace)
    chain = get_chain(target, name)
    wanted = _Wanted(chain, _selector(chain, member, node), level, seconds)
    if not follow:
        ask(target, lambda client: _print(client, wanted, output))
        return
    with contextlib.suppress(KeyboardInterrupt):
        ask(target, lambda client: _follow(client, wanted))


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


async def _pods(client: KubeClient, wanted: _Wanted) -> dict[str, JsonObject]:
    """By the name that is shown. A node that the spec has no more, but that still runs, has its
    full name only."""
    paths = {one.name: one.path for one in all_nodes(wanted.chain)}
    found = {}
    namespace = wanted.chain["metadata"]["namespace"]
    async for page, _ in client.list_pages(POD, namespace, wanted.selector):
        for pod in page:
            name = pod["metadata"]["labels"][NODE_LABEL]
            found[paths.get(name, name)] = pod
    return dict(sorted(found.items()))


async def _pods_that_are_there(client: KubeClient, wanted: _Wanted) -> dict[str, JsonObject]:
    """Ends the command where there are none."""
    found = await _pods(client, wanted)
    if not found:
        metadata = wanted.chain["metadata"]
        look = status_command(metadata["namespace"], metadata["name"])
        fail(INVALID, f"no node has a pod; see {look}")
    return found


async def _print(client: KubeClient, wanted: _Wanted, output: Format) -> None:
    async def read(node: str, pod: JsonObject) -> list[str]:
        lines = []
        try:
            async for line in _lines(client, wanted, pod, follow=False):
                lines.append(line)
        except _SILENT as error:
            note(f"{node}: {error.message}")
        return lines

    pods = await _pods_that_are_there(client, wanted)
    read_all = await asyncio.gather(*(read(*one) for one in pods.items()))
    found = merged(wanted.engine, dict(zip(pods, read_all, strict=True)), wanted.level)
    if not found:
        note("no such lines: look further back with --since, or at milder ones with --level")
    width = max(map(len, pods))
    show(
        output,
        [line.as_data() for line in found],
        (line.as_text(width) for line in found),
    )


async def _follow(client: KubeClient, wanted: _Wanted) -> None:
    """As the lines come: to sort them would mean to wait for the slowest. A cluster that is away
    for a while is told, and waited for."""
    pods = await _pods_that_are_there(client, wanted)
    width, readers, trouble = max(map(len, pods)), dict[str, _Reader](), ""
    try:
        async with asyncio.TaskGroup() as followed:
            while True:
                for node, pod in pods.items():
                    new = _Reader(client, wanted, node, width)
                    readers.setdefault(node, new).take_up(pod, followed)
                await asyncio.sleep(_EVERY)
                try:
                    pods, trouble = await _pods(client, wanted), ""
                except Unavailable as error:
                    if error.message != trouble:
                        note(f"no answer: {error.message}; it is waited for")
                    trouble = error.message
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


class _Reader:
    """Follows the log of one node: into its next container, and where the stream broke though the
    container runs on, from where it broke, so that nothing is told twice."""

    def __init__(self, client: KubeClient, wanted: _Wanted, node: str, width: int) -> None:
        self._client, self._wanted, self._node, self._width = client, wanted, node, width
        self._now = asyncio.get_running_loop().time
        self._began = self._heard = self._now()
        self._pod = self._container = self._last = self._said = ""
        self._stream: asyncio.Task[None] | None = None

    def take_up(self, pod: JsonObject, followed: asyncio.TaskGroup) -> None:
        uid, container = pod["metadata"]["uid"], container_of(pod)
        reads = self._stream is not None and not self._stream.done()
        is_known, is_same_pod = container == self._container, uid == self._pod
        self._pod, self._container = uid, container
        if (reads and is_same_pod) or (is_known and not runs(pod)):
            return
        if not is_known:
            self._last = ""
        if self._stream is not None:
            self._stream.cancel()  # of a pod that is gone, on a host that never said so
        self._stream = followed.create_task(self._read(pod))

    async def _read(self, pod: JsonObject) -> None:
        # What the stream was cut off from may be a moment older than its last line's arrival.
        since = self._wanted.since + self._now() - self._began
        if self._last:
            since = _OVERLAP + self._now() - self._heard
        until, was_told = self._last, bool(self._last)
        wanted = replace(self._wanted, since=int(since))
        try:
            async for line in _lines(self._client, wanted, pod, follow=True):
                entry = registry.read_log_line(wanted.engine, line)
                was_told = entry.time <= until if entry.time else was_told
                if not was_told:
                    self._tell(entry)
        except _SILENT as error:
            self._say(error.message)
        else:
            self._say("its log has ended; what comes next is shown as soon as it is there")

    def _tell(self, entry: LogEntry) -> None:
        self._heard, self._last, self._said = self._now(), entry.time or self._last, ""
        if entry.is_at_least(self._wanted.level):
            typer.echo(NodeLine(self._node, entry).as_text(self._width))

    def _say(self, what: str) -> None:
        """Once: a host that is away is asked again every two seconds."""
        if what != self._said:
            note(f"{self._node}: {what}")
        self._said = what


def _lines(
    client: KubeClient, wanted: _Wanted, pod: JsonObject, *, follow: bool
) -> AsyncIterator[str]:
    return client.logs(key_of(pod), CONTAINER, since_seconds=wanted.since, follow=follow)
