"""Asks the cluster for what the checks look at, all at once, with the caller's rights. What must
not be seen, or is not served, becomes a `Hidden` with the reason."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from consortium_operator.api.chain import GROUP, PLURAL
from consortium_operator.chain.naming import CHAIN_LABEL, PART_LABEL, ChildPart
from consortium_operator.cli.doctor.facts import (
    ChainFacts,
    Clock,
    ClusterFacts,
    Facts,
    NamespaceFacts,
    OperatorFacts,
)
from consortium_operator.cli.doctor.rights import rights_of
from consortium_operator.cli.seeing import Hidden, Objects, catalogue, every, one, operators
from consortium_operator.kube.client import Scope
from consortium_operator.kube.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    CUSTOM_RESOURCE_DEFINITION,
    DAEMON_SET,
    ENDPOINT_SLICE,
    HOST,
    IP_ADDRESS,
    LEASE,
    NAMESPACE,
    POD,
    POD_DISRUPTION_BUDGET,
    ROLE,
    ROLE_BINDING,
    SERVICE,
    SERVICE_CIDR,
    STORAGE_CLASS,
    ObjectKey,
)
from consortium_operator.kube.person import PersonClient, Right

_DNS_SELECTOR = "kubernetes.io/service-name=kube-dns"


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be examined. `name`: of one chain; "" is all of the namespace."""

    namespace: str
    name: str
    operator_namespace: str
    client_version: str
    now: Callable[[], datetime]


async def read(client: PersonClient, question: Question) -> Facts:
    """Raises ApiError where the API server does not answer at all."""
    clock = await _clock(client, question.now)
    cluster, operator, namespace = await asyncio.gather(
        _cluster(client, clock),
        _operator(client, question),
        _namespace(client, question),
    )
    return Facts(question.client_version, cluster, operator, namespace)


async def _clock(client: PersonClient, now: Callable[[], datetime]) -> Clock:
    before = now()
    server = await client.server()
    return Clock(server, before + (now() - before) / 2)


async def _cluster(client: PersonClient, clock: Clock) -> ClusterFacts:
    definition, lists = await asyncio.gather(
        one(client, ObjectKey(CUSTOM_RESOURCE_DEFINITION, "", f"{PLURAL}.{GROUP}")),
        _lists(
            client,
            Scope(STORAGE_CLASS),
            Scope(SERVICE_CIDR),
            Scope(IP_ADDRESS),
            Scope(HOST),
            Scope(LEASE, "kube-node-lease"),
            Scope(ENDPOINT_SLICE, "kube-system", _DNS_SELECTOR),
            Scope(DAEMON_SET),
        ),
    )
    return ClusterFacts(clock, definition, *lists)


async def _operator(client: PersonClient, question: Question) -> OperatorFacts:
    namespace = question.operator_namespace
    deployments, bound = await asyncio.gather(
        operators(client, namespace),
        _lists(
            client,
            Scope(ROLE_BINDING, question.namespace),
            Scope(CLUSTER_ROLE_BINDING),
            Scope(ROLE, question.namespace),
            Scope(CLUSTER_ROLE),
        ),
    )
    images = await catalogue(client, namespace, deployments)
    return OperatorFacts(
        namespace, deployments, images, _together(*bound[:2]), _together(*bound[2:])
    )


async def _namespace(client: PersonClient, question: Question) -> NamespaceFacts:
    name = question.namespace
    itself, rights, chains, lists = await asyncio.gather(
        one(client, ObjectKey(NAMESPACE, "", name)),
        _rights(client, question),
        _chains(client, question),
        _lists(
            client,
            Scope(CONFIG_MAP, name, CHAIN_LABEL),
            Scope(SERVICE, name, CHAIN_LABEL),
            Scope(POD, name, f"{CHAIN_LABEL},{PART_LABEL}={ChildPart.NODE}"),
            Scope(POD_DISRUPTION_BUDGET, name),
        ),
    )
    return NamespaceFacts(name, itself, rights, chains, *lists)


async def _lists(client: PersonClient, *scopes: Scope) -> list[Objects]:
    asked = (every(client, one.kind, one.namespace, one.label_selector) for one in scopes)
    return await asyncio.gather(*asked)


async def _chains(client: PersonClient, question: Question) -> tuple[ChainFacts, ...] | Hidden:
    if question.name:
        key = ObjectKey(CONSORTIUM_CHAIN, question.namespace, question.name)
        found = await client.get(key)
        return () if found is None else (ChainFacts.of(found),)
    seen = await every(client, CONSORTIUM_CHAIN, question.namespace)
    return seen if isinstance(seen, Hidden) else tuple(map(ChainFacts.of, seen))


async def _rights(client: PersonClient, question: Question) -> dict[Right, bool]:
    wanted = rights_of(question.namespace, question.operator_namespace)
    asked = list(dict.fromkeys(right for needed in wanted.values() for right in needed))
    return dict(zip(asked, await asyncio.gather(*map(client.may, asked)), strict=True))


def _together(*found: Objects) -> Objects:
    """What could be seen; where part of it could not, all of it counts as hidden."""
    hidden = next((one for one in found if isinstance(one, Hidden)), None)
    if hidden is not None:
        return hidden
    return tuple(obj for one in found if not isinstance(one, Hidden) for obj in one)
