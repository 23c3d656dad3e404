"""What a shell offers behind Tab: names of chains, members and nodes, from the cluster that the
command line names so far. Where that cannot be asked, nothing is offered, and nothing is said."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterable

import typer
import typer.main

from consortium_operator.cli.named_nodes import all_nodes
from consortium_operator.kube.caller import Target, find_target
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, JsonObject, ObjectKey
from consortium_operator.kube.person import PersonClient
from consortium_operator.kube.transport import Timeouts

# Somebody has a finger on Tab.
_PATIENCE = 3.0
_TIMEOUTS = Timeouts(connect=2, request=2)


def chains(ctx: typer.Context, incomplete: str) -> list[str]:
    """Of the namespace."""

    async def ask(client: PersonClient, target: Target) -> list[JsonObject]:
        pages = client.list_pages(CONSORTIUM_CHAIN, target.namespace)
        return [one async for page, _ in pages for one in page]

    return _fitting((one["metadata"]["name"] for one in _answer(ctx, ask)), incomplete)


def members(ctx: typer.Context, incomplete: str) -> list[str]:
    """Of the chain that was named before."""
    return _fitting((one["name"] for one in _chain(ctx)["spec"]["members"]), incomplete)


def nodes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Of the chain that was named before, as MEMBER/NODE."""
    return _fitting((one.path for one in all_nodes(_chain(ctx))), incomplete)


def _chain(ctx: typer.Context) -> JsonObject:
    # Behind an option whose value is not there yet, arguments are not sorted by name.
    name = str(ctx.params.get("name") or next(iter(ctx.args), ""))

    async def ask(client: PersonClient, target: Target) -> list[JsonObject]:
        key = ObjectKey(CONSORTIUM_CHAIN, target.namespace, name)
        found = await client.get(key)
        return [] if found is None else [found]

    nothing = {"metadata": {"namespace": "", "name": ""}, "spec": {"members": []}}
    return next(iter(_answer(ctx, ask)), nothing)


def _answer(
    ctx: typer.Context, question: Callable[[PersonClient, Target], Awaitable[list[JsonObject]]]
) -> list[JsonObject]:
    async def asked() -> list[JsonObject]:
        context, namespace = (str(ctx.params.get(one) or "") for one in ("context", "namespace"))
        target = find_target(os.environ, context, namespace)
        async with (
            asyncio.timeout(_PATIENCE),
            PersonClient.connect(target.kubeconfig, _TIMEOUTS, context=target.context) as client,
        ):
            return await question(client, target)

    # Whatever it is: a message would land in the middle of what somebody types.
    with contextlib.suppress(Exception):
        return asyncio.run(asked())
    return []


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
