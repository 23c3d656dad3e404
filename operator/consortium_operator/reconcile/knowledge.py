"""What a round knows of the running chain when it decides who may go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consortium_operator.chain.journal import Journal
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.reconcile.guard import Candidate, Verdict, judge
from consortium_operator.reconcile.world import Custody


@dataclass(frozen=True, slots=True)
class MassExpiry:
    """Nodes with more weight than may fail run with certificates that have ended, and have new ones
    (full object names). `waits_for`: the command by which a person lets them restart together;
    None where they may."""

    nodes: frozenset[str]
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`view`: None where the chain could not be asked. `lost`: full object names of nodes that
    are to start over on a new volume. `accepted`: full object name of the node whose pause a
    person has accepted. `renewed`: those of nodes that have a new certificate and run with the one
    before. `in_doubt`: whether it is open that the live sealers make blocks together."""

    custody: Custody
    view: ChainView | None
    lost: frozenset[str]
    journal: Journal
    accepted: str | None = None
    mass_expiry: MassExpiry | None = None
    renewed: frozenset[str] = frozenset()
    in_doubt: bool = False

    @property
    def has_blocks(self) -> bool:
        """Whether the chain was ever seen with one."""
        return self.journal.has_blocks or (self.view is not None and self.view.height > 0)

    @property
    def together(self) -> frozenset[str]:
        """Full object names of the nodes that restart together, whatever that does to the chain."""
        mass = self.mass_expiry
        return frozenset() if mass is None or mass.waits_for is not None else mass.nodes

    @property
    def was_read(self) -> bool:
        return self.view is not None and self.view.was_read

    @property
    def disagrees(self) -> bool:
        """Whether nodes contradict each other: then nothing is done by itself."""
        return self.view is not None and self.view.disagrees

    def is_live(self, node: PlannedNode) -> bool:
        register = self.custody.nodes.get(node.names.node)
        return self.view is not None and register is not None and register.node_id in self.view.live

    def is_up(self, node: PlannedNode) -> bool:
        register = self.custody.nodes.get(node.names.node)
        return self.view is not None and register is not None and register.node_id in self.view.up

    def is_member(self, node: PlannedNode) -> bool:
        """Whether the chain has it, or cannot be asked."""
        register = self.custody.nodes.get(node.names.node)
        return self.view is None or register is None or self.view.has_member(register.node_id)

    def answers(self, node: PlannedNode) -> bool:
        seen = self.view.of(node.names.node) if self.view is not None else None
        return seen is not None and seen.answers

    def weight(self, node: PlannedNode) -> int:
        """Of its vote on the running chain; 0 where it has none."""
        register = self.custody.nodes.get(node.names.node)
        if self.view is None or register is None:
            return 0
        return self.view.weights.get(register.node_id, 0)

    def vote(self, node: PlannedNode) -> int:
        """As `weight`, also of a sealer that waits for its turn (RPBFT)."""
        register = self.custody.nodes.get(node.names.node)
        if self.view is None or register is None:
            return 0
        return self.view.all_sealers.get(register.node_id, 0)

    def stops_the_chain(self, node: PlannedNode) -> bool:
        """Whether no block can be made without it, though it is live: heavier than f."""
        return (
            self.view is not None
            and self.is_live(node)
            and self.view.quorum.is_too_heavy(self.vote(node))
        )

    def others_are_live(self, node: PlannedNode, stopped: Iterable[PlannedNode]) -> bool:
        """Whether every other sealer of the running chain is, at work or waiting for its turn, but
        those that are `stopped`."""
        registers = [self.custody.nodes.get(one.names.node) for one in (node, *stopped)]
        if self.view is None or registers[0] is None:
            return False
        spared = {register.node_id for register in registers if register is not None}
        return self.view.all_sealers.keys() - spared <= self.view.live

    def verdict(self, node: PlannedNode, *, works: bool, may_serve: bool = False) -> Verdict:
        """Of the guard. `works`, `may_serve`: as in Candidate."""
        name = node.names.node
        candidate = Candidate(
            node,
            self.custody.nodes[name].node_id,
            is_lost=name in self.lost,
            works=works,
            is_accepted=name == self.accepted,
            goes_together=name in self.together,
            may_serve=may_serve,
        )
        return judge(self.view, candidate, has_blocks=self.has_blocks)

    def height(self, node: PlannedNode) -> int:
        """-1 where the node does not answer."""
        seen = self.view.of(node.names.node) if self.view is not None else None
        return seen.height if seen is not None else -1

    @property
    def needed(self) -> Mapping[str, int]:
        """Weights of the live sealers that the chain needs as they are, also of those that wait for
        their turn (RPBFT), by full object name."""
        if self.view is None:
            return {}
        view = self.view
        names = {register.node_id: node for node, register in self.custody.nodes.items()}
        return {
            names[one]: view.all_sealers[one]
            for one in view.live & view.all_sealers.keys()
            if one in names and names[one] not in self.given_up
        }

    @property
    def given_up(self) -> frozenset[str | None]:
        """Full object names of nodes that may go, whatever that does to the chain."""
        return self.lost | self.together | {self.accepted}
