"""Everything that a founded chain should consist of, in the order in which it is written.

Services come before any pod, since a node whose peers' names do not resolve does not start.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from consortium_operator.chain.files import NodeFile
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import content_hash
from consortium_operator.chain.plan import Departure, PlannedNode
from consortium_operator.chain.register import AuthorityKind
from consortium_operator.engines.protocol import NodeMaterial
from consortium_operator.kube.projection import PodDetail
from consortium_operator.manifests import Manifest
from consortium_operator.manifests.certificate import certificate_config_map
from consortium_operator.manifests.config import config_config_map
from consortium_operator.manifests.disruption import LiveSealers, disruption_budgets
from consortium_operator.manifests.journal import journal_config_map
from consortium_operator.manifests.network import network_policies
from consortium_operator.manifests.peers import peers_config_map
from consortium_operator.manifests.pod import Generations, NodePod, node_pod
from consortium_operator.manifests.service import member_rpc_service, node_service
from consortium_operator.manifests.statefulset import stateful_set
from consortium_operator.manifests.trust import trust_config_map
from consortium_operator.manifests.volume import data_claim
from consortium_operator.reconcile.certificates import HeldCertificates
from consortium_operator.reconcile.evictions import pod_of
from consortium_operator.reconcile.hangs import is_silent_for_a_moment
from consortium_operator.reconcile.key_owners import registered_authority
from consortium_operator.reconcile.knowledge import Knowledge
from consortium_operator.reconcile.world import Founded, Rendered, Round


@dataclass(frozen=True, slots=True)
class NodeObjects:
    """What one node has of its own. `claim` is None where its volume must not be made (again)."""

    node: PlannedNode
    pod: NodePod
    certificate: Manifest
    config: Manifest
    claim: Manifest | None
    stateful_set: Manifest


@dataclass(frozen=True, slots=True)
class NodeVolume:
    """Which volume generation a node uses, and whether it may be made if it is absent.
    `is_settled`: its pod may change; not while it is open which volume the node will have."""

    generation: int
    may_make: bool
    is_settled: bool = True


def desired_shared(founded: Founded, journal: Journal) -> tuple[Manifest, ...]:
    """The chain's and the members' objects, and what each node has apart from its pod."""
    plan, process = founded.round.plan, founded.round.engine.process(founded.round.plan)

    def address(service: str) -> str | None:
        return journal.of(service).cluster_ip

    return (
        *_trust(founded),
        *(node_service(plan, n, process, address(n.names.node)) for n in plan.dialled.nodes),
        *(
            member_rpc_service(plan, member, process, address(member.names.rpc_service))
            for member in plan.members
            if member.departure is not Departure.OUT
        ),
        *(_peers(founded, node) for node in plan.dialled.nodes),
        *network_policies(plan, process, _rpc_ports(founded.round, process.rpc.name)),
    )


def _rpc_ports(run: Round, name: str) -> set[int]:
    """Of the pods that are there: each keeps its port until its node's turn, and is asked there."""
    pods = (pod_of(run, node) for node in run.plan.nodes)
    details = (pod.detail for pod in pods if pod is not None)
    return {
        detail.ports[name]
        for detail in details
        if isinstance(detail, PodDetail) and name in detail.ports
    }


def desired_journal(run: Round, journal: Journal) -> Manifest:
    return journal_config_map(run.plan, journal)


def desired_files(
    founded: Founded, node: PlannedNode, held: HeldCertificates
) -> tuple[Manifest, Manifest]:
    """The ConfigMaps with the certificate and the settings of a node."""
    plan, files = founded.round.plan, _files(founded, node, held)
    return certificate_config_map(plan, node, files), config_config_map(plan, node, files)


def desired_nodes(
    founded: Founded,
    certificates: Mapping[str, HeldCertificates],
    volumes: Mapping[str, NodeVolume],
    journal: Journal,
) -> tuple[NodeObjects, ...]:
    """Of every node of the spec whose keys and certificate are there; the others' pods, and those
    of nodes that leave, are left alone.

    Where each node's files name all others, all are left alone while one of them is not known: a
    restarted node would refuse it.
    """
    plan = founded.round.plan
    unknown = any(node.names.node not in founded.custody.nodes for node in plan.dialled.nodes)
    if unknown and founded.round.engine.names_all_nodes(plan):
        return ()
    roots = _renewed_roots(founded, journal)
    return tuple(
        _node(founded, node, certificates[node.names.node], volumes[node.names.node], roots)
        for node in plan.staying
        if node.names.node in certificates
        and node.member in founded.custody.client_authorities
        and node.names.identity not in founded.custody.broken
    )


def _trust(founded: Founded) -> tuple[Manifest, ...]:
    """Untouched where a member's CA is not known: a node would lose its peers."""
    run, authorities = founded.round, founded.custody.node_authorities
    trusted = [one.name for one in run.plan.members if one.departure is not Departure.OUT]
    if any(name not in authorities for name in trusted):
        return ()
    generations = (founded.custody.trusted(name, AuthorityKind.NODE) for name in trusted)
    directory = run.engine.trust([one for trusted in generations for one in trusted])
    return (trust_config_map(run.plan, directory),)


def _peers(founded: Founded, node: PlannedNode) -> Manifest:
    plan = founded.round.plan
    return peers_config_map(plan, node, founded.round.engine.peers(plan.dialled, node))


def desired_budgets(founded: Founded, known: Knowledge) -> tuple[Manifest, ...]:
    """Of the sealers that are live, or may be; none where the chain was not read."""
    if known.view is None or not known.was_read:
        return ()
    total = sum(known.view.all_sealers.values())
    may_serve = _that_may_serve(founded.round, known)
    live = LiveSealers(known.view.quorum, known.needed, total, may_serve)
    return disruption_budgets(founded.round.plan, live)


def _that_may_serve(run: Round, known: Knowledge) -> Mapping[str, int]:
    """Weights of the sealers that missed an answer, by full object name, and of those that are up
    and may be called not live for no other reason."""
    nodes = run.plan.dialled.nodes
    silent = [
        node
        for node in nodes
        if (pod := pod_of(run, node)) and is_silent_for_a_moment(run, node, pod, known.view)
    ]
    up = [node for node in nodes if silent and known.is_up(node)]
    votes = {node.names.node: known.vote(node) for node in (*silent, *up)}
    return {name: vote for name, vote in votes.items() if vote and name not in known.given_up}


def _renewed_roots(founded: Founded, journal: Journal) -> str | None:
    """Stands for what was ever replaced in the trust directory or taken out of it: each time every
    node has to restart, since it caches what it trusts."""
    run = founded.round
    renewed = [f"{name}/{e.dropped}" for name, e in sorted(journal.entries.items()) if e.dropped]
    for member in run.plan.members:
        registered = registered_authority(run, member, AuthorityKind.NODE)
        # Of two generations the older one: it is what running nodes have read.
        current = next(iter(founded.custody.trusted(member.name, AuthorityKind.NODE)[::-1]), None)
        if registered and current and registered.certificate != current.certificate:
            renewed.append(current.certificate)
    return content_hash(*sorted(renewed)) if renewed else None


def _node(
    founded: Founded,
    node: PlannedNode,
    held: HeldCertificates,
    volume: NodeVolume,
    renewed_roots: str | None,
) -> NodeObjects:
    plan, process = founded.round.plan, founded.round.engine.process(founded.round.plan)
    register = founded.custody.nodes[node.names.node]
    files = _files(founded, node, held)
    generations = Generations(volume=volume.generation, renewed_roots=renewed_roots)
    pod = node_pod(plan, node, process, files, generations)
    claim = data_claim(plan, node, volume.generation, register.node_id, founded.seal.sha256)
    certificate, config = desired_files(founded, node, held)
    return NodeObjects(
        node=node,
        pod=pod,
        certificate=certificate,
        config=config,
        claim=claim if volume.may_make else None,
        stateful_set=stateful_set(plan, pod),
    )


def material_of(founded: Founded, node: PlannedNode, held: HeldCertificates) -> NodeMaterial:
    """The public material that the node's files are made of."""
    return NodeMaterial(
        node=node,
        register=founded.custody.nodes[node.names.node],
        chain_tls_ids=tuple(
            sorted(
                founded.custody.nodes[other.names.node].tls_id
                for other in founded.round.plan.dialled.nodes
                if other.names.node in founded.custody.nodes
            )
        ),
        certificates=held.files,
        authorities=founded.custody.authorities_of(node.member),
        retiring={kind: founded.custody.trusted(node.member, kind)[1:] for kind in AuthorityKind},
    )


def _files(founded: Founded, node: PlannedNode, held: HeldCertificates) -> tuple[NodeFile, ...]:
    """Rendered once for what they are made of: it costs milliseconds, and there are many nodes."""
    run, name = founded.round, node.names.node
    material = material_of(founded, node, held)
    known = run.memory.rendered.get(name)
    # The plan is the same object as long as it is equal.
    if (
        known
        and known.plan is run.plan
        and (known.seal, known.material) == (founded.seal, material)
    ):
        return known.files
    files = run.engine.node_files(run.plan, founded.seal, material)
    run.memory.rendered[name] = Rendered(run.plan, founded.seal, material, files)
    return files
