"""Which volume each node uses, and when one may be made.

A volume that was lost is not made again just so: the node would come back without its PBFT log. It
is rebuilt on the next generation (`rebuilds`), and so is a node that moves. A node that started a
second time before its first block gets the next generation at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from consortium_operator.api.conditions import ConditionType, Reason
from consortium_operator.api.problem import shown
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.naming import MOVE_NODE_ANNOTATION, NODE_ID_ANNOTATION, NODE_LABEL
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM
from consortium_operator.kube.projection import ClaimDetail, Observed
from consortium_operator.reconcile.desired import NodeVolume
from consortium_operator.reconcile.findings import Finding
from consortium_operator.reconcile.world import Custody, Round

MOST_GENERATIONS = 9
"""A node that cannot get past its start must not fill the cluster with volumes."""


def newest_generations(run: Round) -> dict[str, int]:
    """Full object name of the node → its newest volume generation; nodes without one are absent."""
    found: dict[str, int] = {}
    for claim in run.world.store.by_chain(run.key.namespace, run.key.name, PERSISTENT_VOLUME_CLAIM):
        number = claim.key.name.rpartition("-data-g")[2]
        node = claim.labels.get(NODE_LABEL, "")
        if number.isdigit() and not (claim.deleting or has_lost_its_disk(claim)):
            found[node] = max(found.get(node, 0), int(number))
    return found


def has_lost_its_disk(claim: Observed) -> bool:
    """Whether the PersistentVolume of a claim was deleted: no pod can ever mount it again."""
    return isinstance(claim.detail, ClaimDetail) and claim.detail.phase == "Lost"


def check_ledgers(run: Round, custody: Custody) -> None:
    """A ledger goes with one key: a node whose volume was another node's would vote with this key
    on what that one had seen. Such a node is broken, and what it runs is left alone."""
    claims = run.world.store.by_chain(run.key.namespace, run.key.name, PERSISTENT_VOLUME_CLAIM)
    nodes = {node.names.node: node for node in run.plan.nodes}
    for claim in claims:
        node = nodes.get(claim.labels.get(NODE_LABEL, ""))
        register = custody.nodes.get(node.names.node) if node is not None else None
        if node is None or register is None:
            continue
        node_id = claim.annotations.get(NODE_ID_ANNOTATION, "")
        if node_id != register.node_id:
            run.findings.add(_foreign_ledger(node, claim.key.name, node_id))
            custody.broken.add(node.names.identity)


def _foreign_ledger(node: PlannedNode, volume: str, node_id: str) -> Finding:
    owner = f"of the node id {node_id}" if node_id else "of an unknown node"
    return Finding(
        ConditionType.IDENTITIES_INTACT,
        Reason.RETAINED_DATA_CONFLICT,
        f"the volume {volume} is {owner} (annotation {NODE_ID_ANNOTATION}), which is not the key "
        f"of {node.path}: put back the volume, or the key, that belongs to it",
        needs_person=True,
    )


@dataclass(frozen=True, slots=True)
class Ledger:
    """A node's volumes. `entry`: what the journal knows of the node; `newest`: the newest
    generation that is there, 0 where none is. `is_pinned`: it founded the genesis that the spec
    pins."""

    node: PlannedNode
    entry: JournalEntry
    newest: int
    is_pinned: bool = False

    @property
    def last(self) -> int:
        """The newest generation that has held blocks; 0 where none has. A founder of what is pinned
        has had one, which may be on its way back from a backup, as the journal may be."""
        if self.entry.block is None:
            return 1 if self.is_pinned else 0
        return self.entry.volume or 1

    @property
    def next(self) -> int:
        return max(self.newest, self.last) + 1

    @property
    def movable_to(self) -> int:
        """The generation by which a person names the node's next volume."""
        rebuilding = self.entry.rebuilding
        return self.next if rebuilding is None or self.newest >= rebuilding else rebuilding

    @property
    def is_lost(self) -> bool:
        """Whether the volume with its blocks is gone, or will be as soon as no pod uses it. An
        older one does not take its place: the node would have forgotten what it voted for."""
        return self.newest < self.last

    @property
    def may_move(self) -> bool:
        """Whether blocks, or their loss, are a reason for another volume."""
        return self.entry.block is not None or self.is_lost

    @property
    def awaits_volume(self) -> bool:
        """Whether the node is to be rebuilt on a volume that is not there yet."""
        return self.entry.rebuilding is not None and self.newest < self.entry.rebuilding


def ledgers_of(run: Round, journal: Journal) -> tuple[Ledger, ...]:
    """Of every node that stays."""
    newest = newest_generations(run)
    is_pinned = run.plan.spec.fisco_bcos.genesis_sha256 is not None
    return tuple(
        Ledger(node, journal.of(name), newest.get(name, 0), is_pinned and name in run.founders)
        for node in run.plan.staying
        for name in [node.names.node]
    )


def is_to_move(run: Round, ledger: Ledger) -> bool:
    """Whether a person has asked for the node's next volume, which is not there yet. A node that is
    being built on one comes to the end of that first: else it would have no pod on either."""
    is_under_way = ledger.entry.rebuilding is not None and not ledger.awaits_volume
    word = f"{ledger.node.names.node}@{ledger.movable_to}"
    return ledger.may_move and not is_under_way and word in run.words(MOVE_NODE_ANNOTATION)


def how_to_move(run: Round, ledger: Ledger) -> str:
    """The command that a person gives."""
    word = f"{ledger.node.names.node}@{ledger.movable_to}"
    return run.how_to_say(MOVE_NODE_ANNOTATION, word)


def tell_wrong_moves(run: Round, ledgers: Iterable[Ledger]) -> None:
    """Words that cannot move the node that they name. One with the number of a volume that is there
    did its work once, and one of a node that the spec has no more did so too, or never will."""
    by_name = {ledger.node.names.node: ledger for ledger in ledgers if ledger.may_move}
    for word in run.words(MOVE_NODE_ANNOTATION):
        name, _, number = word.partition("@")
        ledger = by_name.get(name)
        if ledger is None or number in map(str, range(ledger.movable_to + 1)):
            continue
        message = (
            f"metadata.annotations[{MOVE_NODE_ANNOTATION}]: {shown(word)} moves nothing, since the "
            f"next volume of node {ledger.node.path} is {ledger.movable_to}: "
            f"{how_to_move(run, ledger)}"
        )
        run.findings.add(
            Finding(ConditionType.SPEC_VALID, Reason.INVALID, message, needs_person=True)
        )


def node_volumes(
    run: Round,
    ledgers: Iterable[Ledger],
    second_starts: frozenset[str] = frozenset(),
    rebuilt: frozenset[str] = frozenset(),
) -> dict[str, NodeVolume]:
    """By full object name of the node. `rebuilt`: nodes whose next volume may be made now."""
    return {
        ledger.node.names.node: _volume(run, ledger, second_starts, rebuilt) for ledger in ledgers
    }


def tell_unclear(run: Round, unclear: frozenset[str]) -> None:
    """Of nodes that get no volume yet, since they may have voted on another one (see `journal`)."""
    paths = [node.path for node in run.plan.staying if node.names.node in unclear]
    if not paths or run.plan.spec.hibernated:
        return
    message = (
        f"{', '.join(paths)}: no volume is made before the chain can be read, since neither a "
        "volume nor the journal tells whether the chain has the node already"
    )
    condition = ConditionType.MEMBERSHIP_IN_SYNC
    run.findings.add(Finding(condition, Reason.PENDING, message, unknown=True))


def _volume(
    run: Round, ledger: Ledger, second_starts: frozenset[str], rebuilt: frozenset[str]
) -> NodeVolume:
    name = ledger.node.names.node
    if name in second_starts:
        return _again(run, ledger)
    if ledger.entry.rebuilding is not None and name in rebuilt:
        return NodeVolume(ledger.entry.rebuilding, may_make=True)
    moves = ledger.awaits_volume or is_to_move(run, ledger)
    # One that stops moves later: else it could neither stop nor move while no block is made.
    if ledger.is_lost or (moves and not ledger.node.is_stopped):
        return NodeVolume(max(ledger.newest, ledger.last), may_make=False, is_settled=False)
    return NodeVolume(ledger.newest or 1, may_make=not ledger.newest)


def _again(run: Round, ledger: Ledger) -> NodeVolume:
    node, newest = ledger.node, ledger.newest
    tried = newest - (ledger.entry.rebuilding or 1) + 1
    exhausted = tried >= MOST_GENERATIONS
    what = (
        f"{tried} volumes were tried: see its log"
        if exhausted
        else f"it gets a new volume, {node.names.data(newest + 1)}"
    )
    run.findings.add(
        Finding(
            ConditionType.NODES_READY,
            Reason.RESTARTED_AT_GENESIS,
            f"node {node.path} started again before it had a block, so that the others refuse it: "
            f"{what}",
            needs_person=exhausted,
        )
    )
    return NodeVolume(newest if exhausted else newest + 1, may_make=not exhausted)
