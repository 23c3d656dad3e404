"""Keys, by the create-only rules (design rules 1 to 3): make once, read back, register, verify.

One way for every key: its Secrets are read by name, and the public side derived from them must be
what the register holds. A key is made only where it cannot exist; where anything is unclear the
answer is a finding, never a new key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.chain.naming import is_ours
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import RegisterError
from consortium_operator.engines.protocol import InvalidMaterial
from consortium_operator.kube.errors import AlreadyExists
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, ObjectKey
from consortium_operator.manifests import Manifest
from consortium_operator.reconcile.findings import Blocked, Finding
from consortium_operator.reconcile.world import Public, Round, Verified

RECHECK = timedelta(minutes=30)
"""How long a verified key is trusted before its Secret is read again (the slow resync)."""
RECHECK_WAITING = timedelta(seconds=15)
"""The same while a pod waits for its files: a lost Secret may be why."""

P = TypeVar("P", bound=Public)


@dataclass(frozen=True, slots=True)
class SecretPart:
    """One Secret of a key: how its content is made, and how it is written."""

    make: Callable[[], PrivateFiles]
    manifest: Callable[[PrivateFiles], Manifest]

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Mapping[str, str] = self.manifest(PrivateFiles({}))["metadata"]["labels"]
        return labels


@dataclass(frozen=True, slots=True)
class Register(Generic[P]):
    """The ConfigMap with the public side. `manifest` also tells its name and labels."""

    read: Callable[[Mapping[str, str]], P]
    manifest: Callable[[P], Manifest]


@dataclass(frozen=True, slots=True)
class KeyRequest(Generic[P]):
    """A key that should be there.

    `name` is the register's name, `subject` how messages name the owner. `forbids_making` says
    why the key must exist already, or None where it may be made. `contradicts` says why a public
    side cannot be the right one whatever key and register say, or None. `recheck`: how long a
    verified key is trusted.
    """

    name: str
    subject: str
    secrets: Mapping[str, SecretPart]
    register: Register[P]
    derive: Callable[[Sequence[PrivateFiles]], P]
    missing: Reason
    forbids_making: Callable[[], Awaitable[str | None]]
    contradicts: Callable[[P], str | None] = lambda _: None
    recheck: timedelta = RECHECK


async def ensure(run: Round, request: KeyRequest[P]) -> P:
    """The public side of the key, which now exists. Raises Blocked."""
    verified = run.memory.verified.get(request.name)
    if verified is not None and run.world.now() - verified.at < request.recheck:
        public: P = verified.public  # type: ignore[assignment]  # stored under this request's name
        if _is_registered(run, request, public):
            return public
    recorded = await _recorded(run, request)
    found = {
        name: await read_secret(run, name, part.labels) for name, part in request.secrets.items()
    }
    absent = [name for name, files in found.items() if files is None]
    if absent and recorded is not None:
        raise _missing(request, absent, f"its register {request.name} says that it existed")
    if absent:
        await _make(run, request, absent)
        for name in absent:
            found[name] = await read_secret(run, name, request.secrets[name].labels)
    public = _derive(request, [files for files in found.values() if files is not None])
    contradiction = request.contradicts(public)
    if contradiction is not None:
        raise _mismatch(request, contradiction)
    if recorded is None:
        await _create(run, request.register.manifest(public))
    elif recorded != public:
        raise _mismatch(request, "is not the key that its register holds")
    run.memory.verified[request.name] = Verified(public, run.world.now())
    return public


async def read_secret(run: Round, name: str, labels: Mapping[str, str]) -> PrivateFiles | None:
    """A Secret of ours by a quorum read. Raises Blocked where the name is somebody else's."""
    secret = await run.world.client.get(ObjectKey(SECRET, run.key.namespace, name))
    if secret is None:
        return None
    if not is_ours(secret["metadata"].get("labels") or {}, labels):
        raise name_conflict("Secret", name)
    try:
        return PrivateFiles.from_secret_data(secret.get("data"))
    except ValueError:
        return PrivateFiles({})


def _is_registered(run: Round, request: KeyRequest[P], public: P) -> bool:
    """Whether the register was last seen as it should be, which costs no call."""
    wanted = request.register.manifest(public)
    observed = run.world.store.get(ObjectKey(CONFIG_MAP, run.key.namespace, request.name))
    return (
        observed is not None
        and observed.detail == wanted["data"]
        and is_ours(observed.labels, wanted["metadata"]["labels"])
    )


async def _recorded(run: Round, request: KeyRequest[P]) -> P | None:
    key = ObjectKey(CONFIG_MAP, run.key.namespace, request.name)
    found = await run.world.client.get(key)
    if found is None:
        return None
    labels = next(iter(request.secrets.values())).labels
    if not is_ours(found["metadata"].get("labels") or {}, labels):
        raise name_conflict("ConfigMap", request.name)
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
        raise _missing(request, absent, refusal)
    for name in absent:
        part = request.secrets[name]
        # Key generation takes up to a second of CPU: keep the event loop and its probes alive.
        files = await asyncio.to_thread(part.make)
        await _create(run, part.manifest(files))
        run.log.info("made a key", extra={"secret": name, "owner": request.subject})


async def _create(run: Round, manifest: Manifest) -> None:
    """POST; where somebody was faster, what is there is read back and judged like any other."""
    try:
        created = await run.world.client.create(manifest)
    except AlreadyExists:
        return
    if manifest["kind"] != SECRET.kind:
        run.world.store.record(created)


def _derive(request: KeyRequest[P], files: Sequence[PrivateFiles]) -> P:
    try:
        return request.derive(files)
    except InvalidMaterial as error:
        raise _mismatch(request, f"cannot be used: {error}") from error


def _secrets(request: KeyRequest[P], names: Sequence[str] | None = None) -> str:
    return " and ".join(f"Secret {name}" for name in names or list(request.secrets))


def _missing(request: KeyRequest[P], absent: Sequence[str], why: str) -> Blocked:
    return Blocked(
        Finding(
            ConditionType.IDENTITIES_INTACT,
            request.missing,
            f"{_secrets(request, absent)} of {request.subject} is gone and is never made anew: "
            f"{why}. Put it back from a backup",
            needs_person=True,
        )
    )


def _mismatch(request: KeyRequest[P], why: str) -> Blocked:
    return Blocked(
        Finding(
            ConditionType.IDENTITIES_INTACT,
            Reason.NODE_KEY_MISMATCH,
            f"{_secrets(request)} of {request.subject} {why}. Put back the right one from a backup",
            needs_person=True,
        )
    )


def name_conflict(kind: str, name: str) -> Blocked:
    return Blocked(
        Finding(
            ConditionType.SPEC_VALID,
            Reason.NAME_CONFLICT,
            f"{kind} {name} exists and is not this chain's: rename it or the chain",
            needs_person=True,
        )
    )
