"""What the operator asks of an engine.

Two halves. `Engine` is pure but for the making of keys: it turns the plan and public material
into files. `ChainClient` talks to the running nodes. Nothing outside an engine knows a file
format, a consensus algorithm or an RPC method.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.api.problem import Problem
from consortium_operator.chain.changes import Change
from consortium_operator.chain.committee import Committee, Minutes, OpenProposal, Withdrawal
from consortium_operator.chain.files import NodeFile, Process
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.quiet import Glance
from consortium_operator.chain.register import (
    AccountRegister,
    AuthorityKind,
    AuthorityRegister,
    NodeRegister,
)
from consortium_operator.chain.settings import Verdict, WantedSetting
from consortium_operator.chain.standalone import Place
from consortium_operator.chain.view import NodeView


class InvalidMaterial(ValueError):
    """Key or certificate material that cannot be what it should be.

    The message names what is wrong and never holds any of the material.
    """


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a certificate holds, and its serial number: the caller owns clock and
    randomness. `serial`: positive, at most 159 bits (RFC 5280 allows 20 octets)."""

    not_before: datetime
    not_after: datetime
    serial: int

    def no_later_than(self, moment: datetime) -> "Validity":
        """Valid from `moment` on at the latest. What is renewed holds from when the one before it
        did: a clock that was ahead when it was issued then makes nobody refuse it."""
        return replace(self, not_before=min(self.not_before, moment))


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate is for. `generation` makes every CA's subject its own: OpenSSL finds a
    CA by subject, and a cached one hides a new one of the same name."""

    chain: str
    member: str
    name: str
    generation: int


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What decides whether a certificate still serves. Fingerprints as in the register."""

    not_before: datetime
    not_after: datetime
    key_fingerprint: str
    issuer_fingerprint: str


AuthorityOwner = tuple[str, AuthorityKind]
"""Whose authority: a member, and which of its two."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two authorities that one chain cannot have both. `why` goes on from their names, and says
    the fix: "have one key: bring another …"."""

    first: AuthorityOwner
    second: AuthorityOwner
    why: str


@dataclass(frozen=True, slots=True)
class NodeMaterial:
    """Public material of one node: what its files are made of.

    `certificates`: file → PEM. `authorities`: its member's; `retiring`: those of earlier
    generations that are still trusted.
    `chain_tls_ids`: of all nodes of the chain, sorted.
    """

    node: PlannedNode
    register: NodeRegister
    certificates: Mapping[str, str]
    authorities: Mapping[AuthorityKind, AuthorityRegister]
    chain_tls_ids: tuple[str, ...] = ()
    retiring: Mapping[AuthorityKind, tuple[AuthorityRegister, ...]] = field(default_factory=dict)

    def trusted(self, kind: AuthorityKind) -> str:
        """PEM of all roots of one kind."""
        found = (self.authorities[kind], *self.retiring.get(kind, ()))
        return "".join(one.certificate for one in found)


@dataclass(frozen=True, slots=True)
class RunningChain:
    """What decides which versions of the node may run it. `settings`: name → value, as far as
    they are known to be made; `versions`: that its nodes report."""

    settings: Mapping[str, str] = field(default_factory=dict)
    versions: frozenset[str] = frozenset()


class Engine(Protocol):
    """One kind of chain, pure (keys are made by the `new_*` methods, and only there)."""

    @property
    def name(self) -> str: ...

    def problems(self, chain: ConsortiumChain) -> tuple[Problem, ...]:
        """What this engine refuses of a resource whose schema and rules are satisfied: unknown
        versions, overlays on keys it does not know or does not give away."""
        ...

    def for_chain(self, plan: Plan) -> "Engine":
        """The engine with the chain's own cryptography, which all methods below depend on."""
        ...

    # Keys: made once, kept in Secrets, never logged.
    def new_node_key(self) -> PrivateFiles: ...
    def new_tls_key(self) -> PrivateFiles: ...
    def new_account(self) -> PrivateFiles: ...
    def new_client_key(self) -> PrivateFiles: ...
    def new_authority(
        self, kind: AuthorityKind, subject: Subject, validity: Validity
    ) -> PrivateFiles: ...

    # Their public side. Raise InvalidMaterial.
    def node_register(self, node_key: PrivateFiles, tls_key: PrivateFiles) -> NodeRegister: ...
    def node_id(self, node_key: PrivateFiles) -> str: ...
    def authority_register(
        self, kind: AuthorityKind, authority: PrivateFiles
    ) -> AuthorityRegister: ...
    def account_register(self, account: PrivateFiles) -> AccountRegister: ...
    def client_fingerprint(self, client_key: PrivateFiles) -> str: ...

    # Authorities that members bring.
    def authority_facts(self, register: AuthorityRegister) -> CertificateFacts:
        """From when to when certificates that it signed can be verified. Raises InvalidMaterial."""
        ...

    def why_not_renewed(self, recorded: AuthorityRegister, found: AuthorityRegister) -> str | None:
        """Why `found` is not the recorded authority with new certificates; goes on from a name."""
        ...

    def authority_conflicts(
        self, found: Mapping[AuthorityOwner, AuthorityRegister]
    ) -> tuple[Conflict, ...]:
        """Every two of them that one chain cannot have both."""
        ...

    # Certificates, PEM.
    @property
    def node_signers(self) -> tuple[AuthorityKind, ...]:
        """Which authorities sign a node's certificates."""
        ...

    @property
    def server_authority(self) -> AuthorityKind:
        """By which authority clients know a member's nodes."""
        ...

    def node_certificates(
        self,
        authorities: Mapping[AuthorityKind, PrivateFiles],
        subject: Subject,
        register: NodeRegister,
        validity: Validity,
    ) -> dict[str, str]:
        """File → PEM, of every certificate that a node needs for the keys of its register.
        `authorities`: those of `node_signers`. Raises InvalidMaterial."""
        ...

    def node_certificates_in(self, data: Mapping[str, str]) -> dict[str, str]:
        """The node's own certificates among the files of a ConfigMap."""
        ...

    def node_certificate_facts(
        self,
        found: Mapping[str, str],
        register: NodeRegister,
        authorities: Mapping[AuthorityKind, AuthorityRegister],
    ) -> CertificateFacts:
        """Of the node's certificates together: the time that all of them hold. Raises
        InvalidMaterial also where one is missing, or is not for the recorded key."""
        ...

    def client_certificate(
        self,
        authority: PrivateFiles,
        subject: Subject,
        client_key: PrivateFiles,
        validity: Validity,
    ) -> str:
        """PEM, for the key of a client. `authority`: the member's client CA. Raises
        InvalidMaterial."""
        ...

    def certificate_facts(self, certificate: str, authority: AuthorityRegister) -> CertificateFacts:
        """Raises InvalidMaterial also where `authority` did not sign it."""
        ...

    # The founding, and the files of a node.
    def seal(self, plan: Plan, node_ids: Mapping[str, str], admin: str) -> Seal:
        """The founding of the chain. `node_ids`: node path (webank/shenzhen-0) → node id, of every
        sealer. `admin`: address of the first governor. Raises InvalidMaterial."""
        ...

    def check_seal(self, plan: Plan, seal: Seal) -> tuple[Problem, ...]:
        """Founding fields of the spec that contradict the seal (reason RetainedDataConflict).

        Raises TamperedGenesis where the seal contradicts itself.
        """
        ...

    def settings_that_decide(self, plan: Plan) -> tuple[str, ...]:
        """Names of the running chain's settings that decide whether nodes of spec.version may run
        it."""
        ...

    def unfit_for(self, plan: Plan, seal: Seal, running: RunningChain) -> tuple[Problem, ...]:
        """Why nodes of spec.version may not: by the founding, and by what the chain says."""
        ...

    def block0_text(self, seal: Seal) -> str:
        """The text that a running node of this genesis stores in block 0, byte for byte."""
        ...

    def process(self, plan: Plan) -> Process: ...
    def peers(self, plan: Plan, node: PlannedNode) -> dict[str, str]:
        """The directory of a node's dial list (all others, by their Services' names): file name
        → content."""
        ...

    def trust(self, authorities: Sequence[AuthorityRegister]) -> dict[str, str]:
        """The trust directory: file name → PEM, every member's node CA."""
        ...

    def node_files(
        self, plan: Plan, seal: Seal, material: NodeMaterial
    ) -> tuple[NodeFile, ...]: ...

    def names_all_nodes(self, plan: Plan) -> bool:
        """Whether each node's files depend on the TLS ids of all nodes of the chain."""
        ...

    # Settings of the running chain.
    def wanted_settings(self, plan: Plan) -> tuple[WantedSetting, ...]:
        """What the spec asks for, in the order in which it is brought about."""
        ...

    def judge_setting(
        self,
        setting: WantedSetting,
        values: Mapping[str, str],
        versions: Mapping[str, str],
        seal: Seal,
    ) -> Verdict:
        """`values`: as the chain has it, and what it is judged by. `versions`: by node, as all
        running nodes report them. `seal`: what the chain was founded with."""
        ...

    def removal_call(self, address: str) -> str:
        """By which call another governor proposes that this one leaves."""
        ...

    # Outside a cluster.
    def public_image(self, version: str) -> str:
        """The image that the makers of the node's software publish for a version."""
        ...

    def standalone_files(
        self, plan: Plan, seal: Seal, material: NodeMaterial, places: Mapping[str, Place]
    ) -> tuple[NodeFile, ...]:
        """The files of a node that runs as a bare process in its own directory. `places`: by node
        path, of all nodes; their ports are `p2p`, `rpc` and those that the process has for
        clients."""
        ...


@dataclass(frozen=True, slots=True)
class NodeEndpoint:
    """Where and as whom a node is asked. `tls_fingerprint`: the pinned key of its certificate.

    `plain`: the node was started without TLS. It is never set because TLS did not work.
    `authorities`: in place of the pinned key, CAs (PEM) that vouch for the node; for a person who
    has no record of keys. The operator never uses it.
    """

    node: str
    host: str
    port: int
    tls_fingerprint: str
    plain: bool = False
    authorities: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class ClientIdentity:
    """The operator's own client key and certificate for one member."""

    key: PrivateFiles
    certificate: str


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a change of the running chain takes: the sealer that it is sent through, the accounts
    whose keys are here (the operator's own first), and the minutes of what was proposed."""

    endpoint: NodeEndpoint
    identity: ClientIdentity
    accounts: Sequence[PrivateFiles]
    plan: Plan
    minutes: Minutes


@dataclass(frozen=True, slots=True)
class Enacted:
    """What became of one step of a change. `holds`: as the chain read afterwards. `refusal`: why
    the chain did not carry it out, in words. `proposal`: the open one that it waits for."""

    holds: bool
    refusal: str | None = None
    proposal: OpenProposal | None = None


class ChainClient(Protocol):
    """Talks to the running nodes of one chain."""

    async def view(
        self,
        endpoint: NodeEndpoint,
        identity: ClientIdentity,
        heights: Collection[int] | None = None,
    ) -> NodeView:
        """All that the node says of itself; never raises for a node that is silent or wrong.
        `heights`: of its marks; None: heights that any two nodes that keep up have in common."""
        ...

    async def glance(self, endpoint: NodeEndpoint, identity: ClientIdentity) -> Glance:
        """Whether the node works, and where it stands. Never raises, as `view`."""
        ...

    async def settings(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, names: Sequence[str], plan: Plan
    ) -> Mapping[str, str]:
        """Of the running chain, as the node has them; without those that were never made. Raises
        ChainCallFailed."""
        ...

    async def probe(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, account: PrivateFiles, plan: Plan
    ) -> None:
        """Sends one transaction that changes nothing of meaning, and returns when its block is
        committed. Raises ChainCallFailed."""
        ...

    async def enact(self, mandate: Mandate, change: Change) -> Enacted:
        """Takes a running chain one step nearer to `change`; sends nothing where it holds. Raises
        ChainCallFailed."""
        ...

    async def withdraw(self, mandate: Mandate, kind: str) -> Withdrawal:
        """Revokes the operator's own proposal of this kind (as in the minutes), where it is open.
        Raises ChainCallFailed."""
        ...

    async def committee(
        self, endpoint: NodeEndpoint, identity: ClientIdentity, plan: Plan
    ) -> Committee:
        """Of a chain with auth on. Raises ChainCallFailed."""
        ...


class ChainCallFailed(Exception):
    """A node refused or did not answer. The message says which node, which call and why."""
