"""From a parsed resource to the plan: every node with its name, weight and settings resolved.

The plan says what the spec wants, with defaults applied and in a fixed order, so that the order
of members and nodes in the spec never matters. What the chain was founded with is in the seal.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import cached_property

from consortium_operator.api.chain import (
    ConsortiumChain,
    ConsortiumChainSpec,
    Image,
    Member,
    NodeGroup,
    NodeState,
    Role,
)
from consortium_operator.api.conditions import Reason
from consortium_operator.api.placement import Placement, Resources, Storage
from consortium_operator.api.problem import InvalidResource, Problem
from consortium_operator.chain.naming import ChainKey, MemberNames, NodeNames
from consortium_operator.chain.quorum import Quorum
from consortium_operator.chain.register import AuthorityKind


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator's own deployment decides.

    `image_catalogue`: version → repository@digest or repository:tag.
    """

    operator_namespace: str
    image_catalogue: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlannedImage:
    reference: str
    pull_policy: str
    pull_secrets: tuple[str, ...]


class Departure(Enum):
    """How far somebody is on the way out: still on the chain, or voted out."""

    LEAVING = auto()
    OUT = auto()


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """One node. `name` is what people write (shenzhen-0); `names.node` is its full object name.
    `brought_key`: the Secret of its owner that holds node.pem, where the operator makes none.
    `is_stopped`: the spec wants it to have no pod; `is_asleep`: and only because the chain
    hibernates. `departure`: set for a node that the spec no longer has."""

    member: str
    name: str
    names: NodeNames
    role: Role
    weight: int
    storage: Storage
    resources: Resources
    placement: Placement
    pod_labels: Mapping[str, str]
    pod_annotations: Mapping[str, str]
    brought_key: str | None = None
    is_stopped: bool = False
    is_asleep: bool = False
    departure: Departure | None = None

    @property
    def group(self) -> str:
        """Its entry in the spec: shenzhen."""
        return self.name.rpartition("-")[0]

    @property
    def index(self) -> int:
        return int(self.name.rpartition("-")[2])

    @property
    def path(self) -> str:
        """As messages name a node: webank/shenzhen-0."""
        return f"{self.member}/{self.name}"

    @property
    def is_sealer(self) -> bool:
        return self.role is Role.SEALER

    @property
    def key_secret(self) -> str:
        """The Secret that holds node.pem."""
        return self.brought_key or self.names.identity


@dataclass(frozen=True, slots=True)
class PlannedMember:
    """`brought`: the member's own Secrets with the CAs that the operator does not make.
    `departure`: of a member that the spec no longer has."""

    name: str
    names: MemberNames
    brought: Mapping[AuthorityKind, str] = field(default_factory=dict)
    departure: Departure | None = None


@dataclass(frozen=True)
class Plan:
    """The whole chain as wanted. `nodes` are sorted by member, node group and index.

    `uid` is None for a resource that no API server has seen yet (`consortium render`).
    """

    key: ChainKey
    uid: str | None
    spec: ConsortiumChainSpec
    settings: Settings
    image: PlannedImage
    members: tuple[PlannedMember, ...]
    nodes: tuple[PlannedNode, ...]

    @property
    def engine(self) -> str:
        return self.spec.engine.value

    @cached_property
    def sealers(self) -> tuple[PlannedNode, ...]:
        return tuple(node for node in self.nodes if node.is_sealer)

    @cached_property
    def quorum(self) -> Quorum:
        return Quorum(sum(node.weight for node in self.sealers))

    @cached_property
    def by_object_name(self) -> Mapping[str, PlannedNode]:
        return {node.names.node: node for node in self.nodes}

    @cached_property
    def dialled(self) -> "Plan":
        """Without the nodes that were voted out: those that the others should know."""
        nodes = tuple(node for node in self.nodes if node.departure is not Departure.OUT)
        return replace(self, nodes=nodes)

    @cached_property
    def staying(self) -> tuple[PlannedNode, ...]:
        """The nodes of the spec."""
        return tuple(node for node in self.nodes if node.departure is None)

    @cached_property
    def running(self) -> tuple[PlannedNode, ...]:
        """The nodes of the spec that should have a pod."""
        return tuple(node for node in self.staying if not node.is_stopped)

    @cached_property
    def leaving(self) -> tuple[PlannedNode, ...]:
        """Nodes that run on as they are until they are voted out."""
        return tuple(node for node in self.nodes if node.departure is Departure.LEAVING)

    @cached_property
    def stopped(self) -> tuple[PlannedNode, ...]:
        """The nodes of the spec that should have none."""
        return tuple(node for node in self.staying if node.is_stopped)

    @cached_property
    def staying_members(self) -> tuple[PlannedMember, ...]:
        return tuple(member for member in self.members if member.departure is None)

    def field_of(self, member: str, group: str | None = None) -> str:
        """Where the resource says it, as problems name it: spec.members[0].nodes[1]. Of whom it
        has no more, the nearest thing around it."""
        at, entries = "spec.members", {one.name: one for one in self.spec.members}
        if member not in entries:
            return at
        at += f"[{list(entries).index(member)}]"
        groups = [one.name for one in entries[member].nodes]
        return f"{at}.nodes[{groups.index(group)}]" if group in groups else at

    def nodes_of(self, member: str) -> tuple[PlannedNode, ...]:
        return tuple(node for node in self.nodes if node.member == member)


def make_plan(chain: ConsortiumChain, settings: Settings) -> Plan:
    """The plan of a parsed resource.

    Raises InvalidResource where two nodes or clients ask for one object name, two keys are to come
    from one Secret, or no image is known.
    """
    key = ChainKey(chain.metadata.namespace, chain.metadata.name)
    nodes = tuple(
        node
        for member in sorted(chain.spec.members, key=lambda member: member.name)
        for group in sorted(member.nodes, key=lambda group: group.name)
        for node in _nodes_of(key, chain.spec, member, group)
    )
    members = tuple(
        PlannedMember(member.name, key.member(member.name), _brought_authorities(member))
        for member in sorted(chain.spec.members, key=lambda member: member.name)
    )
    _refuse_shared_names(nodes)
    _refuse_shared_clients(members)
    _refuse_shared_secrets(chain.spec)
    return Plan(
        key=key,
        uid=chain.metadata.uid,
        spec=chain.spec,
        settings=settings,
        image=_image(chain.spec, settings),
        members=members,
        nodes=nodes,
    )


def _brought_authorities(member: Member) -> dict[AuthorityKind, str]:
    references = {
        AuthorityKind.NODE: member.certificate_authority,
        AuthorityKind.CLIENT: member.client_authority,
    }
    return {kind: one.secret_name for kind, one in references.items() if one is not None}


def _nodes_of(
    key: ChainKey, spec: ConsortiumChainSpec, member: Member, group: NodeGroup
) -> list[PlannedNode]:
    defaults = spec.node_defaults
    return [
        PlannedNode(
            member=member.name,
            name=f"{group.name}-{index}",
            names=key.node(member.name, group.name, index),
            role=group.role,
            weight=group.weight,
            # An override replaces the whole key: absent means the default, never a mixture.
            storage=group.storage or defaults.storage,
            resources=group.resources or defaults.resources,
            placement=group.placement or defaults.placement,
            pod_labels=defaults.pod_labels if group.pod_labels is None else group.pod_labels,
            pod_annotations=(
                defaults.pod_annotations if group.pod_annotations is None else group.pod_annotations
            ),
            brought_key=None if group.identity is None else group.identity.secret_name,
            is_stopped=spec.hibernated or group.state is NodeState.STOPPED,
            is_asleep=spec.hibernated and group.state is NodeState.RUNNING,
        )
        for index in range(group.count)
    ]


def _refuse_shared_names(nodes: tuple[PlannedNode, ...]) -> None:
    name, count = Counter(node.names.node for node in nodes).most_common(1)[0]
    if count > 1:
        paths = " and ".join(node.path for node in nodes if node.names.node == name)
        raise InvalidResource(
            (
                Problem(
                    path="spec.members",
                    message=f"{paths} would share the object name {name}: "
                    "rename a node entry of one of them",
                    reason=Reason.NAME_CONFLICT,
                ),
            )
        )


def _refuse_shared_clients(members: tuple[PlannedMember, ...]) -> None:
    """A member "x-operator" would have its client where the operator has its own of member "x"."""
    operators = {member.names.operator_client: member.name for member in members}
    problems = tuple(
        Problem(
            path="spec.members",
            message=f"{operators[name]} and {member.name} would share the object name {name}: "
            "rename one of them",
            reason=Reason.NAME_CONFLICT,
        )
        for member in members
        if (name := member.names.client) in operators
    )
    if problems:
        raise InvalidResource(problems)


def _refuse_shared_secrets(spec: ConsortiumChainSpec) -> None:
    """One CA for two purposes would open what only the other may; two nodes with one key break
    the consensus. A Secret may hold a CA and a node's key: these are two keys."""
    first: dict[tuple[str, str], str] = {}
    problems = tuple(
        Problem(path, f"is the Secret of {known} as well: each needs a key of its own")
        for path, key in _brought_secrets(spec)
        if (known := first.setdefault(key, path)) != path
    )
    if problems:
        raise InvalidResource(problems)


def _brought_secrets(spec: ConsortiumChainSpec) -> Iterator[tuple[str, tuple[str, str]]]:
    """Field → (what is taken from the Secret, its name)."""
    for m, member in enumerate(spec.members):
        at = f"spec.members[{m}]"
        authorities = {
            "certificateAuthority": member.certificate_authority,
            "clientAuthority": member.client_authority,
        }
        for field_name, one in authorities.items():
            if one is not None:
                yield f"{at}.{field_name}.secretName", ("CA", one.secret_name)
        for n, group in enumerate(member.nodes):
            if group.identity is not None:
                path = f"{at}.nodes[{n}].identity.secretName"
                yield path, ("node", group.identity.secret_name)


def _image(spec: ConsortiumChainSpec, settings: Settings) -> PlannedImage:
    reference = image_reference(spec, settings.image_catalogue)
    if reference is None:
        message = (
            f"no image is known for version {spec.version}, only for "
            f"{versions_of(settings.image_catalogue)}: set spec.image.repository with digest or "
            "tag, or add the version to the chart's value imageCatalogue"
        )
        raise InvalidResource((Problem("spec.image", message, Reason.IMAGE_REQUIRED),))
    return PlannedImage(
        reference=reference,
        pull_policy=spec.image.pull_policy.value,
        pull_secrets=tuple(secret.name for secret in spec.image.pull_secrets),
    )


def image_reference(spec: ConsortiumChainSpec, catalogue: Mapping[str, str]) -> str | None:
    """The image of the spec's version: the spec's own, else the catalogue's (version → image)."""
    return _reference(spec.image) or catalogue.get(spec.version)


def versions_of(catalogue: Mapping[str, str]) -> str:
    """Those that there are images for, in the order of their numbers: 3.9.0 before 3.16.4."""
    by_numbers = sorted(catalogue, key=lambda one: [part.rjust(9) for part in one.split(".")])
    return ", ".join(by_numbers) or "none"


def _reference(image: Image) -> str | None:
    if image.repository is None:
        return None
    if image.digest is not None:
        return f"{image.repository}@{image.digest}"
    return f"{image.repository}:{image.tag}" if image.tag is not None else None
