"""Who can be reached: directly, or through one node that has a direct link (RIP, two hops at most).

Pure: facts in, answers out. The real protocol goes further than two hops; between sealers that all
dial each other two are enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Nodes = dict[str, list[str]]


@dataclass(frozen=True)
class Neighbour:
    """A node behind another one, as that one tells it."""

    p2p_id: str
    nodes: Nodes


@dataclass
class Table:
    """`direct` by P2P id; `behind` what each direct neighbour says it is linked to."""

    group: str
    own_p2p_id: str
    routing: bool
    direct: dict[str, Nodes] = field(default_factory=dict)
    behind: dict[str, list[Neighbour]] = field(default_factory=dict)

    def next_hop(self, node_id: str) -> str | None:
        """The P2P id of the direct neighbour to hand a message for `node_id` to."""
        for p2p_id, nodes in sorted(self.direct.items()):
            if node_id in nodes.get(self.group, []):
                return p2p_id
        for p2p_id, neighbours in sorted(self._usable().items()):
            if any(node_id in each.nodes.get(self.group, []) for each in neighbours):
                return p2p_id
        return None

    def direct_hop(self, node_id: str) -> str | None:
        """Like next_hop, for a message that already took one: it may not wander on."""
        for p2p_id, nodes in sorted(self.direct.items()):
            if node_id in nodes.get(self.group, []):
                return p2p_id
        return None

    def reachable(self) -> frozenset[str]:
        """Node ids of the group, this node's own not among them."""
        found = {node for nodes in self.direct.values() for node in nodes.get(self.group, [])}
        for neighbour in self.indirect().values():
            found.update(neighbour.nodes.get(self.group, []))
        return frozenset(found)

    def indirect(self) -> dict[str, Neighbour]:
        """Nodes without a direct link, by P2P id."""
        return {
            each.p2p_id: each
            for neighbours in self._usable().values()
            for each in neighbours
            if each.p2p_id not in self.direct and each.p2p_id != self.own_p2p_id
        }

    def _usable(self) -> dict[str, list[Neighbour]]:
        if not self.routing:
            return {}
        return {p2p_id: self.behind[p2p_id] for p2p_id in self.direct if p2p_id in self.behind}
