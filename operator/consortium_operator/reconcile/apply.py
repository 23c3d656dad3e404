"""Brings objects to what they should be: one way, whether they are absent, drifted or as wanted.

Drift is seen by digest, against what the API server made of our own last write; so a round in
which nothing changed makes no API call. After a restart everything is applied once, which writes
nothing where nothing differs. What others put into an object's content is taken out again; an
apply alone would leave it there.
"""

import hashlib
import json
from collections.abc import Callable, Iterable

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import is_ours
from consortium_operator.kube.digest import object_digest
from consortium_operator.kube.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    QuotaExceeded,
)
from consortium_operator.kube.kinds import STATEFUL_SET, JsonObject, ObjectKey, key_of
from consortium_operator.kube.projection import Observed, project
from consortium_operator.manifests import Manifest, is_create_only
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.presence import check_resource, require_resource
from consortium_operator.reconcile.world import Applied, Round


def wanted_hash(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


async def bring_about(run: Round, manifests: Iterable[Manifest]) -> bool:
    """Writes what is absent or differs, in the given order. False where something was refused;
    the refusal is a finding. What comes after a refused object is still tried."""
    done = [await bring_one(run, manifest) for manifest in manifests]
    return all(done)


async def bring_one(run: Round, manifest: Manifest) -> bool:
    check_resource(run)
    try:
        if is_create_only(manifest):
            return await _create(run, manifest)
        return await _apply(run, manifest)
    except (Forbidden, QuotaExceeded, Invalid, Conflict) as error:
        run.findings.add(refusal(key_of(manifest), error))
        return False


async def change_one(
    run: Round, key: ObjectKey, change: Callable[[JsonObject], JsonObject]
) -> bool:
    """An object that cannot be rendered any more: what is there, changed, bound to its version.
    False where that was refused; the refusal is a finding."""
    check_resource(run)
    try:
        found = await run.world.client.get(key)
        if found is not None:
            run.world.store.record(await run.world.client.replace(change(found)))
        return True
    except (Forbidden, QuotaExceeded, Invalid, Conflict) as error:
        run.findings.add(refusal(key, error))
        return False


def is_settled(run: Round, manifest: Manifest) -> bool:
    """Whether the object is there exactly as we last wrote it, and that is what is wanted."""
    key = key_of(manifest)
    observed = run.world.store.get(key)
    applied = run.memory.applied.get(key)
    return (
        observed is not None
        and not observed.foreign_managers
        and applied == Applied(wanted_hash(manifest), observed.digest)
    )


async def _create(run: Round, manifest: Manifest) -> bool:
    key = key_of(manifest)
    observed = run.world.store.get(key)
    if observed is None:
        await require_resource(run)
        try:
            run.world.store.record(await run.world.client.create(manifest))
            return True
        except AlreadyExists:
            found = await run.world.client.get(key)
            if found is None:
                return False  # gone again: the next round makes it
            observed = project(found)
    if not _is_ours(run, manifest, observed):
        return _conflict(run, manifest)
    if observed.deleting:
        return False
    if "ownerReferences" in manifest["metadata"]:
        await _put_right(run, manifest, observed)
    return True


async def _put_right(run: Round, manifest: Manifest, observed: Observed) -> None:
    """A disposable object that is written once, but was relabelled, orphaned or replaced."""
    await _require_owner(run, manifest, observed)
    if observed.detail != manifest.get("data"):
        await run.world.client.delete(observed.key, observed.uid)
        run.world.store.forget(observed.key, observed.uid)
        run.world.store.record(await run.world.client.create(manifest))
        return
    labels = manifest["metadata"]["labels"]
    is_labelled = all(observed.labels.get(name) == value for name, value in labels.items())
    if not is_labelled or run.plan.uid not in observed.owner_uids:
        run.world.store.record(await run.world.client.apply(_of(manifest, observed)))


async def _apply(run: Round, manifest: Manifest) -> bool:
    if is_settled(run, manifest):
        return True
    observed = run.world.store.get(key_of(manifest))
    if observed is None:
        # Our watch sees only objects with our label, and an apply would take a foreign object
        # over without a word: so look before the first write.
        found = await run.world.client.get(key_of(manifest))
        observed = project(found) if found is not None else None
    if observed is not None and not _is_ours(run, manifest, observed):
        return _conflict(run, manifest)
    if observed is not None and observed.deleting:
        return False
    await _require_owner(run, manifest, observed)
    remember(run, manifest, await _restore(run, _of(manifest, observed)))
    return True


def _of(manifest: Manifest, observed: Observed | None) -> Manifest:
    """For a write to the very object that was looked at: a Conflict where another has its name."""
    if observed is None:
        return manifest
    return {**manifest, "metadata": {**manifest["metadata"], "uid": observed.uid}}


async def _restore(run: Round, manifest: Manifest) -> JsonObject:
    try:
        return await run.world.client.restore(manifest)
    except Invalid:
        if "clusterIP" not in manifest.get("spec", {}):
            raise
    # Its old address is taken, or of another cluster's range: a new one is better than none.
    spec = {name: value for name, value in manifest["spec"].items() if name != "clusterIP"}
    return await run.world.client.restore({**manifest, "spec": spec})


def remember(run: Round, manifest: Manifest, written: JsonObject) -> None:
    """Takes what the API server made of our write as the object's right state."""
    run.world.store.record(written)
    run.memory.applied[key_of(manifest)] = Applied(wanted_hash(manifest), object_digest(written))


async def _require_owner(run: Round, manifest: Manifest, observed: Observed | None) -> None:
    """Before an object is made, or an orphan is taken. An orphan may be the work of `kubectl delete
    --cascade=orphan`, of which our watch has not told yet: owned again, it would be collected
    with the resource, and its pod with it. Raises ResourceGone."""
    is_retained = "ownerReferences" not in manifest["metadata"]
    if observed is None or not (is_retained or run.plan.uid in observed.owner_uids):
        # A pod that starts while all that it needs is collected is worse than one GET a node.
        await require_resource(run, again=key_of(manifest).kind == STATEFUL_SET)


def _is_ours(run: Round, manifest: Manifest, observed: Observed) -> bool:
    """By its labels, or by its owner where somebody changed the labels."""
    return is_ours(observed.labels, manifest["metadata"]["labels"]) or (
        run.plan.uid in observed.owner_uids
    )


def _conflict(run: Round, manifest: Manifest) -> bool:
    key = key_of(manifest)
    run.findings.add(
        Finding(
            ConditionType.SPEC_VALID,
            Reason.NAME_CONFLICT,
            f"{key.kind.kind} {key.name} exists and is not this chain's: rename it or the chain",
            needs_person=True,
        )
    )
    return False


def refusal(key: ObjectKey, error: ApiError) -> Finding:
    """A write that the API server refused, as people should read it."""
    reason = {Forbidden: Reason.FORBIDDEN, QuotaExceeded: Reason.QUOTA_EXCEEDED}.get(
        type(error), Reason.PENDING
    )
    return Finding(
        ConditionType.NODES_READY,
        reason,
        f"{key.kind.kind} {key.name} cannot be written: {error}",
        # The same object would be refused for ever.
        needs_person=isinstance(error, Invalid),
    )
