"""What every command that reads a cluster shares: its options, its connection, and what a refusal
or a silence means to the person who typed it. All of it is done with the caller's own rights."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn, TypeVar

import typer

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource
from consortium_operator.chain.plan import Plan, Settings, make_plan
from consortium_operator.cli import completion
from consortium_operator.cli.named_nodes import NamedNode, NoSuchNode, find_node
from consortium_operator.cli.printing import INVALID, NO_ANSWER, USAGE, fail, note
from consortium_operator.kube.caller import NoTarget, Target, find_target
from consortium_operator.kube.errors import ApiError, Conflict, Forbidden, NotFound, Unavailable
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, JsonObject, Kind, ObjectKey
from consortium_operator.kube.person import PersonClient
from consortium_operator.kube.transport import Surroundings, Timeouts

# Somebody waits for the answer; reads are repeated a few times on top of this.
# Nobody ends a log that is followed because it is silent, before the kubelet does after 4 h.
_TIMEOUTS = Timeouts(connect=5, request=15, idle=4 * 3600)

_PATIENCE = 4.0
"""Seconds without any answer, after which somebody who waits is told that they do."""

UNAUTHORIZED = 401

Found = TypeVar("Found")

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def valid_name(ctx: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Ends the command for what can name nothing: it would become part of a path, and the path of
    "" is that of all chains. Where a name may be left out, "" is how that is told."""
    is_left_out = not value and not param.required
    if ctx.resilient_parsing or is_left_out or _NAME.fullmatch(value):
        return value
    where = "NAME" if param.param_type_name == "argument" else param.opts[0]
    fail(
        USAGE,
        f"{where} is {value!r}, and names are lower-case letters, digits, '-' and '.'"
        + ("" if value else "; is a variable of the shell empty?"),
    )


ChainArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The chain. `kubectl get cchain --all-namespaces` shows all.",
        autocompletion=completion.chains,
        callback=valid_name,
    ),
]
OperatorNamespaceOption = Annotated[
    str,
    typer.Option(
        "--operator-namespace",
        metavar="NAME",
        help="Where the operator is installed.",
        callback=valid_name,
    ),
]
OptionalChainArgument = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]",
        help="The chain. Default: all of the namespace.",
        autocompletion=completion.chains,
        callback=valid_name,
    ),
]
ContextOption = Annotated[
    str, typer.Option("--context", help="The context of the kubeconfig; default: its current one.")
]
NamespaceOption = Annotated[
    str,
    typer.Option(
        "--namespace", "-n", help="The namespace; default: the context's.", callback=valid_name
    ),
]


def target_of(context: str, namespace: str) -> Target:
    """Ends the command where the kubeconfig does not say which cluster is meant."""
    try:
        return find_target(os.environ, context, namespace)
    except NoTarget as error:
        fail(USAGE, str(error))


def ask(target: Target, question: Callable[[PersonClient], Awaitable[Found]]) -> Found:
    """The answer of the cluster. Ends the command where there is none."""

    async def asked() -> Found:
        silence = asyncio.get_running_loop().call_later(_PATIENCE, _tell_of_silence, target)

        def heard(verb: str, kind: Kind, status: int, seconds: float) -> None:
            if status:
                silence.cancel()

        async with PersonClient.connect(
            target.kubeconfig, _TIMEOUTS, Surroundings(heard), target.context
        ) as client:
            return await question(client)

    try:
        return asyncio.run(asked())
    except NoTarget as error:
        fail(USAGE, str(error))
    except ApiError as error:
        fail(_code(error), f"{error}{_next_step(error, target)}")


def _tell_of_silence(target: Target) -> None:
    note(
        f"the cluster of the context {target.context} has not answered yet; it is waited for, a "
        "minute at most"
    )


def find_chain(target: Target, name: str) -> JsonObject | None:
    """The chain as it is now."""
    key = ObjectKey(CONSORTIUM_CHAIN, target.namespace, name)
    return ask(target, lambda client: client.get(key))


def get_chain(target: Target, name: str) -> JsonObject:
    """The chain as it is now. Ends the command where there is none of that name."""
    found = find_chain(target, name)
    if found is None:
        no_such_chain(target, name)
    return found


def no_such_chain(target: Target, name: str) -> NoReturn:
    fail(
        INVALID,
        f"there is no chain {name} in the namespace {target.namespace}; "
        "see `kubectl get consortiumchains --all-namespaces`",
    )


def status_command(namespace: str, name: str) -> str:
    """Where to look what the operator waits for, as it may be pasted."""
    return f"`kubectl consortium status {name} --namespace {namespace}`"


def parsed(chain: JsonObject) -> ConsortiumChain:
    """A chain read by its model. Ends the command where it is invalid."""
    try:
        return parse(chain)
    except InvalidResource as error:
        fail(INVALID, *map(str, error.problems))


def planned(chain: ConsortiumChain, settings: Settings) -> Plan:
    """Ends the command where no plan can be made of it."""
    try:
        return make_plan(chain, settings)
    except InvalidResource as error:
        fail(INVALID, *map(str, error.problems))


def named_node(chain: JsonObject, path: str) -> NamedNode:
    """The node that a person named. Ends the command where the chain has none such."""
    try:
        return find_node(chain, path)
    except NoSuchNode as error:
        fail(INVALID, str(error))


def _code(error: ApiError) -> int:
    return NO_ANSWER if isinstance(error, Unavailable) and error.status != 404 else INVALID


def _next_step(error: ApiError, target: Target) -> str:
    if error.status == UNAUTHORIZED:
        return (
            f"; the credentials of the context {target.context} have ended or were never accepted: "
            f"log in again, until `kubectl --context {target.context} auth whoami` says who you are"
        )
    if isinstance(error, Forbidden):
        return f"; see `kubectl auth can-i --list --namespace {target.namespace}`"
    if isinstance(error, NotFound) or error.status == 404:
        return "; is the CRD there? see `kubectl get crd consortiumchains.consortium.dev`"
    if isinstance(error, Conflict):
        return "; somebody else has changed it meanwhile: look again, and repeat it"
    if isinstance(error, Unavailable):
        return f"; does `kubectl --context {target.context} version` get an answer?"
    return ""
