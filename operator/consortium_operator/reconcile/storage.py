"""The size and the class of volumes that exist: a claim's request may grow, nothing else changes.

Whether a class can grow is the API server's to say: it refuses the patch (admission plugin
PersistentVolumeClaimResize), and the operator needs no right to read classes.
"""

from dataclasses import dataclass
from datetime import timedelta

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.quantity import parse_quantity
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM, ObjectKey
from consortium_operator.kube.projection import ClaimDetail, Observed
from consortium_operator.reconcile.apply import refusal
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.journal import read_journal
from consortium_operator.reconcile.presence import check_resource
from consortium_operator.reconcile.volumes import Ledger, how_to_move, is_to_move, ledgers_of
from consortium_operator.reconcile.world import RefusedGrowth, Round

_CANNOT_GROW = "can be resized"
"""In the words of the admission plugin: "only dynamically provisioned pvc can be resized and the
storageclass that provisions the pvc must support resize" (1.37)."""
_ASK_AGAIN_AFTER = timedelta(minutes=5)
"""Somebody may have changed the class. Until then its refusal costs no call."""


def refuse_changed_storage(run: Round) -> None:
    """Raises Blocked where the spec asks for a smaller size or another class than a volume has."""
    problems = [
        problem for volume in _volumes(run) if (problem := _problem(run, volume)) is not None
    ]
    if problems:
        raise Blocked(*map(_invalid, problems))


async def grow_volumes(run: Round) -> None:
    """Asks for the size that the spec has, where it is larger than what was asked for."""
    for volume in _volumes(run):
        has, name = volume.detail, volume.claim.key.name
        if _is_less(has.requested, volume.node.storage.size) and has.phase == "Bound":
            await _grow(run, volume)
        elif has.capacity and _is_less(has.capacity, has.requested):
            message = f"volume {name} grows from {has.capacity} to {has.requested}"
            run.findings.add(Finding(ConditionType.NODES_READY, Reason.PENDING, message))


@dataclass(frozen=True, slots=True)
class _Volume:
    """The newest of a node."""

    ledger: Ledger
    claim: Observed
    detail: ClaimDetail

    @property
    def node(self) -> PlannedNode:
        return self.ledger.node

    @property
    def words(self) -> str:
        return f"volume {self.claim.key.name} of node {self.node.path}"


def _volumes(run: Round) -> list[_Volume]:
    """Of the nodes that keep the one they have."""
    found = []
    for ledger in ledgers_of(run, read_journal(run)):
        name = ledger.node.names.data(ledger.newest)
        claim = run.world.store.get(ObjectKey(PERSISTENT_VOLUME_CLAIM, run.key.namespace, name))
        is_kept = not (ledger.is_lost or ledger.awaits_volume or is_to_move(run, ledger))
        if is_kept and claim is not None and isinstance(claim.detail, ClaimDetail):
            found.append(_Volume(ledger, claim, claim.detail))
    return found


def _problem(run: Round, volume: _Volume) -> str | None:
    wanted, has = volume.node.storage, volume.detail
    field = _field(run, volume.node)
    if _is_less(wanted.size, has.requested):
        return (
            f"{field}.size: {volume.words} has {has.requested} and cannot shrink to "
            f"{wanted.size}: put the size back{_or_made_anew(run, volume)}"
        )
    if wanted.storage_class_name not in (None, has.storage_class):
        return (
            f"{field}.storageClassName: {volume.words} is of class {has.storage_class or 'none'} "
            f"and cannot become one of {wanted.storage_class_name}: put the class back"
            f"{_or_moved(run, volume, 'a new volume')}{_or_made_anew(run, volume)}"
        )
    return None


def _or_moved(run: Round, volume: _Volume, where: str) -> str:
    """From its peers it is built anew: there must be blocks."""
    if not volume.ledger.may_move:
        return ""
    return f", or move the node to {where}: {how_to_move(run, volume.ledger)}"


def _or_made_anew(run: Round, volume: _Volume) -> str:
    """A class or a size that the cluster cannot give is noticed when no disk comes. The operator
    itself deletes no claim, whatever is in it."""
    if volume.detail.phase != "Pending" or volume.ledger.newest <= volume.ledger.last:
        return ""
    claim = volume.claim.key
    return (
        ", or delete the claim, which has no disk yet, and it is made anew: kubectl delete "
        f"persistentvolumeclaim {claim.name} --namespace {claim.namespace}"
    )


async def _grow(run: Round, volume: _Volume) -> None:
    claim, size = volume.claim, volume.node.storage.size
    refused = run.memory.refused_growth.get(claim.key)
    is_same = refused is not None and (refused.uid, refused.size) == (claim.uid, size)
    if refused is None or not (is_same and run.was_lately(refused.at, _ASK_AGAIN_AFTER)):
        check_resource(run)
        try:
            run.world.store.record(await run.world.client.grow(claim.key, size, uid=claim.uid))
            run.tell("VolumeGrows", f"volume {claim.key.name} grows to {size}")
            return
        except (Conflict, NotFound):
            return  # it is gone, and another may have its name by now
        except (Forbidden, Invalid, QuotaExceeded) as error:
            if not (isinstance(error, Forbidden) and _CANNOT_GROW in error.message):
                run.findings.add(refusal(claim.key, error))
                return
            noted = RefusedGrowth(claim.uid, size, run.world.now())
            run.memory.refused_growth[claim.key] = noted
    run.findings.add(
        _invalid(
            f"{_field(run, volume.node)}.size: {volume.words} cannot grow from "
            f"{volume.detail.requested} to {size}, since its class "
            f"{volume.detail.storage_class or 'none'} does not let volumes grow "
            "(allowVolumeExpansion): put the size back"
            f"{_or_moved(run, volume, 'a new volume, of another class')}"
        )
    )


def _field(run: Round, node: PlannedNode) -> str:
    """Where the resource says it. An override of a node entry replaces the whole key."""
    entries = (
        group.storage
        for member in run.plan.spec.members
        for group in member.nodes
        if (member.name, group.name) == (node.member, node.group)
    )
    if next(entries, None) is None:
        return "spec.nodeDefaults.storage"
    return f"{run.plan.field_of(node.member, node.group)}.storage"


def _is_less(one: str, other: str) -> bool:
    first, second = parse_quantity(one), parse_quantity(other)
    return first is not None and second is not None and first < second


def _invalid(message: str) -> Finding:
    return Finding(ConditionType.SPEC_VALID, Reason.INVALID, message, needs_person=True)
