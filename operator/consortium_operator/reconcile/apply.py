"""Brings objects to what they should be: one way, whether they are absent, drifted or as wanted.

Drift is seen by digest, against what the API server made of our own last write; so a round in
which nothing changed makes no API call. After a restart everything is applied once, which writes
nothing where nothing differs.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

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
from consortium_operator.kube.kinds import JsonObject, ObjectKey, key_of
from consortium_operator.kube.projection import Observed
from consortium_operator.manifests import Manifest, is_create_only
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.world import Applied, Round


def wanted_hash(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


async def bring_about(run: Round, manifests: Iterable[Manifest]) -> bool:
    """Writes what is absent or differs, in the given order. False where something was refused;
    the refusal is a finding. What comes after a refused object is still tried."""
    done = [await bring_one(run, manifest) for manifest in manifests]
    return all(done)


async def bring_one(run: Round, manifest: Manifest) -> bool:
    try:
        if is_create_only(manifest):
            return await _create(run, manifest)
        return await _apply(run, manifest)
    except (Forbidden, QuotaExceeded, Invalid, Conflict) as error:
        run.findings.add(refusal(manifest, error))
        return False


def is_settled(run: Round, manifest: Manifest) -> bool:
    """Whether the object is there exactly as we last wrote it, and that is what is wanted."""
    key = key_of(manifest)
    observed = run.world.store.get(key)
    applied = run.memory.applied.get(key)
    return (
        observed is not None
        and applied is not None
        and applied == Applied(wanted_hash(manifest), observed.digest)
    )


async def _create(run: Round, manifest: Manifest) -> bool:
    key = key_of(manifest)
    observed = run.world.store.get(key)
    if observed is None:
        try:
            run.world.store.record(await run.world.client.create(manifest))
            return True
        except AlreadyExists:
            found = await run.world.client.get(key)
            labels: Mapping[str, str] = ((found or {}).get("metadata") or {}).get("labels") or {}
    else:
        labels = observed.labels
    return _accept(run, manifest, labels)


async def _apply(run: Round, manifest: Manifest) -> bool:
    key = key_of(manifest)
    if is_settled(run, manifest):
        return True
    observed = run.world.store.get(key)
    if observed is not None and observed.deleting:
        return False
    if not _may_apply(run, manifest, observed) and not await _is_free(run, manifest):
        return _accept(run, manifest, {})
    written = await run.world.client.apply(manifest)
    remember(run, manifest, written)
    return True


def remember(run: Round, manifest: Manifest, written: JsonObject) -> None:
    """Takes what the API server made of our write as the object's right state."""
    run.world.store.record(written)
    run.memory.applied[key_of(manifest)] = Applied(wanted_hash(manifest), object_digest(written))


def _may_apply(run: Round, manifest: Manifest, observed: Observed | None) -> bool:
    """Ours by its labels, or by its owner where somebody changed the labels."""
    if observed is None:
        return False
    return is_ours(observed.labels, manifest["metadata"]["labels"]) or (
        run.plan.uid in observed.owner_uids
    )


async def _is_free(run: Round, manifest: Manifest) -> bool:
    """Whether the name is nobody else's. Our watch sees only objects with our label, and an apply
    would take a foreign object over without a word: so look before the first write."""
    found = await run.world.client.get(key_of(manifest))
    if found is None:
        return True
    metadata = found["metadata"]
    owners = [owner.get("uid") for owner in metadata.get("ownerReferences") or ()]
    labels = manifest["metadata"]["labels"]
    return run.plan.uid in owners or is_ours(metadata.get("labels") or {}, labels)


def _accept(run: Round, manifest: Manifest, labels: Mapping[str, str]) -> bool:
    if is_ours(labels, manifest["metadata"]["labels"]):
        return True
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


def refusal(manifest: Manifest, error: ApiError) -> Finding:
    """A write that the API server refused, as people should read it."""
    key: ObjectKey = key_of(manifest)
    reason = {Forbidden: Reason.FORBIDDEN, QuotaExceeded: Reason.QUOTA_EXCEEDED}.get(
        type(error), Reason.PENDING
    )
    return Finding(
        ConditionType.NODES_READY, reason, f"{key.kind.kind} {key.name} cannot be written: {error}"
    )
