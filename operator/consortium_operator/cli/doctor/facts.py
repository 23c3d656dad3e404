"""What `consortium doctor` has read, for the checks: objects as the API server returns them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from consortium_operator.api.parse import parse
from consortium_operator.api.problem import InvalidResource, Problem
from consortium_operator.chain.naming import CHAIN_LABEL, NODE_LABEL
from consortium_operator.chain.plan import Plan, Settings, make_plan
from consortium_operator.cli.seeing import Hidden, Objects
from consortium_operator.kube.kinds import JsonObject
from consortium_operator.kube.person import Right, Server


@dataclass(frozen=True, slots=True)
class Clock:
    """The server's answer, and the time here in the middle of the question."""

    server: Server
    here: datetime


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What all namespaces share. `definition`: the CRD, None where there is none."""

    clock: Clock
    definition: JsonObject | Hidden | None
    storage_classes: Objects
    ranges: Objects
    addresses: Objects
    hosts: Objects
    heartbeats: Objects
    dns: Objects
    daemon_sets: Objects


@dataclass(frozen=True, slots=True)
class OperatorFacts:
    """What is installed in `namespace`. `catalogue`: version → image. `bindings`: those that could
    give the operator rights in the chains' namespace; `roles`: what they bind."""

    namespace: str
    deployments: Objects
    catalogue: Mapping[str, str] | Hidden
    bindings: Objects
    roles: Objects


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """One chain. `plan`: None where its spec is invalid, and `problems` say why."""

    resource: JsonObject
    plan: Plan | None
    problems: tuple[Problem, ...]

    @property
    def name(self) -> str:
        return str(self.resource["metadata"]["name"])

    @classmethod
    def of(cls, resource: JsonObject) -> "ChainFacts":
        try:
            chain = parse(resource)
            # Which image it is, the check of images says.
            return cls(resource, make_plan(chain, Settings("", {chain.spec.version: "any"})), ())
        except InvalidResource as error:
            return cls(resource, None, error.problems)


@dataclass(frozen=True, slots=True)
class NamespaceFacts:
    """The chains' namespace. `rights`: what the caller may do; `itself`: None where there is no
    such namespace. The objects have the label of a chain, but `budgets`, which are all."""

    name: str
    itself: JsonObject | Hidden | None
    rights: Mapping[Right, bool]
    chains: tuple[ChainFacts, ...] | Hidden
    config_maps: Objects
    services: Objects
    pods: Objects
    budgets: Objects

    @property
    def known_chains(self) -> tuple[ChainFacts, ...]:
        return () if isinstance(self.chains, Hidden) else self.chains

    @property
    def planned(self) -> tuple[Plan, ...]:
        return tuple(chain.plan for chain in self.known_chains if chain.plan is not None)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything. `client_version`: of this command line."""

    client_version: str
    cluster: ClusterFacts
    operator: OperatorFacts
    namespace: NamespaceFacts


def labels_of(obj: JsonObject) -> Mapping[str, str]:
    return obj["metadata"].get("labels") or {}


def of_chain(objects: Iterable[JsonObject], chain: str) -> tuple[JsonObject, ...]:
    return tuple(one for one in objects if labels_of(one).get(CHAIN_LABEL) == chain)


def pods_by_node(pods: Iterable[JsonObject], chain: str) -> dict[str, JsonObject]:
    """Full object name of the node → its pod."""
    return {labels_of(one).get(NODE_LABEL, ""): one for one in of_chain(pods, chain)}
