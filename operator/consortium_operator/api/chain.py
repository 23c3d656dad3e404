"""The resource `ConsortiumChain`: one of them is one consortium chain.

The field names are a contract: manifests, tools and people depend on them. Descriptions are what
`kubectl explain` shows. The CRD is generated from these models (crd.py), what they cannot say
stands in rules.py, and parse.py makes a model from what a user wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from consortium_operator.api.base import (
    LIST_ATOMIC,
    Boolean,
    Duration,
    Integer,
    ObservedPart,
    Part,
    StringMap,
    Text,
    list_map_of,
    unique,
)
from consortium_operator.api.fisco_bcos import FiscoBcos, Version
from consortium_operator.api.placement import NodeDefaults, NodeStorage, Placement, Resources
from consortium_operator.api.selector import LabelSelector
from consortium_operator.api.status import ConsortiumChainStatus

GROUP = "consortium.dev"
VERSION = "v1alpha1"
KIND = "ConsortiumChain"
PLURAL = "consortiumchains"
SINGULAR = "consortiumchain"
SHORT_NAME = "cchain"
API_VERSION = f"{GROUP}/{VERSION}"

# The names of a chain's objects begin with its name and end with a member's and a node's.
NAME_MAX_LENGTH = 40
MEMBER_NAME_MAX_LENGTH = 30
NODES_MAX = 256


class EngineName(StrEnum):
    """The software that the chain's nodes run."""

    FISCO_BCOS = "FiscoBcos"


class PullPolicy(StrEnum):
    """When a machine fetches the image."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


class Role(StrEnum):
    """What a node does in the consensus."""

    SEALER = "Sealer"
    OBSERVER = "Observer"


class NodeState(StrEnum):
    """Whether a node is meant to run."""

    RUNNING = "Running"
    STOPPED = "Stopped"


class RolloutStrategy(StrEnum):
    """Who starts a rollout."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class SecretReference(Part):
    """A Secret in the chain's namespace."""

    secret_name: Text = Field(description="Name of the Secret.")


class PullSecret(Part):
    """A Secret with the credentials of an image registry."""

    name: Text = Field(description="Name of the Secret, of type kubernetes.io/dockerconfigjson.")


class Image(Part):
    """The image of the nodes. Without a repository the operator's catalogue is asked."""

    repository: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None,
        description=(
            "Registry and name of the image. Needs tag or digest. Default: the entry for "
            "spec.version in the operator's image catalogue."
        ),
    )
    tag: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        default=None, description="Tag of the image. A digest wins over it."
    )
    digest: Annotated[str, Field(min_length=71, max_length=71)] | None = Field(
        default=None, description="Digest of the image: sha256: and 64 hexadecimal digits."
    )
    pull_policy: PullPolicy = Field(
        default=PullPolicy.IF_NOT_PRESENT,
        description="When a machine fetches the image: Always, IfNotPresent or Never.",
    )
    pull_secrets: Annotated[
        tuple[PullSecret, ...],
        Field(max_length=8, json_schema_extra=list_map_of("name")),
        unique(lambda secret: secret.name),
    ] = Field(default=(), description="Secrets with the credentials of the image's registry.")


class Certificates(Part):
    """How long certificates last. Durations are hours, minutes and seconds, such as 8760h."""

    duration: Duration = Field(default="8760h", description="Life of a node's TLS certificate.")
    renew_before: Duration = Field(
        default="720h",
        description="How long before its end a certificate is renewed. Shorter than its life.",
    )
    client_duration: Duration = Field(
        default="2160h", description="Life of a client certificate (SDK)."
    )
    ca_duration: Duration = Field(
        default="87600h",
        description="Life of a CA made by the operator. No certificate outlives its CA.",
    )


class Rollout(Part):
    """How new images and settings reach the nodes."""

    strategy: RolloutStrategy = Field(
        default=RolloutStrategy.AUTOMATIC,
        description=(
            "Automatic: node by node, as fast as the quorum allows. Manual: after an approval by "
            "annotation."
        ),
    )


class NetworkClient(Part):
    """Pods that may reach RPC. Without namespaceSelector: of the chain's own namespace."""

    namespace_selector: LabelSelector | None = Field(
        default=None, description="The namespaces of the pods."
    )
    pod_selector: LabelSelector | None = Field(
        default=None, description="The pods. Absent: every pod of these namespaces."
    )


class NetworkPolicySettings(Part):
    """Who may connect to the nodes."""

    enabled: Boolean = Field(
        default=True, description="Make NetworkPolicies that close every port to all others."
    )
    clients: Annotated[
        tuple[NetworkClient, ...], Field(max_length=32, json_schema_extra=LIST_ATOMIC)
    ] = Field(
        default=(),
        description="Who may reach JSON-RPC, and web3Rpc where it is enabled. Default: nobody; the "
        "operator reaches JSON-RPC in any case.",
    )


class NodeGroup(Part):
    """One or more like nodes of a member: <name>-0 up to <name>-<count - 1>."""

    name: Annotated[str, Field(min_length=1, max_length=30)] = Field(
        description="Name within the member, such as a city. A DNS label of at most 30 characters."
    )
    count: Annotated[Integer, Field(ge=1, le=64)] = Field(
        default=1,
        description="How many nodes, 1 to 64. A smaller number removes the highest ones.",
    )
    role: Role = Field(
        default=Role.SEALER,
        description="Sealer: proposes and votes. Observer: follows the chain only.",
    )
    weight: Annotated[Integer, Field(ge=1, le=1_000_000)] = Field(
        default=1, description="The weight of each node's vote. Only sealers vote."
    )
    state: NodeState = Field(
        default=NodeState.RUNNING,
        description="Running or Stopped. Stopped keeps keys and data; needs count: 1.",
    )
    identity: SecretReference | None = Field(
        default=None,
        description=(
            "Secret with the node's own key, node.pem; needs count: 1. The node mounts it as it "
            "is. Default: the operator makes the key."
        ),
    )
    storage: NodeStorage | None = Field(
        default=None, description="In place of nodeDefaults.storage as a whole."
    )
    resources: Resources | None = Field(
        default=None, description="In place of nodeDefaults.resources as a whole."
    )
    placement: Placement | None = Field(
        default=None, description="In place of nodeDefaults.placement as a whole."
    )
    pod_labels: StringMap | None = Field(
        default=None, description="In place of nodeDefaults.podLabels as a whole."
    )
    pod_annotations: StringMap | None = Field(
        default=None, description="In place of nodeDefaults.podAnnotations as a whole."
    )


class Member(Part):
    """An organisation of the consortium and its nodes."""

    name: Annotated[str, Field(min_length=1, max_length=MEMBER_NAME_MAX_LENGTH)] = Field(
        description=(
            "Name of the organisation. A DNS label of at most 30 characters; unique in the chain."
        )
    )
    display_name: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        default=None, description="The organisation's name as people write it."
    )
    certificate_authority: SecretReference | None = Field(
        default=None,
        description=(
            "Secret (kubernetes.io/tls) with the member's own CA for node certificates. It is read "
            "and never changed. Default: the operator makes one."
        ),
    )
    client_authority: SecretReference | None = Field(
        default=None,
        description=(
            "Secret (kubernetes.io/tls) with the member's own CA for client certificates; another "
            "one than certificateAuthority. Default: the operator makes one."
        ),
    )
    nodes: Annotated[
        tuple[NodeGroup, ...],
        Field(min_length=1, max_length=32, json_schema_extra=list_map_of("name")),
        unique(lambda group: group.name),
    ] = Field(description="The member's nodes, by name. At most 32 entries.")


class ConsortiumChainSpec(Part):
    """What the chain should be."""

    engine: EngineName = Field(
        default=EngineName.FISCO_BCOS,
        description="The software that the chain's nodes run. Immutable.",
    )
    version: Version = Field(
        description="Version of the node's program, exactly one: X.Y.Z without a leading v."
    )
    image: Image = Field(default=Image(), description="The image of the nodes.")
    chain_id: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        description=(
            "The chain's id: 1 to 32 letters and digits. No two chains of one operator may have "
            "the same chainId and fiscoBcos.groupId: a transaction of one would be valid on the "
            "other. Immutable."
        )
    )
    fisco_bcos: FiscoBcos = Field(
        default=FiscoBcos(), description="What only the engine FiscoBcos knows."
    )
    node_defaults: NodeDefaults = Field(
        default=NodeDefaults(),
        description="What a node entry does not set itself. An override replaces the whole key.",
    )
    certificates: Certificates = Field(
        default=Certificates(), description="How long certificates last."
    )
    rollout: Rollout = Field(
        default=Rollout(), description="How new images and settings reach the nodes."
    )
    network_policy: NetworkPolicySettings = Field(
        default=NetworkPolicySettings(), description="Who may connect to the nodes."
    )
    paused: Boolean = Field(
        default=False, description="The operator writes nothing but the status while this is true."
    )
    hibernated: Boolean = Field(
        default=False, description="Stop all nodes. Keys, genesis and data are kept."
    )
    deletion_protection: Boolean = Field(
        default=False,
        description=(
            "While this is true, the chart's admission policies refuse the deletion of this "
            "resource and of its namespace."
        ),
    )
    members: Annotated[
        tuple[Member, ...],
        Field(min_length=1, max_length=64, json_schema_extra=list_map_of("name")),
        unique(lambda member: member.name),
    ] = Field(
        description=(
            "The organisations, by name: at most 64, with at most 256 nodes together. At least one "
            "node is a sealer; four sealers of one weight are needed to survive the loss of one."
        )
    )


class Metadata(ObservedPart):
    """What this project reads of the object's metadata."""

    name: str
    namespace: str = "default"
    uid: str | None = None
    generation: Integer = 0
    deletion_timestamp: str | None = None
    annotations: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}


class ConsortiumChain(ObservedPart):
    """A consortium chain: its members, their nodes and how they run."""

    api_version: Literal["consortium.dev/v1alpha1"]
    kind: Literal["ConsortiumChain"]
    metadata: Metadata
    spec: ConsortiumChainSpec = Field(description="What the chain should be.")
    status: ConsortiumChainStatus = Field(
        default=ConsortiumChainStatus(),
        description="What the chain is, written by the operator alone.",
    )
