"""`consortium diff`: a chain's spec against the cluster, and against the chain."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.chain.installation import OPERATOR_NAMESPACE
from consortium_operator.chain.plan import Plan, Settings
from consortium_operator.cli import validate as validation
from consortium_operator.cli.cluster import (
    ChainArgument,
    ContextOption,
    NamespaceOption,
    OperatorNamespaceOption,
    ask,
    find_chain,
    get_chain,
    parsed,
    planned,
    target_of,
)
from consortium_operator.cli.diff.chain import compare_chain, unfounded
from consortium_operator.cli.diff.fields import FieldDifference, both_ways
from consortium_operator.cli.diff.objects import compare
from consortium_operator.cli.diff.reading import Live, read
from consortium_operator.cli.diff.view import Differences, lines
from consortium_operator.cli.printing import (
    INVALID,
    USAGE,
    Format,
    OutputOption,
    fail,
    show,
    working,
)
from consortium_operator.cli.seeing import Hidden
from consortium_operator.engines.registry import ENGINES
from consortium_operator.kube.caller import Target
from consortium_operator.kube.kinds import STATEFUL_SET, JsonObject, kind_of
from consortium_operator.offline.expectation import expect
from consortium_operator.offline.rendering import Surroundings
from consortium_operator.reconcile.outside import random_serial, utc_now

app = typer.Typer(add_completion=False, rich_markup_mode=None)

DIFFERS = 1

_NEVER = (
    "Secrets: they are not read",
    "disruption budgets, which go by who is live this moment, the journal, clients' certificates",
)
_NOT_THERE = (
    "the cluster and the chain: the resource is not there. Applied, the file founds the chain, or "
    "goes on with it where only its resource was deleted; `consortium render` shows the objects"
)


@app.command()
def diff(
    name: ChainArgument,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="The spec in a file, in place of the cluster's."
        ),
    ] = None,
    operator_namespace: OperatorNamespaceOption = OPERATOR_NAMESPACE,
    namespace: NamespaceOption = "",
    context: ContextOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what the operator would change in the cluster, and where the chain is not as wanted.

    From public objects alone, with the rights to get the resource and list them. Exits as diff
    does: with 0 where nothing differs, 1 where something does, such as a chain in the file that is
    not there yet, and 2 where it could not be found out (no such chain and no file, no right, an
    invalid file); 3 is a cluster that does not answer.
    """
    with _trouble_is_no_difference():
        source = validation.one_file(file or ())
        from_file = validation.one_chain(source) if source else None
        target = target_of(context, namespace)
        found = _found(target, name, from_file, operator_namespace)
    show(output, found, lines(found))
    if not found.are_none:
        raise typer.Exit(DIFFERS)


def _found(
    target: Target, name: str, from_file: ConsortiumChain | None, operator_namespace: str
) -> Differences:
    if from_file is None:
        chain = get_chain(target, name)
        wanted = parsed(chain)
    else:
        _require_same(from_file, target, name)
        there = find_chain(target, name)
        if there is None:
            return _all_of_it(from_file, target)
        chain, wanted = there, _as_an_edit(from_file, there)
    with working("reading the chain's objects"):
        live = ask(target, lambda client: read(client, target.namespace, name, operator_namespace))
    plan, unknown = _plan(wanted, live, operator_namespace)
    has_file = from_file is not None
    return _compare(_Sides(chain, wanted, live, plan), unknown, has_file=has_file)


@dataclass(frozen=True, slots=True)
class _Sides:
    """`chain`: the resource in the cluster; `wanted`: what it is compared with."""

    chain: JsonObject
    wanted: ConsortiumChain
    live: Live
    plan: Plan


@contextmanager
def _trouble_is_no_difference() -> Iterator[None]:
    """So that a script can tell the two."""
    try:
        yield
    except typer.Exit as end:
        raise typer.Exit(USAGE if end.exit_code == INVALID else end.exit_code) from end


def _require_same(found: ConsortiumChain, target: Target, name: str) -> None:
    """Ends the command where the file is of another chain than the one that was named. A file that
    names no namespace is of whichever it is applied to."""
    here = found.metadata
    names_one = "namespace" in here.model_fields_set
    namespace = here.namespace if names_one else target.namespace
    if (namespace, here.name) != (target.namespace, name):
        fail(
            INVALID,
            f"the file is of {namespace}/{here.name}, not of {target.namespace}/{name}: name that "
            "chain, with its --namespace",
        )


def _as_an_edit(found: ConsortiumChain, chain: JsonObject) -> ConsortiumChain:
    """What the file asks for, of this very resource."""
    return found.model_copy(update={"metadata": parsed(chain).metadata})


def _all_of_it(found: ConsortiumChain, target: Target) -> Differences:
    """Of a resource that is not there: as `kubectl diff`, all that the file would make."""
    spec = tuple(both_ways(_dumped(found), {}, "spec"))
    return Differences(target.namespace, found.metadata.name, spec, (), (), (), (_NOT_THERE,))


def _plan(wanted: ConsortiumChain, live: Live, namespace: str) -> tuple[Plan, tuple[str, ...]]:
    """With the image that runs, where the catalogue may not be seen."""
    catalogue = live.catalogue
    unknown: tuple[str, ...] = ()
    if isinstance(catalogue, Hidden):
        unknown = (f"the image of version {wanted.spec.version}: {catalogue.why}",)
        catalogue = {wanted.spec.version: _running_image(live)}
    return planned(wanted, Settings(namespace, catalogue)), unknown


def _running_image(live: Live) -> str:
    sets = (one for one in live.objects if kind_of(one) == STATEFUL_SET)
    images = [one["spec"]["template"]["spec"]["containers"][0]["image"] for one in sets]
    return images[0] if images else "unknown"


def _compare(sides: _Sides, unknown: tuple[str, ...], *, has_file: bool) -> Differences:
    metadata = sides.chain["metadata"]
    objects, plan = sides.live.objects, sides.plan
    around = Surroundings(ENGINES, utc_now, random_serial)
    expected = expect(plan, metadata.get("annotations") or {}, objects, around)
    spec = tuple(_spec(sides)) if has_file else ()
    found = Differences(plan.key.namespace, plan.key.name, spec, (), (), (), (*_NEVER, *unknown))
    if expected is None:
        return replace(
            found,
            not_compared=("the chain: it is not founded, so all of it is still to be made",),
            chain=unfounded(sides.chain),
        )
    still = [f"{path}: its key or certificate is still to be made" for path in expected.unmade]
    silent = sides.live.metrics
    told = [f"the chain's own word on members and versions: {silent}"] * isinstance(silent, str)
    ageing = [f"{path}: its certificate is due to be renewed" for path in expected.ageing]
    return replace(
        found,
        refused=expected.problems,
        cluster=() if expected.problems else compare(expected, objects),
        chain=compare_chain(expected, sides.chain, objects, sides.live.metrics),
        not_compared=(*found.not_compared, *told, *still, *ageing),
    )


def _spec(sides: _Sides) -> Iterator[FieldDifference]:
    before = parsed(sides.chain)
    return both_ways(_dumped(sides.wanted), _dumped(before), "spec")


def _dumped(chain: ConsortiumChain) -> Mapping[str, Any]:
    return chain.spec.model_dump(by_alias=True, mode="json", exclude_none=True)
