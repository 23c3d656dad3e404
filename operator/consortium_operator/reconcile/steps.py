"""The steps of a round that may write, and of one that may not.

Their order: keys, read back; the genesis, once; certificates; Services; pods; transactions. So
nothing is founded on a key that could not be read again, and no pod starts without what it opens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.roster import as_running
from consortium_operator.chain.view import ChainView, Look
from consortium_operator.kube.kinds import key_of
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.identity import ClientKind
from consortium_operator.reconcile.acceptance import accepted_pause
from consortium_operator.reconcile.apply import bring_about, bring_one
from consortium_operator.reconcile.approvals import approved, note_approval
from consortium_operator.reconcile.asked_restarts import restart_asked
from consortium_operator.reconcile.certificates import (
    HeldCertificates,
    certificates_in_use,
    node_certificates,
    serving_certificates,
)
from consortium_operator.reconcile.chain_view import read_chain
from consortium_operator.reconcile.clients import ensure_clients, read_operator_clients
from consortium_operator.reconcile.contents import read_contents
from consortium_operator.reconcile.demotions import change_votes
from consortium_operator.reconcile.departures import (
    of_founded,
    see_off,
    tell_removed_organisations,
)
from consortium_operator.reconcile.desired import (
    NodeObjects,
    NodeVolume,
    desired_budgets,
    desired_journal,
    desired_nodes,
    desired_shared,
)
from consortium_operator.reconcile.expiry import (
    awaiting_restart,
    tell_awaited_restarts,
    tell_neglected,
)
from consortium_operator.reconcile.handover import hand_over, is_handed_over
from consortium_operator.reconcile.hang_restarts import restart_hung
from consortium_operator.reconcile.hangs import Hang, hung_before_the_first_block, notice_hangs
from consortium_operator.reconcile.held_back import tell_held_back
from consortium_operator.reconcile.identities import ensure_identities, look_up_identities
from consortium_operator.reconcile.journal import (
    Seen,
    look_up_journal,
    read_journal,
    unclear_nodes,
    updated,
)
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.leavers import renew_leavers
from consortium_operator.reconcile.mass_expiry import find_mass_expiry, tell_mass_expiry
from consortium_operator.reconcile.membership import bring_membership, tell_membership
from consortium_operator.reconcile.on_chain import bring_about_settings
from consortium_operator.reconcile.probes import found_if_due, is_in_doubt, settle_doubt
from consortium_operator.reconcile.prune import BUDGETS, FILES, POLICIES, prune
from consortium_operator.reconcile.quiet import Grounds, grounds_of, look_at
from consortium_operator.reconcile.rebuilds import note_rebuilds, rebuilt_now
from consortium_operator.reconcile.relabelled import look_for_hidden_pods
from consortium_operator.reconcile.rollout import find_turns, take_turn
from consortium_operator.reconcile.rotation import note_retiring
from consortium_operator.reconcile.seal import (
    look_up_seal,
    make_seal,
    read_seal,
)
from consortium_operator.reconcile.second_starts import second_starts, superseded
from consortium_operator.reconcile.stops import sleep_and_wake, stop_nodes
from consortium_operator.reconcile.storage import grow_volumes, refuse_changed_storage
from consortium_operator.reconcile.upgrades import image_is_another, version_is_refused
from consortium_operator.reconcile.volumes import (
    check_ledgers,
    ledgers_of,
    newest_generations,
    node_volumes,
    tell_unclear,
)
from consortium_operator.reconcile.withdrawals import withdraw_outdated
from consortium_operator.reconcile.world import Custody, Founded, Round


@dataclass(slots=True)
class Progress:
    """How far a round came: what the status can tell. `grounds`: what else than the nodes' words a
    round went by that came to look at them."""

    plan: Plan
    custody: Custody = field(default_factory=Custody)
    seal: Seal | None = None
    certificates: Mapping[str, HeldCertificates] = field(default_factory=dict)
    in_use: Mapping[str, HeldCertificates] = field(default_factory=dict)
    clients: Mapping[tuple[str, ClientKind], HeldCertificates] = field(default_factory=dict)
    view: Look | None = None
    lost: frozenset[str] = frozenset()
    hangs: tuple[Hang, ...] = ()
    handed_over: bool = False
    grounds: Grounds | None = None


async def act(run: Round, progress: Progress) -> None:
    """Brings the chain towards its spec. Raises Blocked where a step cannot go on."""
    await read_contents(run)
    founded = await establish(run, progress)
    await look_for_hidden_pods(founded.round)
    grounds = progress.grounds = grounds_of(founded)
    view = progress.view = await look_at(founded, grounds)
    if isinstance(view, ChainView):
        await _act_by(founded, progress, view)
        return
    progress.certificates, progress.in_use = grounds.serving, grounds.in_use
    progress.handed_over = run.memory.calm is not None and run.memory.calm.handed_over


async def _act_by(founded: Founded, progress: Progress, view: ChainView) -> None:
    """Whatever is done is done by a view of the whole chain."""
    run = founded.round
    progress.hangs = notice_hangs(run, view, read_journal(run))
    progress.certificates = await node_certificates(founded)
    progress.in_use = certificates_in_use(run, founded.custody)
    tell_awaited_restarts(run, progress.certificates, progress.in_use)
    await _bring_about(founded, progress, view)
    if not progress.lost and await found_if_due(run, founded.custody, view):
        view = progress.view = await read_chain(founded)
    progress.handed_over = await hand_over(founded, view)
    await bring_about_settings(founded, view)
    await withdraw_outdated(founded, view)


async def establish(run: Round, progress: Progress) -> Founded:
    """What a chain has before any of its nodes runs: keys, genesis and clients, read back or made.
    Raises Blocked."""
    progress.seal = await read_seal(run)
    if progress.seal is not None:
        run = of_founded(run, progress.seal, read_journal(run))
        progress.plan = run.plan
        refuse_changed_storage(run)
    progress.custody = await ensure_identities(run, progress.seal)
    check_ledgers(run, progress.custody)
    if progress.seal is None:
        progress.seal = await make_seal(run, progress.custody)
    founded = Founded(run, progress.custody, progress.seal)
    note_retiring(run, progress.custody)
    progress.clients = await ensure_clients(founded)
    return founded


async def look(run: Round, progress: Progress) -> None:
    """Writes nothing: tells how the founded chain is."""
    await read_contents(run)
    progress.seal = look_up_seal(run)
    if progress.seal is None:
        return
    journal = look_up_journal(run)
    asked = run
    run = replace(run, plan=as_running(run.plan, journal, progress.seal.founders))
    progress.plan, progress.custody = run.plan, look_up_identities(run)
    note_retiring(run, progress.custody)
    progress.certificates = serving_certificates(run, progress.custody)
    progress.in_use = certificates_in_use(run, progress.custody)
    tell_neglected(run, progress.certificates)
    await look_for_hidden_pods(run)
    await read_operator_clients(run)
    view = progress.view = await read_chain(Founded(run, progress.custody, progress.seal))
    progress.hangs = notice_hangs(run, view, journal)
    tell_membership(run, Knowledge(progress.custody, view, frozenset(), journal))
    if run.plan.spec.paused:
        of_spec = of_founded(asked, progress.seal, journal)
        wanted = Founded(of_spec, progress.custody, progress.seal)
        tell_held_back(wanted, view, journal, progress.certificates)
        progress.handed_over = await is_handed_over(wanted, view)


async def _bring_about(founded: Founded, progress: Progress, view: ChainView) -> None:
    run, custody = founded.round, founded.custody
    stands, generations = read_journal(run), newest_generations(run)
    seen = Seen(custody, view, generations)
    again = _starting_over(run, stands, seen, progress.hangs)
    progress.lost = again | superseded(run, generations, view, progress.hangs)
    known = Knowledge(custody, view, progress.lost, updated(run, stands, seen))
    journal = await note_rebuilds(run, known)
    volumes = _volumes(run, replace(known, journal=journal), stands, again)
    nodes: tuple[NodeObjects, ...] = ()
    if not await version_is_refused(founded, view, journal):
        nodes = desired_nodes(founded, progress.certificates, volumes, journal)
    certified = [one for one in nodes if await bring_about(run, _files(one))]
    shared = desired_shared(founded, journal)
    services_stand = await bring_about(run, shared)
    # After the Services, whose addresses it remembers.
    journal = updated(run, journal, seen)
    known = await _remember(founded, replace(known, journal=journal))
    known = replace(_with_expiry(run, known, progress), in_doubt=is_in_doubt(run, view))
    has_voted = await change_votes(founded, known, stands)
    if has_voted:
        known = await _anew(founded, progress, known)
    await _protect(founded, known)
    await grow_volumes(run)
    complete = await _with_volumes(run, certified, unclear_nodes(run, stands, seen))
    ready = [one for one in complete if volumes[one.node.names.node].is_settled]
    if services_stand:
        movable = [one for one in complete if one in ready or one.node.is_stopped]
        known = await _change_pods(founded, movable, known, progress)
    is_rolling = bool(run.findings.of(ConditionType.UP_TO_DATE))
    if is_rolling and known.in_doubt:
        await settle_doubt(run, custody, view)
    rolled_out = services_stand and len(ready) == len(run.plan.staying) and not is_rolling
    wanted = [*shared, *(part for one in nodes for part in _files(one))]
    await prune(run, wanted, POLICIES | FILES if rolled_out else POLICIES)
    if rolled_out:
        await tell_removed_organisations(founded, known.journal)
    await see_off(founded, known.journal)
    if not has_voted:  # one transaction a round
        await bring_membership(founded, known)


async def _anew(founded: Founded, progress: Progress, known: Knowledge) -> Knowledge:
    """After a vote, since the quorum may be another one."""
    view = progress.view = await read_chain(founded)
    return replace(known, view=view)


def _with_expiry(run: Round, known: Knowledge, progress: Progress) -> Knowledge:
    expired = find_mass_expiry(run, known, progress.certificates, progress.in_use)
    if expired is not None:
        tell_mass_expiry(run, expired)
    renewed = awaiting_restart(run, progress.certificates, progress.in_use)
    names = frozenset(node.names.node for node in renewed)
    return replace(known, mass_expiry=expired, renewed=names)


def _volumes(
    run: Round, known: Knowledge, stands: Journal, again: frozenset[str]
) -> Mapping[str, NodeVolume]:
    rebuilt = rebuilt_now(run, known, stands)
    return node_volumes(run, ledgers_of(run, known.journal), again, rebuilt)


def _starting_over(
    run: Round, journal: Journal, seen: Seen, hangs: Sequence[Hang]
) -> frozenset[str]:
    """Full object names of the nodes that get a new volume: they have no block, and would be lost
    to the others on the old one."""
    again = second_starts(run, journal, seen.generations, seen.view)
    known = Knowledge(seen.custody, seen.view, again, journal)
    if known.has_blocks:
        return again
    return again | hung_before_the_first_block(hangs, seen.view, seen.generations)


async def _remember(founded: Founded, known: Knowledge) -> Knowledge:
    """Writes the journal. An acceptance is in force only once it stands there."""
    accepted = accepted_pause(founded.round, known)
    journal = accepted.noted(known.journal) if accepted is not None else known.journal
    stands = await bring_one(founded.round, desired_journal(founded.round, journal))
    if accepted is None or not stands:
        return known
    return replace(known, journal=journal, accepted=accepted.node)


async def _protect(founded: Founded, known: Knowledge) -> None:
    """The budgets, by what is live now. While nobody answers, or the nodes contradict each other,
    the old ones stay: it may be the operator that is cut off, or a node that lies. A chain that
    hibernates has nothing to protect."""
    if founded.round.plan.spec.hibernated:
        await prune(founded.round, (), BUDGETS)
    elif known.was_read and not known.disagrees:
        budgets = desired_budgets(founded, known)
        await bring_about(founded.round, budgets)
        await prune(founded.round, budgets, BUDGETS)


async def _change_pods(
    founded: Founded, ready: Sequence[NodeObjects], known: Knowledge, progress: Progress
) -> Knowledge:
    """One node comes a step further. One that hangs needs a turn of its own only if it is up to
    date, or leaves."""
    run = founded.round
    if await renew_leavers(founded, progress.certificates, known):
        return known
    await sleep_and_wake(run, known)
    if await stop_nodes(run, [one for one in ready if one.node.is_stopped], known):
        return known
    running = [one for one in ready if not one.node.is_stopped]
    turns = await find_turns(run, running, known.journal)
    known = replace(known, journal=await note_approval(founded, turns, known))
    changing = {turn.node.path for turn in turns}
    stopped = {node.path for node in run.plan.stopped}
    settled = [one.node for one in ready if one.node.path not in changing | stopped]
    kept = (*settled, *run.plan.leaving)
    hung = [one for one in progress.hangs if one.node in kept]
    known = replace(known, journal=await restart_hung(founded, hung, known))
    if not image_is_another(run, known.view, settled):
        await take_turn(run, approved(run, turns, known), known)
    if not turns:
        await restart_asked(founded, settled, known)
    return known


def _files(objects: NodeObjects) -> list[Manifest]:
    """The ConfigMaps that the pod names."""
    return [objects.certificate, objects.config]


async def _with_volumes(
    run: Round, certified: Iterable[NodeObjects], unclear: frozenset[str]
) -> list[NodeObjects]:
    """Those whose volume is there. `unclear`: nodes that get none before the chain can be read."""
    tell_unclear(run, unclear)
    clear = [one for one in certified if one.node.names.node not in unclear]
    return [one for one in clear if await _volume_is_there(run, one)]


async def _volume_is_there(run: Round, objects: NodeObjects) -> bool:
    """Makes it where it may be made."""
    if objects.claim is None:
        return True
    key = key_of(objects.claim)
    was_there = run.world.store.get(key) is not None
    is_there = await bring_one(run, objects.claim)
    if is_there and not was_there:
        run.tell("VolumeMade", f"made volume {key.name} for node {objects.node.path}")
    return is_there
