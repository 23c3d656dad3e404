"""What a round knows of the running chain when it decides who may go."""

from collections.abc import Mapping
from dataclasses import dataclass

from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.view import ChainView
from consortium_operator.reconcile.world import Custody


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`view`: None where the chain could not be asked. `lost`: full object names of nodes that
    are to start over on a new volume."""

    custody: Custody
    view: ChainView | None
    lost: frozenset[str]

    @property
    def was_read(self) -> bool:
        return self.view is not None and self.view.was_read

    def is_live(self, node: PlannedNode) -> bool:
        register = self.custody.nodes.get(node.names.node)
        return self.view is not None and register is not None and register.node_id in self.view.live

    def is_up(self, node: PlannedNode) -> bool:
        register = self.custody.nodes.get(node.names.node)
        return self.view is not None and register is not None and register.node_id in self.view.up

    def height(self, node: PlannedNode) -> int:
        """-1 where the node does not answer."""
        seen = self.view.of(node.names.node) if self.view is not None else None
        return seen.height if seen is not None else -1

    @property
    def needed(self) -> Mapping[str, int]:
        """Weights of the live sealers that the chain needs as they are, by full object name."""
        if self.view is None:
            return {}
        view = self.view
        names = {register.node_id: node for node, register in self.custody.nodes.items()}
        return {
            names[one]: view.weights[one]
            for one in view.live
            if one in names and names[one] not in self.lost
        }
