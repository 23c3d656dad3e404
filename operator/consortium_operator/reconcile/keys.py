"""Keys, by the rules of docs/custody.md, "What is never done": make once, read back, register,
verify.

One way for every key: its Secrets are read by name, and the public side derived from them must be
what the register holds. A key is made only where it cannot exist; where anything is unclear the
answer is a finding, never a new key. A key that a member brings is never made and never written.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import CHAIN_LABEL, PART_LABEL, ChildPart, is_ours
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import RegisterError
from consortium_operator.engines.protocol import InvalidMaterial
from consortium_operator.kube.errors import AlreadyExists, Forbidden
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, JsonObject, ObjectKey
from consortium_operator.kube.projection import Observed
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.key_refusals import (
    forbidden,
    invalid,
    label_conflict,
    mismatch,
    missing,
    not_found,
)
from consortium_operator.reconcile.key_requests import (
    RECHECK,
    BroughtPart,
    KeyRequest,
    P,
    Renewal,
    SecretPart,
)
from consortium_operator.reconcile.presence import check_resource
from consortium_operator.reconcile.world import Round, Verified

T = TypeVar("T")


def trusted(run: Round, name: str, recheck: timedelta = RECHECK) -> Verified | None:
    """A key if it was verified lately. How lately differs from key to key by up to a fifth: what is
    verified in one moment, at the operator's start, must not come again as one burst for ever."""
    verified = run.memory.verified.get(name)
    if verified is None:
        return None
    share = hashlib.sha256(f"{run.memory.uid}/{name}".encode()).digest()[0] / 256
    return verified if run.was_lately(verified.at, recheck * (1 - share / 5)) else None


async def ensure(run: Round, request: KeyRequest[P]) -> P:
    """The public side of the key, which now exists. Raises Blocked."""
    verified = trusted(run, request.name, request.recheck)
    if verified is not None:
        public: P = verified.public  # type: ignore[assignment]  # stored under this request's name
        if _is_registered(run, request, public):
            return public
    recorded = await _recorded(run, request)
    found = {name: await read_part(run, request, name) for name in request.secrets}
    absent = [name for name, files in found.items() if files is None]
    if absent and recorded is not None:
        raise missing(request, absent, f"its register {request.name} says that it existed")
    if absent:
        await _make(run, request, absent)
        for name in absent:
            found[name] = await read_part(run, request, name)
    public = _derive(request, [files for files in found.values() if files is not None], recorded)
    contradiction = request.contradicts(public)
    if contradiction is not None:
        raise mismatch(request, contradiction)
    if recorded is None:
        await _create(run, request.register.manifest(public))
    elif recorded != public:
        await _renew(run, request, recorded, public)
    run.memory.verified[request.name] = Verified(public, run.world.now())
    return public


async def look_at_brought(
    run: Round, request: KeyRequest[P], derive: Callable[[PrivateFiles], T]
) -> T:
    """What the one brought Secret of the key holds. Makes and writes nothing. Raises Blocked."""
    (name,) = request.brought
    files = await read_part(run, request, name)
    if files is None:
        if await _recorded(run, request) is not None:
            raise missing(request, [name], f"its register {request.name} says that it existed")
        raise not_found(run, request, name)
    try:
        return derive(files)
    except InvalidMaterial as error:
        raise invalid(request, [name], f"cannot be used: {error}") from error


async def read_part(run: Round, request: KeyRequest[P], name: str) -> PrivateFiles | None:
    """One Secret of the key by a quorum read; None where there is none. Raises Blocked."""
    if isinstance(request.secrets[name], BroughtPart):
        try:
            secret = await run.world.client.get(ObjectKey(SECRET, run.key.namespace, name))
        except Forbidden as error:
            # Rights may be given for single Secrets: one that is not must not stop all else.
            raise forbidden(request, name, error) from error
        if secret is None:
            return None
        why_not = why_not_brought(run, secret)
        if why_not is not None:
            raise invalid(request, [name], why_not)
        return _content(secret)
    return await read_secret(run, name, request.labels)


def why_not_brought(run: Round, secret: JsonObject) -> str | None:
    """Why a Secret is none that this chain's members may bring. Whoever may edit resources would
    otherwise have the operator use the keys of other chains, which they may not read themselves: a
    certificate of another chain's client CA, in a pod of theirs, opens the RPC of that chain."""
    chain = (secret["metadata"].get("labels") or {}).get(CHAIN_LABEL)
    if chain in (None, run.key.name):
        return None
    return (
        f"is a key of chain {chain}. Where its owner wants it used here too: bring a copy, without "
        f"the label {CHAIN_LABEL}"
    )


def last_recorded(run: Round, request: KeyRequest[P]) -> P | None:
    """The public side as registered, and renewed since, by what was last seen. Costs no call."""
    recorded = registered(run, request)
    if recorded is None or request.renewal is None:
        return recorded
    return request.renewal.newest([recorded, *_renewals(run, request, request.renewal, recorded)])


def registered(run: Round, request: KeyRequest[P]) -> P | None:
    """The public side as the register was last seen to hold it. Costs no call."""
    observed = run.world.store.get(ObjectKey(CONFIG_MAP, run.key.namespace, request.name))
    return None if observed is None else _read_register(request, observed)


def _read_register(request: KeyRequest[P], observed: Observed) -> P | None:
    if not isinstance(observed.detail, Mapping) or not is_ours(observed.labels, request.labels):
        return None
    try:
        return request.register.read(observed.detail)
    except RegisterError:
        return None


def _renewals(run: Round, request: KeyRequest[P], renewal: Renewal[P], recorded: P) -> Iterator[P]:
    for observed in run.world.store.by_chain(run.key.namespace, run.key.name, CONFIG_MAP):
        if observed.labels.get(PART_LABEL) == ChildPart.REGISTER and observed.key.name.startswith(
            f"{request.name}-"
        ):
            found = _read_register(request, observed)
            if found is not None and renewal.why_not(recorded, found) is None:
                yield found


async def read_secret(run: Round, name: str, labels: Mapping[str, str]) -> PrivateFiles | None:
    """A Secret of ours by a quorum read. Raises Blocked where the name is somebody else's."""
    secret = await run.world.client.get(ObjectKey(SECRET, run.key.namespace, name))
    if secret is None:
        return None
    if not is_ours(secret["metadata"].get("labels") or {}, labels):
        raise label_conflict("Secret", name, labels)
    return _content(secret)


def _content(secret: JsonObject) -> PrivateFiles:
    try:
        return PrivateFiles.from_secret_data(secret.get("data"))
    except ValueError:
        return PrivateFiles({})


def _is_registered(run: Round, request: KeyRequest[P], public: P) -> bool:
    """Whether all that should be recorded was last seen so, which costs no call."""
    recorded = registered(run, request)
    if recorded is None or recorded == public:
        return recorded is not None
    renewal = request.renewal
    return (
        renewal is not None
        and renewal.why_not(recorded, public) is None
        and _stands(run, renewal.manifest(public))
    )


def _stands(run: Round, wanted: Manifest) -> bool:
    metadata = wanted["metadata"]
    observed = run.world.store.get(ObjectKey(CONFIG_MAP, run.key.namespace, metadata["name"]))
    return (
        observed is not None
        and observed.detail == wanted["data"]
        and is_ours(observed.labels, metadata["labels"])
    )


async def _recorded(run: Round, request: KeyRequest[P]) -> P | None:
    key = ObjectKey(CONFIG_MAP, run.key.namespace, request.name)
    found = await run.world.client.get(key)
    if found is None:
        return None
    if not is_ours(found["metadata"].get("labels") or {}, request.labels):
        labels = {**request.labels, PART_LABEL: ChildPart.REGISTER}
        raise label_conflict("ConfigMap", request.name, labels)
    run.world.store.record(found)
    try:
        return request.register.read(found.get("data") or {})
    except RegisterError as error:
        raise Blocked(
            Finding(
                ConditionType.IDENTITIES_INTACT,
                Reason.NODE_KEY_MISMATCH,
                f"the register {request.name} of {request.subject} cannot be read: {error}. "
                "Put back the ConfigMap from a backup",
                needs_person=True,
            )
        ) from error


async def _make(run: Round, request: KeyRequest[P], absent: Sequence[str]) -> None:
    refusal = await request.forbids_making()
    if refusal is not None:
        raise missing(request, absent, refusal)
    for name in absent:
        if name in request.brought:
            raise not_found(run, request, name)
    for name in absent:
        part = request.secrets[name]
        if isinstance(part, SecretPart):
            check_resource(run)
            # Key generation takes up to a second of CPU: keep the event loop and its probes alive.
            files = await asyncio.to_thread(part.make)
            await _create(run, part.manifest(files))
            run.log.info("made a key", extra={"secret": name, "owner": request.subject})


async def _renew(run: Round, request: KeyRequest[P], recorded: P, public: P) -> None:
    """Records new certificates of a known key. Raises Blocked where it is another one."""
    renewal = request.renewal
    if renewal is None:
        raise mismatch(request, "is not the key that its register holds")
    why_not = renewal.why_not(recorded, public)
    if why_not is not None:
        raise mismatch(request, why_not)
    manifest = renewal.manifest(public)
    if not _stands(run, manifest):
        await _create(run, manifest)
        run.log.info("took over a renewed CA", extra={"register": request.name})


async def _create(run: Round, manifest: Manifest) -> None:
    """POST; where somebody was faster, what is there is read back and judged like any other."""
    try:
        created = await run.world.client.create(manifest)
    except AlreadyExists:
        return
    if manifest["kind"] != SECRET.kind:
        run.world.store.record(created)


def _derive(request: KeyRequest[P], files: Sequence[PrivateFiles], recorded: P | None) -> P:
    try:
        return request.derive(files)
    except InvalidMaterial as error:
        why = f"cannot be used: {error}"
        if recorded is None and request.brought:
            raise invalid(request, list(request.secrets), why) from error
        raise mismatch(request, why) from error
