"""What a chain's members should become, and by which call it gets one step nearer to that."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from consortium_operator.engines.fisco_bcos.governance import calls
from consortium_operator.engines.fisco_bcos.governance.calls import ContractCall


@dataclass(frozen=True, slots=True)
class Members:
    """As the chain has them, by node id. `sealers`: with their weights; RPBFT's that wait for their
    turn are among them."""

    sealers: Mapping[str, int]
    observers: frozenset[str]


class Standing(Enum):
    """What a node is on the chain."""

    SEALER = auto()
    OBSERVER = auto()
    OUTSIDE = auto()


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What a node should be. `weight`: of a sealer."""

    node_id: str
    standing: Standing
    weight: int = 1

    def holds(self, members: Members) -> bool:
        if self.standing is Standing.SEALER:
            return members.sealers.get(self.node_id) == self.weight
        if self.standing is Standing.OBSERVER:
            return self.node_id in members.observers
        return self.node_id not in members.sealers and self.node_id not in members.observers

    def next_call(self, members: Members) -> ContractCall | None:
        """For a chain with auth off; None where nothing is left to do.

        A sealer was an observer before (code -51104), so that it takes two calls; whether it has
        caught up between them is the caller's to see.
        """
        return None if self.holds(members) else self._direct(members)

    def next_proposal(self, members: Members, blocks: int) -> ContractCall | None:
        """As `next_call`, for a governor of a chain with auth on."""
        return None if self.holds(members) else self._proposal(members, blocks)

    def _direct(self, members: Members) -> ContractCall:
        if self.standing is Standing.OUTSIDE:
            return calls.remove_node(self.node_id)
        if self.standing is Standing.SEALER and self.node_id in members.sealers:
            return calls.set_weight(self.node_id, self.weight)
        if self.standing is Standing.SEALER and self.node_id in members.observers:
            return calls.add_sealer(self.node_id, self.weight)
        return calls.add_observer(self.node_id)

    def _proposal(self, members: Members, blocks: int) -> ContractCall:
        if self.standing is Standing.OUTSIDE:
            return calls.propose_removal(self.node_id, blocks)
        if self.standing is Standing.SEALER and self.node_id in members.sealers:
            return calls.propose_weight(self.node_id, self.weight, blocks)
        if self.standing is Standing.SEALER and self.node_id in members.observers:
            return calls.propose_sealer(self.node_id, self.weight, blocks)
        return calls.propose_observer(self.node_id, blocks)
