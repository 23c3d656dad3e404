"""The genesis: read back if it is there, sealed once if it cannot be, never rendered again.

Two immutable ConfigMaps hold it. One that is lost is made again from the other, byte for byte;
where they differ, or both are gone though nodes have run, everything stops and says so.
"""

from collections.abc import Mapping

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.problem import Problem
from consortium_operator.chain.genesis import Seal, TamperedGenesis
from consortium_operator.chain.naming import (
    GENESIS_ANNOTATION,
    PART_LABEL,
    ChildPart,
    chain_labels,
    is_ours,
)
from consortium_operator.engines.protocol import RunningChain
from consortium_operator.kube.errors import AlreadyExists
from consortium_operator.kube.kinds import CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, ObjectKey
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.genesis import genesis_config_map, genesis_copy
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.key_refusals import label_conflict
from consortium_operator.reconcile.world import Custody, Round


async def read_seal(run: Round) -> Seal | None:
    """The sealed genesis, or None where there is none. Raises Blocked where it is not ours, was
    tampered with, or is not the one that the spec pins."""
    original = await _read(run, run.key.genesis)
    copy = await _read(run, run.key.genesis_copy)
    if original is not None and copy is not None and original.to_data() != copy.to_data():
        raise _tampered(
            f"{run.key.genesis} and {run.key.genesis_copy} differ: put back the one that "
            "was changed from a backup"
        )
    seal = original or copy
    if seal is None:
        return None
    _check(run, seal)
    await _write(run, seal, genesis=original is None, copy=copy is None)
    return seal


def look_up_seal(run: Round) -> Seal | None:
    """The genesis as last seen, for a round that may write nothing. Where the original and its
    copy differ, the one that can be read and that the volumes were founded with."""
    founded_with = {sha256 for _, sha256 in _ledgers(run)}
    seals = [
        seal
        for name in (run.key.genesis, run.key.genesis_copy)
        if (seal := _look_up(run, name)) is not None
    ]
    return min(seals, key=lambda seal: founded_with != {seal.sha256}, default=None)


def _look_up(run: Round, name: str) -> Seal | None:
    observed = run.world.store.get(ObjectKey(CONFIG_MAP, run.key.namespace, name))
    if observed is None or not isinstance(observed.detail, Mapping):
        return None
    if not is_ours(observed.labels, _labels(run)):
        return None
    try:
        seal = Seal.from_data(observed.detail)
        run.engine.block0_text(seal)
        run.engine.check_seal(run.plan, seal)
    except TamperedGenesis:
        return None
    return seal


async def make_seal(run: Round, custody: Custody) -> Seal:
    """Seals the genesis of the planned members. Only where `read_seal` found none."""
    _refuse_where_one_existed(run)
    node_ids = {
        node.path: custody.nodes[node.names.node].node_id
        for node in run.plan.sealers
        if node.names.node in custody.nodes
    }
    waiting = [node.path for node in run.plan.sealers if node.path not in node_ids]
    admins = list(custody.admins.values())
    if waiting or custody.broken or not admins:
        raise Blocked(
            Finding(
                ConditionType.GENESIS_SEALED,
                Reason.WAITING_FOR_IDENTITIES,
                "the genesis waits for "
                f"{', '.join(waiting or sorted(custody.broken)) or 'the admin account'}",
            )
        )
    admin = run.plan.spec.fisco_bcos.executor.auth_admin_account or admins[0].address
    seal = run.engine.seal(run.plan, node_ids, admin)
    _check(run, seal)
    await _write(run, seal, genesis=True, copy=True)
    run.log.info("sealed the genesis", extra={"sha256": seal.sha256})
    return seal


async def _read(run: Round, name: str) -> Seal | None:
    key = ObjectKey(CONFIG_MAP, run.key.namespace, name)
    observed = run.world.store.get(key)
    if observed is not None:
        labels: Mapping[str, str] = observed.labels
        data = observed.detail
    else:
        found = await run.world.client.get(key)
        if found is None:
            return None
        labels, data = found["metadata"].get("labels") or {}, found.get("data") or {}
    if not is_ours(labels, _labels(run)):
        wanted = {**_labels(run), PART_LABEL: ChildPart.GENESIS}
        raise label_conflict("ConfigMap", name, wanted)
    try:
        return Seal.from_data(data if isinstance(data, Mapping) else {})
    except TamperedGenesis as error:
        raise _tampered(f"{name} cannot be read: {error}. Put it back from a backup") from error


def _check(run: Round, seal: Seal) -> None:
    pinned = run.plan.spec.fisco_bcos.genesis_sha256
    if pinned is not None and pinned != seal.sha256:
        raise Blocked(
            Finding(
                ConditionType.GENESIS_SEALED,
                Reason.GENESIS_MISMATCH,
                f"the genesis has sha256 {seal.sha256}, spec.fiscoBcos.genesisSha256 pins {pinned}:"
                f" restore {run.key.genesis} of the pinned one, or, where the pin is wrong, delete "
                "the resource, which keeps keys and data, and create it with the right one",
                needs_person=True,
            )
        )
    for name, sha256 in _ledgers(run):
        if sha256 != seal.sha256:
            raise _tampered(
                f"volume {name} was founded with the genesis {sha256}, {run.key.genesis} has "
                f"{seal.sha256}: put back the right one from a backup"
            )
    try:
        problems = run.engine.check_seal(run.plan, seal)
    except TamperedGenesis as error:
        raise _tampered(f"{run.key.genesis} cannot be used: {error}") from error
    if problems:
        raise Blocked(*(_contradiction(run, problem) for problem in problems))
    if not _is_edited(run):
        _refuse_unfit_version(run, seal)


def _is_edited(run: Round) -> bool:
    """A resource that has children of its own was edited; one that has none is new."""
    children = run.world.store.by_chain(run.key.namespace, run.key.name)
    return any(run.plan.uid in child.owner_uids for child in children)


def _contradiction(run: Round, problem: Problem) -> Finding:
    """The API server refuses an edit of what was founded, but for a CRD that lost its rules."""
    condition, reason = ConditionType.IDENTITIES_INTACT, problem.reason
    if _is_edited(run):
        condition, reason = ConditionType.SPEC_VALID, Reason.IMMUTABLE_FIELD_CHANGED
    return Finding(condition, reason, str(problem), needs_person=True)


def _refuse_unfit_version(run: Round, seal: Seal) -> None:
    """Where nodes run, the chain is asked as well (see upgrades)."""
    problems = run.engine.unfit_for(run.plan, seal, RunningChain())
    if problems:
        condition, reason = ConditionType.IDENTITIES_INTACT, Reason.RETAINED_DATA_CONFLICT
        raise Blocked(
            *(Finding(condition, reason, str(one), needs_person=True) for one in problems)
        )


def _refuse_where_one_existed(run: Round) -> None:
    """A genesis is not sealed anew over ledgers, nor where the spec pins one to be restored."""
    ledgers = [name for name, _ in _ledgers(run)]
    if ledgers:
        raise _tampered(
            f"{run.key.genesis} and its copy are gone, but the volume {ledgers[0]} was founded: "
            "put one of the two ConfigMaps back from a backup"
        )
    if run.plan.spec.fisco_bcos.genesis_sha256 is not None:
        raise Blocked(
            Finding(
                ConditionType.GENESIS_SEALED,
                Reason.WAITING_FOR_IDENTITIES,
                f"spec.fiscoBcos.genesisSha256 pins a genesis that is not there: restore the "
                f"ConfigMap {run.key.genesis}, or, to found a new chain, delete the resource and "
                "create it without the field",
                needs_person=True,
            )
        )


def _ledgers(run: Round) -> list[tuple[str, str]]:
    """(name, genesis sha256) of every volume of this chain."""
    found = run.world.store.by_chain(run.key.namespace, run.key.name, PERSISTENT_VOLUME_CLAIM)
    return sorted(
        (claim.key.name, claim.annotations.get(GENESIS_ANNOTATION, "")) for claim in found
    )


async def _write(run: Round, seal: Seal, *, genesis: bool, copy: bool) -> None:
    wanted: list[Manifest] = []
    if genesis:
        wanted.append(genesis_config_map(run.plan, seal))
    if copy:
        wanted.append(genesis_copy(run.plan, seal))
    for manifest in wanted:
        try:
            run.world.store.record(await run.world.client.create(manifest))
        except AlreadyExists as error:
            # Somebody else sealed meanwhile: the next round reads theirs and compares.
            raise Blocked(
                Finding(
                    ConditionType.GENESIS_SEALED,
                    Reason.PENDING,
                    f"{manifest['metadata']['name']} was written by somebody else just now",
                    unknown=True,
                )
            ) from error


def _labels(run: Round) -> Mapping[str, str]:
    return chain_labels(run.key.name, run.plan.engine)


def _tampered(message: str) -> Blocked:
    return Blocked(
        Finding(ConditionType.GENESIS_SEALED, Reason.GENESIS_TAMPERED, message, needs_person=True)
    )
