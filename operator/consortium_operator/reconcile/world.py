"""What a round of reconcile works with: the world it may touch, and what it remembers.

Everything in `ChainMemory` may be lost at any moment (the operator restarts): it saves work and
API calls, it never decides anything that the cluster does not say again.
"""

import logging
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from consortium_operator.api.problem import Problem
from consortium_operator.api.quantity import parse_duration
from consortium_operator.chain.changes import Change
from consortium_operator.chain.committee import Committee
from consortium_operator.chain.files import NodeFile
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.naming import ChainKey, words_of
from consortium_operator.chain.plan import Plan, Settings
from consortium_operator.chain.quiet import Settled
from consortium_operator.chain.register import (
    AccountRegister,
    AuthorityKind,
    AuthorityRegister,
    NodeRegister,
)
from consortium_operator.engines.protocol import (
    AuthorityOwner,
    CertificateFacts,
    ChainClient,
    ClientIdentity,
    Engine,
    InvalidMaterial,
    NodeMaterial,
    Validity,
)
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.events import Happening
from consortium_operator.kube.kinds import ObjectKey
from consortium_operator.kube.store import Store
from consortium_operator.reconcile.findings import Findings
from consortium_operator.reconcile.rollout_slot import RolloutSlot

Public = NodeRegister | AuthorityRegister | AccountRegister | str
"""The public side of a key, as its register holds it (a client key's: its fingerprint)."""


BACKDATED = timedelta(hours=1)


def length_of(duration: str) -> timedelta:
    """A duration of the spec. Raises ValueError where parsing the resource let a bad one pass."""
    length = parse_duration(duration)
    if length is None:
        raise ValueError(f"not a duration: {duration}")
    return length


class ChainLog(logging.LoggerAdapter[logging.Logger]):
    """Names the chain in every line, beside what the call gives as `extra`."""

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def _nothing_refused(_: str) -> Sequence[Forbidden]:
    return ()


@dataclass(frozen=True, slots=True)
class World:
    """The outside, injected: tests give a clock that stands still and keys that are cheap.
    `refusals`: why the store knows nothing of a namespace, or nothing new. `reporter`: this
    process, as Events name it. `slot`: what all chains share."""

    client: KubeClient
    store: Store
    settings: Settings
    engines: Mapping[str, Engine]
    connect: Callable[[Plan], ChainClient]
    now: Callable[[], datetime]
    serial: Callable[[], int]
    refusals: Callable[[str], Sequence[Forbidden]] = _nothing_refused
    reporter: str = "consortium-operator"
    slot: RolloutSlot = field(default_factory=RolloutSlot)


@dataclass(frozen=True, slots=True)
class Verified:
    """A key that was read and agreed with its register, and when."""

    public: Public
    at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """What we last wanted of an object, and the digest of what the API server made of it."""

    wanted: str
    digest: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a resource says, read once for all versions that say the same. `body`: what was read,
    without the status and its traces."""

    body: tuple[object, ...]
    plan: Plan | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class JudgedCertificates:
    """Certificates that were found to be for the key `fingerprint` and signed by the CAs with the
    keys `signers`. `files`: name and PEM of each."""

    fingerprint: str
    signers: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A node's files, and all that they were made of."""

    plan: Plan
    seal: Seal
    material: NodeMaterial
    files: tuple[NodeFile, ...]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """That a node with this pod may hang. `stuck_at`: its height, where it answers but falls behind
    the others; None where it is silent."""

    pod_uid: str
    stuck_at: int | None
    since: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class RefusedGrowth:
    """That the volume with this uid could not have this size, and when that was."""

    uid: str
    size: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """Why the chain refused a change, when, and which `generation` of the resource asked."""

    why: str
    at: datetime
    generation: int


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """Settings of the running chain: which were asked for, and when, and which were ever made."""

    keys: frozenset[str]
    values: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class CommitteeRead:
    """The chain's committee, and when it was read."""

    committee: Committee
    at: datetime


@dataclass(frozen=True, slots=True)
class Announced:
    """An Event that was written: `count` times by now, last at `at`."""

    key: ObjectKey
    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """The last status that was written: what we wanted, what the API server made of it, and the
    version of the resource since then."""

    wanted: dict[str, Any]
    returned: dict[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class Calm:
    """A round that looked at everything of a chain that was well, and had nothing to do.

    `settled`: what the nodes said. `grounds`: all else that the round went by; it is only ever
    compared. `handed_over`: as in Progress.
    """

    settled: Settled
    grounds: object
    handed_over: bool
    since: datetime


@dataclass(slots=True)
class ChainMemory:
    """One chain's memory, for as long as the process lives and the resource is the same.

    `roster`: the plan with those that leave. `failures`: rounds in a row that were cut short, by
    the API server or a bug. `probed_at`: when the last probe was sent, unless it was mined;
    `proven`: uids of the sealers' pods that have made a block together; `doubt`: why others have
    not. `suspects`: nodes that may hang, by full object name; None before the first look.
    `awaited`: the node that a rollout waits for, and since when. `calm`: the last full look, as
    long as the next rounds may be quiet; `quiet_looks`: how often they were.
    `happened`: what the operator did and has not announced; `announced`: the Events of late,
    by reason and message.
    """

    uid: str
    reading: Reading | None = None
    plan: Plan | None = None
    roster: Plan | None = None
    verified: dict[str, Verified] = field(default_factory=dict)
    applied: dict[ObjectKey, Applied] = field(default_factory=dict)
    clients: dict[str, ClientIdentity] = field(default_factory=dict)
    rendered: dict[str, Rendered] = field(default_factory=dict)
    certificates: dict[JudgedCertificates, CertificateFacts] = field(default_factory=dict)
    authority_ends: dict[AuthorityRegister, datetime] = field(default_factory=dict)
    failures: int = 0
    probed_at: datetime | None = None
    proven: frozenset[str] = frozenset()
    doubt: str = ""
    suspects: dict[str, Suspicion] | None = None
    awaited: tuple[str, datetime] | None = None
    calm: Calm | None = None
    quiet_looks: int = 0
    refused_growth: dict[ObjectKey, RefusedGrowth] = field(default_factory=dict)
    refused_changes: dict[Change, RefusedChange] = field(default_factory=dict)
    settings: SettingsRead | None = None
    committee: CommitteeRead | None = None
    happened: list[Happening] = field(default_factory=list)
    announced: dict[tuple[str, str], Announced] = field(default_factory=dict)
    told: Told | None = None
    height_told_at: datetime | None = None


@dataclass(slots=True)
class Presence:
    """Whether the resource exists (see `presence`). `is_known`: whether its watch says so now;
    `is_confirmed`: whether the API server has said so in this round."""

    is_known: Callable[[], bool] = lambda: True
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One run of reconcile for one chain whose spec was accepted. `generation` and `annotations`:
    the resource's. `evicted`: uids of the pods that it has sent away. `founders`: full object
    names of the nodes that founded the chain, once that is known."""

    world: World
    memory: ChainMemory
    plan: Plan
    engine: Engine
    findings: Findings
    log: ChainLog
    generation: int = 0
    annotations: Mapping[str, str] = field(default_factory=dict)
    presence: Presence = field(default_factory=Presence)
    evicted: set[str] = field(default_factory=set)
    founders: frozenset[str] = frozenset()

    @property
    def key(self) -> ChainKey:
        return self.plan.key

    def words(self, annotation: str) -> list[str]:
        return words_of(self.annotations.get(annotation, ""))

    def how_to_say(self, annotation: str, word: str) -> str:
        """The command by which a person answers with a word in an annotation."""
        return (
            f"kubectl annotate consortiumchain {self.key.name} --namespace {self.key.namespace} "
            f"--overwrite {annotation}={word}"
        )

    def tell(self, reason: str, message: str) -> None:
        """Has an Event written of what the operator has done."""
        self.log.info("%s", message)
        self.memory.happened.append(Happening(reason, message, self.world.now()))

    def was_lately(self, at: datetime, within: timedelta) -> bool:
        """A time to come never was: then a clock has been set back, and who waited for it to come
        again could wait for years."""
        return timedelta(0) <= self.world.now() - at < within

    def validity(self, duration: str) -> Validity:
        """From a little in the past, since clocks differ, until `duration` (8760h) from now."""
        now = self.world.now().replace(microsecond=0)
        return Validity(now - BACKDATED, now + length_of(duration), self.world.serial())

    def authority_end(self, register: AuthorityRegister) -> datetime:
        """Until when what the authority signed can be verified: no certificate outlasts it. One
        whose register is unreadable has ended long ago."""
        ends = self.memory.authority_ends
        if register not in ends:
            try:
                ends[register] = self.engine.authority_facts(register).not_after
            except InvalidMaterial:
                ends[register] = datetime.min.replace(tzinfo=UTC)
        return ends[register]


@dataclass(frozen=True, slots=True)
class Era:
    """One generation of a member's CAs. Where only one of them was replaced, as one is that the
    member does not bring, both have the other in common. `numbers`: their generations."""

    authorities: Mapping[AuthorityKind, AuthorityRegister]
    numbers: Mapping[AuthorityKind, int]


@dataclass(slots=True)
class Custody:
    """The public side of all keys of a chain, as far as it is known.

    `broken`: registers whose private part is lost or wrong. What they tell is still true, and
    what runs by them goes on; but nothing of their owner is changed.
    `generations`: of the CAs above, which are the newest. `retiring`: by member, what came before
    and is still in use, the newest first.
    """

    node_authorities: dict[str, AuthorityRegister] = field(default_factory=dict)
    client_authorities: dict[str, AuthorityRegister] = field(default_factory=dict)
    nodes: dict[str, NodeRegister] = field(default_factory=dict)
    admins: dict[str, AccountRegister] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    generations: dict[AuthorityOwner, int] = field(default_factory=dict)
    retiring: dict[str, tuple[Era, ...]] = field(default_factory=dict)

    def authorities_of(self, member: str) -> dict[AuthorityKind, AuthorityRegister]:
        """As far as they are known."""
        both = {
            AuthorityKind.NODE: self.node_authorities,
            AuthorityKind.CLIENT: self.client_authorities,
        }
        return {kind: known[member] for kind, known in both.items() if member in known}

    def eras_of(self, member: str) -> tuple[Era, ...]:
        """The newest first."""
        newest = self.authorities_of(member)
        numbers = {kind: self.generations[member, kind] for kind in newest}
        return (Era(newest, numbers), *self.retiring.get(member, ()))

    def trusted(self, member: str, kind: AuthorityKind) -> tuple[AuthorityRegister, ...]:
        """Every generation that is in use, the newest first."""
        eras = self.eras_of(member)
        return tuple(dict.fromkeys(e.authorities[kind] for e in eras if kind in e.authorities))


@dataclass(frozen=True, slots=True)
class Founded:
    """A round whose genesis is sealed."""

    round: Round
    custody: Custody
    seal: Seal
