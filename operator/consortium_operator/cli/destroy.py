"""`consortium destroy`: the end of a chain with its keys, genesis and ledgers, which the operator
itself never touches. A person's deed, by that person's rights."""

import asyncio
from typing import Annotated

import typer

from consortium_operator.cli.cluster import (
    ChainArgument,
    ContextOption,
    NamespaceOption,
    ask,
    target_of,
)
from consortium_operator.cli.destruction import (
    RETAINED_KINDS,
    Doomed,
    doomed,
    lines,
    needed_rights,
    selector,
    uid_to_type,
)
from consortium_operator.cli.printing import (
    INVALID,
    Format,
    OutputOption,
    answered,
    fail,
    note,
    show,
    shown,
    working,
)
from consortium_operator.kube.caller import Target
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, POD, JsonObject, Kind, ObjectKey
from consortium_operator.kube.person import PersonClient

app = typer.Typer(add_completion=False, rich_markup_mode=None)

# Longer than a pod's grace, and than the garbage collector takes to begin with it.
_PAUSES = (2.0,) * 90


@app.command()
def destroy(
    name: ChainArgument,
    uid: Annotated[
        str, typer.Option(metavar="UID", help="The chain's uid, instead of typing it.")
    ] = "",
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Destroy a chain with its keys, genesis and ledgers. There is no way back.

    What dies is named first, and nothing dies before the chain's uid is typed. Exits with 0 where
    all of it is gone, 1 where it is not (also: another uid, deletionProtection, no right to one of
    these kinds), 2 where the command line or the kubeconfig is wrong, and 3 where the cluster does
    not answer.
    """
    target = target_of(context, namespace)
    key = ObjectKey(CONSORTIUM_CHAIN, target.namespace, name)
    resource = ask(target, lambda client: client.get(key))
    _refuse_protected(resource, key)
    left = ask(target, lambda client: _left(client, key))
    wanted = uid_to_type(resource, left)
    if wanted is None:
        fail(
            INVALID,
            f"there is nothing of a chain {name} in the namespace {target.namespace}; "
            "see `kubectl get consortiumchains --all-namespaces`",
        )
    ask(target, lambda client: _refuse_half(client, target))
    _ask_back(key, resource, left, wanted, uid)
    destroyed = _carry_out(target, key, resource)
    gone = [{"kind": one.key.kind.kind, "name": one.key.name} for one in destroyed]
    show(
        output,
        {"namespace": target.namespace, "name": name, "destroyed": gone},
        [f"{target.namespace}/{name} is destroyed: {len(destroyed)} objects"],
    )


def _refuse_protected(resource: JsonObject | None, key: ObjectKey) -> None:
    if resource is not None and resource["spec"].get("deletionProtection"):
        fail(
            INVALID,
            f"{key} is protected: set spec.deletionProtection to false first, with `kubectl patch "
            f"consortiumchain {key.name} --namespace {key.namespace} --type merge --patch "
            """'{"spec":{"deletionProtection":false}}'`""",
        )


async def _refuse_half(client: PersonClient, target: Target) -> None:
    """Ends the command of a caller whose rights would end in the middle, with keys gone and ledgers
    there."""
    needed = needed_rights(target.namespace)
    held = await asyncio.gather(*map(client.may, needed))
    lacks = [str(one) for one, is_held in zip(needed, held, strict=True) if not is_held]
    if lacks:
        fail(
            INVALID,
            f"you may not {', '.join(lacks)} in {target.namespace}: nothing was destroyed; see "
            f"`kubectl auth can-i --list --namespace {target.namespace}`",
        )


def _ask_back(
    key: ObjectKey, resource: JsonObject | None, left: list[Doomed], wanted: str, uid: str
) -> None:
    """Ends the command unless the uid is the one of this chain."""
    typer.echo(shown(f"{key.namespace}/{key.name}, uid {wanted}. This dies:"), err=True)
    for line in lines(resource, left):
        typer.echo(line, err=True)
    with answered(INVALID, "no answer: nothing was destroyed; --uid answers without a question"):
        typed = uid or str(typer.prompt("Type the uid to destroy it for ever", err=True))
    if typed.strip() != wanted:
        fail(INVALID, "that is not the uid: nothing was destroyed")


def _carry_out(target: Target, key: ObjectKey, resource: JsonObject | None) -> list[Doomed]:
    """What was destroyed. Ends the command where something is still there."""
    if resource is not None:
        uid = str(resource["metadata"]["uid"])
        ask(target, lambda client: client.delete(key, uid))
    with working("waiting until no pod runs"):
        pods = ask(target, lambda client: _await_end(client, key))
    if pods:
        fail(
            INVALID,
            f"pods still run ({len(pods)}), so that keys and volumes were left alone: see `kubectl "
            f"get pods,statefulsets --namespace {key.namespace} --selector {selector(key.name)}`, "
            "then run this again",
        )
    if ask(target, lambda client: client.get(key)) is not None:
        fail(INVALID, f"{key} is there (again): keys and volumes were left alone")
    # Anew, since a round of the operator may have made something while the pods ended.
    destroyed = ask(target, lambda client: _destroy(client, key))
    still = ask(target, lambda client: _left(client, key))
    if still:
        fail(INVALID, *(f"{one.key} is still there: run this again" for one in still))
    return destroyed


async def _await_end(client: KubeClient, key: ObjectKey) -> list[JsonObject]:
    """The chain's pods that outlast all patience."""
    pods = await _listed(client, POD, key)
    if pods:
        note(f"waiting for the pods to end: {len(pods)}")
    for pause in _PAUSES:
        if not pods:
            break
        await asyncio.sleep(pause)
        pods = await _listed(client, POD, key)
    return pods


async def _destroy(client: KubeClient, key: ObjectKey) -> list[Doomed]:
    found = await _left(client, key)
    for one in found:
        await client.delete(one.key, one.uid)
    return found


async def _left(client: KubeClient, key: ObjectKey) -> list[Doomed]:
    return doomed(
        key.name, [one for kind in RETAINED_KINDS for one in await _listed(client, kind, key)]
    )


async def _listed(client: KubeClient, kind: Kind, key: ObjectKey) -> list[JsonObject]:
    pages = client.list_pages(kind, key.namespace, selector(key.name))
    return [one async for page, _ in pages for one in page]
