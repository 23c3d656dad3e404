"""What the operator would make of a chain that is founded: its own steps, on the public objects of
a cluster. Neither a key nor a node is asked, and nothing is written.

What hangs on more than that is left out: disruption budgets (on who is live this moment), the
journal (the operator's memory), clients' certificates and Secrets.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from consortium_operator.api.problem import Problem
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import NODE_LABEL, PART_LABEL
from consortium_operator.chain.plan import Departure, Plan
from consortium_operator.chain.settings import WantedSetting
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM, ObjectKey, key_of
from consortium_operator.kube.store import Store
from consortium_operator.manifests import Manifest
from consortium_operator.offline.cluster import MemoryCluster
from consortium_operator.offline.rendering import Surroundings, offline_round
from consortium_operator.reconcile.certificates import serving_certificates
from consortium_operator.reconcile.departures import of_founded
from consortium_operator.reconcile.desired import (
    NodeObjects,
    NodeVolume,
    desired_nodes,
    desired_shared,
)
from consortium_operator.reconcile.identities import look_up_identities
from consortium_operator.reconcile.journal import Seen, look_up_journal, updated
from consortium_operator.reconcile.prune import FILES, POLICIES
from consortium_operator.reconcile.rotation import note_retiring
from consortium_operator.reconcile.seal import look_up_seal
from consortium_operator.reconcile.volumes import ledgers_of, newest_generations, node_volumes
from consortium_operator.reconcile.world import Founded, Round


@dataclass(frozen=True, slots=True)
class Expectation:
    """`plan`: with those that leave. `manifests`: as the operator would write them. `unneeded`:
    what it deletes once no pod names it. `unmade`: paths of nodes whose keys or certificates are
    still to be made; `ageing`: of those whose certificates are due to be renewed. `settings`:
    wanted of the running chain. `problems`: what the founding forbids; then nothing is changed."""

    plan: Plan
    journal: Journal
    manifests: tuple[Manifest, ...]
    unneeded: tuple[ObjectKey, ...]
    unmade: tuple[str, ...]
    ageing: tuple[str, ...]
    settings: tuple[WantedSetting, ...]
    problems: tuple[Problem, ...]


def expect(
    plan: Plan,
    annotations: Mapping[str, str],
    objects: Iterable[Manifest],
    surroundings: Surroundings,
) -> Expectation | None:
    """`annotations`: of the resource; `objects`: with its label, as the API server returned them.
    None where the chain is not founded."""
    store = Store()
    for obj in objects:
        store.record(obj)
    run = offline_round(plan, MemoryCluster(()), store, surroundings)
    run = replace(run, annotations=annotations)
    seal = look_up_seal(run)
    return None if seal is None else _expect(run, seal)


def _expect(run: Round, seal: Seal) -> Expectation:
    problems = run.engine.check_seal(run.plan, seal)
    journal = look_up_journal(run)
    run = of_founded(run, seal, journal)
    custody = look_up_identities(run)
    note_retiring(run, custody)
    journal = updated(run, journal, Seen(custody, None, newest_generations(run)))
    founded, certificates = Founded(run, custody, seal), serving_certificates(run, custody)
    volumes = node_volumes(run, ledgers_of(run, journal))
    nodes = desired_nodes(founded, certificates, volumes, journal)
    manifests = (*desired_shared(founded, journal), *_of_nodes(run, nodes, volumes))
    made = {one.node.path for one in nodes}
    return Expectation(
        plan=run.plan,
        journal=journal,
        manifests=manifests,
        unneeded=tuple(_unneeded(run, {key_of(one) for one in manifests}, made)),
        unmade=tuple(node.path for node in run.plan.staying if node.path not in made),
        ageing=tuple(
            node.path
            for node in run.plan.staying
            if node.names.node in certificates and certificates[node.names.node].due
        ),
        settings=tuple(run.engine.wanted_settings(run.plan)),
        problems=problems,
    )


def _of_nodes(
    run: Round, nodes: Iterable[NodeObjects], volumes: Mapping[str, NodeVolume]
) -> Iterator[Manifest]:
    for one in nodes:
        is_settled = volumes[one.node.names.node].is_settled
        yield one.certificate
        yield one.config
        if one.claim is not None and not _is_there(run, one.claim):
            yield one.claim
        if is_settled and (not one.node.is_stopped or _is_there(run, one.stateful_set)):
            yield one.stateful_set


def _is_there(run: Round, manifest: Manifest) -> bool:
    return run.world.store.get(key_of(manifest)) is not None


def _unneeded(run: Round, wanted: set[ObjectKey], made: set[str]) -> Iterator[ObjectKey]:
    """Of nodes that are not made anew nothing is: their objects cannot be told."""
    spared = {
        node.names.node
        for node in run.plan.nodes
        if node.departure is Departure.LEAVING or node.path not in made
    }
    for observed in run.world.store.by_chain(run.key.namespace, run.key.name):
        kind = observed.key.kind
        is_doomed = kind != PERSISTENT_VOLUME_CLAIM and any(
            (kind, observed.labels.get(PART_LABEL)) == one for one in FILES | POLICIES
        )
        is_ours = run.plan.uid in observed.owner_uids and observed.key not in wanted
        if is_doomed and is_ours and observed.labels.get(NODE_LABEL) not in spared:
            yield observed.key
