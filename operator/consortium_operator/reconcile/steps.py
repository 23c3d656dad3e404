"""The steps of a round that may write, in the order of design rule 3, and of one that may not."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan, as_founded
from consortium_operator.chain.view import ChainView
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.apply import bring_about, bring_one
from consortium_operator.reconcile.certificates import (
    Standing,
    node_certificates,
    serving_certificates,
)
from consortium_operator.reconcile.chain_view import read_chain
from consortium_operator.reconcile.clients import ensure_clients, read_operator_clients
from consortium_operator.reconcile.desired import (
    NodeObjects,
    desired_journal,
    desired_nodes,
    desired_shared,
)
from consortium_operator.reconcile.founding import found_if_due
from consortium_operator.reconcile.identities import ensure_identities, look_up_identities
from consortium_operator.reconcile.journal import Seen, read_journal, updated
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.prune import Scope, prune
from consortium_operator.reconcile.rollout import roll
from consortium_operator.reconcile.seal import (
    look_up_seal,
    make_seal,
    read_seal,
    refuse_new_members,
)
from consortium_operator.reconcile.second_starts import second_starts, superseded
from consortium_operator.reconcile.volumes import (
    check_ledgers,
    newest_generations,
    node_volumes,
    refuse_changed_storage,
)
from consortium_operator.reconcile.world import Custody, Founded, Round


@dataclass(slots=True)
class Progress:
    """How far a round came: what the status can tell."""

    plan: Plan
    custody: Custody = field(default_factory=Custody)
    seal: Seal | None = None
    certificates: Mapping[str, Standing] = field(default_factory=dict)
    view: ChainView | None = None
    lost: frozenset[str] = frozenset()


async def act(run: Round, progress: Progress) -> None:
    """Brings the chain towards its spec. Raises Blocked where a step cannot go on."""
    founded = await establish(run, progress)
    progress.view = await read_chain(run, founded.custody, founded.seal)
    progress.certificates = await node_certificates(founded)
    await _bring_about(founded, progress)
    if not progress.lost and await found_if_due(run, founded.custody, progress.view):
        progress.view = await read_chain(run, founded.custody, founded.seal)


async def establish(run: Round, progress: Progress) -> Founded:
    """What a chain has before any of its nodes runs: keys, genesis and clients, read back or made.
    Raises Blocked."""
    progress.seal = await read_seal(run)
    if progress.seal is not None:
        refuse_new_members(run, progress.seal)
        refuse_changed_storage(run)
    progress.custody = await ensure_identities(run, progress.seal)
    check_ledgers(run, progress.custody)
    if progress.seal is None:
        progress.seal = await make_seal(run, progress.custody)
    founded = Founded(run, progress.custody, progress.seal)
    await ensure_clients(founded)
    return founded


async def look(run: Round, progress: Progress) -> None:
    """Writes nothing: tells how the founded chain is."""
    progress.seal = look_up_seal(run)
    if progress.seal is None:
        return
    run = replace(run, plan=as_founded(run.plan, progress.seal.founders))
    progress.plan, progress.custody = run.plan, look_up_identities(run)
    progress.certificates = serving_certificates(run, progress.custody)
    await read_operator_clients(run)
    progress.view = await read_chain(run, progress.custody, progress.seal)


async def _bring_about(founded: Founded, progress: Progress) -> None:
    run, custody, view = founded.round, founded.custody, progress.view
    journal, generations = read_journal(run), newest_generations(run)
    again = second_starts(run, journal, generations, view)
    progress.lost = again | superseded(run, generations, view)
    known = Knowledge(custody, view, progress.lost)
    seen = Seen(custody, view, generations)
    volumes = node_volumes(run, updated(run, journal, seen), generations, again)
    nodes = desired_nodes(founded, progress.certificates, volumes)
    certified = [one for one in nodes if await bring_about(run, _files(one))]
    shared = desired_shared(founded, journal, known)
    services_stand = await bring_about(run, shared)
    # After the Services, whose addresses it remembers.
    await bring_one(run, desired_journal(founded, updated(run, journal, seen)))
    complete = [one for one in certified if await bring_about(run, _claim(one))]
    if services_stand:
        await roll(run, [n for n in complete if not volumes[n.node.names.node].is_lost], known)
    is_rolling = bool(run.findings.of(ConditionType.UP_TO_DATE))
    rolled_out = len(complete) == len(run.plan.nodes) and not is_rolling
    wanted = [*shared, *(part for one in nodes for part in _files(one))]
    await prune(run, wanted, Scope(rolled_out, known.was_read))


def _files(objects: NodeObjects) -> list[Manifest]:
    """The ConfigMaps that the pod names."""
    return [objects.certificate, objects.config]


def _claim(objects: NodeObjects) -> list[Manifest]:
    return [objects.claim] if objects.claim is not None else []
