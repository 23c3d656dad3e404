"""Every name and label that the operator gives to an object. No other module formats one.

A name is joined from parts that may themselves hold dashes, so two different nodes can ask for
one name ("a-b" + "c", "a" + "b-c"). The planner refuses that inside a chain; between chains the
labels decide, and an object whose labels disagree is never adopted (reason NameConflict).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from consortium_operator.api.chain import GROUP
from consortium_operator.chain.register import AuthorityKind

MANAGED_BY = "consortium-operator"

CHAIN_LABEL = f"{GROUP}/chain"
MEMBER_LABEL = f"{GROUP}/member"
NODE_LABEL = f"{GROUP}/node"
ENGINE_LABEL = f"{GROUP}/engine"
PART_LABEL = f"{GROUP}/part"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"

NODE_ID_ANNOTATION = f"{GROUP}/node-id"
GENESIS_ANNOTATION = f"{GROUP}/genesis-sha256"
RENEWED_ROOTS_ANNOTATION = f"{GROUP}/renewed-roots"
# On pods: the process was started with RPC without TLS.
PLAIN_RPC_ANNOTATION = f"{GROUP}/plain-rpc"
# On a StatefulSet: it has no pod only because its chain hibernates.
ASLEEP_ANNOTATION = f"{GROUP}/asleep"

# On the resource, by people; the operator only reads it.
ACCEPT_PAUSE_ANNOTATION = f"{GROUP}/accept-pause"
ACCEPT_CHANGE_ANNOTATION = f"{GROUP}/accept-change"
ROTATE_CA_ANNOTATION = f"{GROUP}/rotate-ca"
CONFIRM_BACKUP_ANNOTATION = f"{GROUP}/confirm-backup"
RESTART_ANNOTATION = f"{GROUP}/restart"
APPROVE_ROLLOUT_ANNOTATION = f"{GROUP}/approve-rollout"
MOVE_NODE_ANNOTATION = f"{GROUP}/move-node"


class ChildPart(StrEnum):
    """What a child is for: the value of its label consortium.dev/part. The list is closed.

    A part with a kind finds like objects, such as every certificate ConfigMap of a node.
    """

    # Retained: these outlive the chain's resource.
    IDENTITY = "identity"  # Secret: a node's key
    TLS = "tls"  # Secret: a node's TLS key
    AUTHORITY = "authority"  # Secret: a member's CA
    CLIENT = "client"  # Secret, and a disposable ConfigMap: a member's SDK client
    OPERATOR_CLIENT = "operator-client"  # the same: the operator's own client of that member
    ADMIN = "admin"  # Secret: the chain's first account
    REGISTER = "register"  # ConfigMap: the public side of a key
    GENESIS = "genesis"  # ConfigMap, and its copy
    JOURNAL = "journal"  # ConfigMap
    DATA = "data"  # PersistentVolumeClaim
    # Disposable: made again when they are lost.
    CERTIFICATE = "certificate"  # ConfigMap
    CONFIG = "config"  # ConfigMap
    PEERS = "peers"  # ConfigMap
    TRUST = "trust"  # ConfigMap
    NODE = "node"  # StatefulSet, its pods, and the node's Service
    RPC = "rpc"  # Service of a member
    BUDGET = "budget"  # PodDisruptionBudget
    NETWORK = "network"  # NetworkPolicy


# A StatefulSet's pods carry the label controller-revision-hash "<name>-<10 hex>", and label
# values end at 63 characters: https://github.com/kubernetes/kubernetes/issues/64023
NODE_NAME_LIMIT = 52
# Services are DNS labels.
SERVICE_NAME_LIMIT = 63


def shorten(name: str, limit: int) -> str:
    """`name` itself, or where it is too long, its beginning and a hash of the whole."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


def words_of(annotation: str) -> list[str]:
    """What people have written into an annotation that may name several things."""
    return [word for word in re.split(r"[,\s]+", annotation) if word]


def content_hash(*contents: str) -> str:
    """Ten hex digits that stand for `contents` in the name of an immutable object."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(hashlib.sha256(content.encode()).digest())
    return digest.hexdigest()[:10]


@dataclass(frozen=True, slots=True, order=True)
class ChainKey:
    """The chain's resource: what the queue, the store and the log lines are keyed by."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    # One object of each kind a chain.
    @property
    def genesis(self) -> str:
        return f"{self.name}-genesis"

    @property
    def genesis_copy(self) -> str:
        return f"{self.name}-genesis-copy"

    @property
    def trust(self) -> str:
        return f"{self.name}-trust"

    @property
    def journal(self) -> str:
        return f"{self.name}-journal"

    @property
    def admin(self) -> str:
        return f"{self.name}-admin"

    @property
    def p2p_policy(self) -> str:
        return f"{self.name}-p2p"

    @property
    def rpc_policy(self) -> str:
        return f"{self.name}-rpc-clients"

    @property
    def sealers_budget(self) -> str:
        """The PodDisruptionBudget of sealers that the quorum can spare one at a time."""
        return f"{self.name}-sealers"

    @property
    def heavy_sealers_budget(self) -> str:
        """The PodDisruptionBudget of sealers heavier than f: none may go."""
        return f"{self.name}-heavy-sealers"

    def member(self, member: str) -> "MemberNames":
        return MemberNames(self.name, member)

    def node(self, member: str, group: str, index: int) -> "NodeNames":
        return NodeNames(shorten(f"{self.name}-{member}-{group}-{index}", NODE_NAME_LIMIT))


@dataclass(frozen=True, slots=True)
class MemberNames:
    """Names of what a member organisation has once."""

    chain: str
    member: str

    def authority(self, kind: AuthorityKind, generation: int) -> str:
        return f"{self.chain}-{self.member}-{kind.value}-{generation}"

    @property
    def client(self) -> str:
        return f"{self.chain}-{self.member}-client"

    @property
    def operator_client(self) -> str:
        return f"{self.chain}-{self.member}-operator-client"

    @property
    def rpc_service(self) -> str:
        return shorten(f"{self.chain}-{self.member}-rpc", SERVICE_NAME_LIMIT)


@dataclass(frozen=True, slots=True)
class NodeNames:
    """Names of what a node has; `node` is its full object name (StatefulSet, Service, label)."""

    node: str

    @property
    def pod(self) -> str:
        return f"{self.node}-0"

    @property
    def identity(self) -> str:
        """The Secret with the node key, and the register ConfigMap with its public part."""
        return f"{self.node}-identity"

    def tls(self, generation: int) -> str:
        return f"{self.node}-tls-{generation}"

    def certificate(self, digest: str) -> str:
        return f"{self.node}-cert-{digest}"

    def config(self, digest: str) -> str:
        return f"{self.node}-config-{digest}"

    @property
    def peers(self) -> str:
        return f"{self.node}-peers"

    def data(self, generation: int) -> str:
        return f"{self.node}-data-g{generation}"


def chain_labels(chain: str, engine: str) -> dict[str, str]:
    """Labels of every child. `part`, `member` and `node` are added where they apply."""
    return {CHAIN_LABEL: chain, ENGINE_LABEL: engine, MANAGED_BY_LABEL: MANAGED_BY}


def member_labels(chain: str, engine: str, member: str) -> dict[str, str]:
    return chain_labels(chain, engine) | {MEMBER_LABEL: member}


def node_labels(chain: str, engine: str, member: str, node: str) -> dict[str, str]:
    return member_labels(chain, engine, member) | {NODE_LABEL: node}


OWN_LABELS = (CHAIN_LABEL, MEMBER_LABEL, NODE_LABEL, ENGINE_LABEL, MANAGED_BY_LABEL)


def is_ours(found: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether an object with labels `found` is the child that `wanted` labels describe."""
    return all(found.get(label) == wanted.get(label) for label in OWN_LABELS)
