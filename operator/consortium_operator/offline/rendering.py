"""Renders a chain: the steps of the operator's first round, on a memory instead of a cluster.

No step is done here in another way than the operator does it. What only a running cluster can
know (a Service's address, what the nodes say) is taken as it is for a chain that is well.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from consortium_operator.api.conditions import Reason
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import PART_LABEL, ChildPart, chain_labels, is_ours
from consortium_operator.chain.plan import Plan, PlannedMember, PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.engines.protocol import ChainClient, Engine
from consortium_operator.kube.kinds import SECRET, kind_of
from consortium_operator.kube.store import Store
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.pod import NodePod
from consortium_operator.offline.cluster import MemoryCluster
from consortium_operator.reconcile.certificates import (
    HeldCertificates,
    authority_key,
    node_certificates,
)
from consortium_operator.reconcile.desired import (
    NodeObjects,
    desired_budgets,
    desired_journal,
    desired_nodes,
    desired_shared,
)
from consortium_operator.reconcile.findings import Blocked, Finding, Findings
from consortium_operator.reconcile.journal import Seen, updated
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.steps import Progress, establish
from consortium_operator.reconcile.volumes import ledgers_of, node_volumes
from consortium_operator.reconcile.world import (
    ChainLog,
    ChainMemory,
    Custody,
    Founded,
    Round,
    World,
)

log = logging.getLogger(__name__)

# What the operator keeps as it was first written, or renews in place.
_KEPT = {
    ChildPart.REGISTER,
    ChildPart.GENESIS,
    ChildPart.CLIENT,
    ChildPart.OPERATOR_CLIENT,
}


class CannotRender(Exception):
    """Why the operator would stop too. `reasons`: one sentence each."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(dict.fromkeys(reasons))
        super().__init__("; ".join(self.reasons))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Engine, clock and randomness, injected. `serial`: of a new certificate."""

    engines: Mapping[str, Engine]
    now: Callable[[], datetime]
    serial: Callable[[], int]


@dataclass(frozen=True, slots=True)
class RenderedNode:
    """A node, the certificate that serves it, and its pod: which objects hold its files."""

    node: PlannedNode
    held: HeldCertificates
    pod: NodePod


@dataclass(frozen=True, slots=True)
class Rendering:
    """A chain as the operator would apply it.

    `secrets`: every Secret that the operator makes. `manifests`: all other objects, in the order
    in which they are written. `found`: Secrets of others that the chain uses. `authorities`: each
    member's CA keys. `notes`: what a person will have to do before long.
    """

    founded: Founded
    secrets: tuple[Manifest, ...]
    manifests: tuple[Manifest, ...]
    found: tuple[Manifest, ...]
    nodes: tuple[RenderedNode, ...]
    authorities: Mapping[tuple[str, AuthorityKind], PrivateFiles]
    notes: tuple[str, ...]

    @property
    def plan(self) -> Plan:
        return self.founded.round.plan

    @property
    def engine(self) -> Engine:
        return self.founded.round.engine

    @property
    def seal(self) -> Seal:
        return self.founded.seal

    @property
    def custody(self) -> Custody:
        return self.founded.custody


def render(plan: Plan, kept: Iterable[Manifest], surroundings: Surroundings) -> Rendering:
    """`kept`: the objects of an earlier rendering, or of a cluster: keys, register, genesis,
    certificates. What they lack is made, where the operator would make it. Raises CannotRender."""
    cluster = MemoryCluster(kept)
    # No server knows the resource here, and owner references would carry its uid.
    run = offline_round(replace(plan, uid=None), cluster, _kept(cluster), surroundings)
    try:
        return asyncio.run(_render(run, cluster))
    except Blocked as blocked:
        run.findings.extend(blocked.findings)
        raise CannotRender(_all(run)) from blocked
    except ValueError as error:
        # InvalidMaterial, TamperedGenesis, a file that would not read back as it was meant: none
        # of them quotes what is private.
        raise CannotRender([f"the chain cannot be rendered: {error}"]) from error


async def _render(run: Round, cluster: MemoryCluster) -> Rendering:
    plan = run.plan
    founded = await establish(run, Progress(plan))
    _refuse(run)
    certificates = await node_certificates(founded)
    authorities = {
        (member.name, kind): await _authority(founded, member, kind)
        for member in plan.members
        for kind in AuthorityKind
    }
    _refuse(run)
    if missing := [node.path for node in plan.nodes if node.names.node not in certificates]:
        raise CannotRender([f"there is no certificate for {', '.join(missing)}", *_all(run)])
    journal = Journal({})
    volumes = node_volumes(run, ledgers_of(run, journal))
    nodes = desired_nodes(founded, certificates, volumes, journal)
    kept_now = [one for one in cluster.objects if _is_ours(run, one)]
    secrets = [one for one in cluster.objects if kind_of(one) == SECRET]
    _refuse(run)
    return Rendering(
        founded=founded,
        secrets=tuple(one for one in secrets if _is_ours(run, one)),
        manifests=(
            *(o for o in kept_now if _part(o) in _KEPT and kind_of(o) != SECRET),
            *_desired(founded, nodes),
        ),
        found=tuple(one for one in secrets if not _is_ours(run, one)),
        nodes=tuple(
            RenderedNode(one.node, certificates[one.node.names.node], one.pod) for one in nodes
        ),
        authorities=authorities,
        notes=tuple(_all(run)),
    )


def _kept(cluster: MemoryCluster) -> Store:
    store = Store()
    for obj in cluster.objects:
        if kind_of(obj) != SECRET:
            store.record(
                {**obj, "metadata": obj["metadata"] | {"uid": "kept", "resourceVersion": "1"}}
            )
    return store


def offline_round(
    plan: Plan, cluster: MemoryCluster, store: Store, surroundings: Surroundings
) -> Round:
    """A round of the operator that reaches nobody. `store`: what it has seen."""
    world = World(
        client=cluster,
        store=store,
        settings=plan.settings,
        engines=surroundings.engines,
        connect=_nobody,
        now=surroundings.now,
        serial=surroundings.serial,
    )
    return Round(
        world=world,
        memory=ChainMemory(uid=""),
        plan=plan,
        engine=surroundings.engines[plan.engine].for_chain(plan),
        findings=Findings(),
        log=ChainLog(log, {"chain": str(plan.key)}),
    )


def _nobody(plan: Plan) -> ChainClient:
    raise AssertionError("there are no nodes to talk to")


async def _authority(founded: Founded, member: PlannedMember, kind: AuthorityKind) -> PrivateFiles:
    newest = founded.custody.eras_of(member.name)[0]
    return await authority_key(founded.round, member, kind, newest)


def _desired(founded: Founded, nodes: tuple[NodeObjects, ...]) -> list[Manifest]:
    """In the operator's order: what pods name, what they dial, then the pods."""
    run, custody = founded.round, founded.custody
    known = Knowledge(custody, _all_well(founded), frozenset(), Journal({}))
    journal = updated(run, Journal({}), Seen(custody, None, {}))
    return [
        *(one for node in nodes for one in (node.certificate, node.config)),
        *desired_shared(founded, Journal({})),
        *desired_budgets(founded, known),
        desired_journal(founded.round, journal),
        *(node.claim for node in nodes if node.claim is not None),
        *(node.stateful_set for node in nodes),
    ]


def _all_well(founded: Founded) -> ChainView:
    """All founders live: then the disruption budgets are those of a chain that runs."""
    names = {public.node_id: name for name, public in founded.custody.nodes.items()}
    ids = frozenset(founder.node_id for founder in founded.seal.founders)
    text = founded.round.engine.block0_text(founded.seal)
    nodes = tuple(
        NodeView(names[one], node_id=one, height=1, block0_text=text, peers=ids - {one})
        for one in sorted(ids)
    )
    weights = {founder.node_id: founder.weight for founder in founded.seal.founders}
    return ChainView(nodes, text, weights)


def _refuse(run: Round) -> None:
    """All but what serves and will end: of that the operator warns, and goes on."""
    if any(finding.reason is not Reason.RENEWING for finding in run.findings.found):
        raise CannotRender(_all(run))


def _all(run: Round) -> list[str]:
    return [_words(finding) for finding in run.findings.found]


def _words(finding: Finding) -> str:
    return f"{finding.message} ({finding.reason.value})"


def _part(obj: Manifest) -> str | None:
    part: str | None = (obj["metadata"].get("labels") or {}).get(PART_LABEL)
    return part


def _is_ours(run: Round, obj: Manifest) -> bool:
    """A child of this chain, whichever member's or node's it is."""
    labels = obj["metadata"].get("labels") or {}
    wanted = chain_labels(run.key.name, run.plan.engine)
    return is_ours({name: labels.get(name, "") for name in wanted}, wanted)
