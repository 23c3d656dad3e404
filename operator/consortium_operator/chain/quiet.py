"""A look at a chain that is well, for a fraction of the questions.

Every node tells its height, the hash there and whom it sees, and proves with its peer list that
its gateway works: a node that hangs is seen by nobody else, since the others keep it in their
lists. So who is up and who is live is known as well as ever. What all of them would tell alike is
asked of two witnesses, whose turn goes round: the members, and the hash of each block that is
somebody's latest. What a process cannot change as long as it runs, block 0 and its version, is
remembered.

A quiet look shows that all is as it was, or that a closer look is needed; nothing is done by it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from consortium_operator.chain.changes import Members
from consortium_operator.chain.view import CATCH_UP_BLOCKS, ChainView, Look, NodeView, Silence

WITNESSES = 2


@dataclass(frozen=True, slots=True)
class Glance:
    """One node's answers to the few questions; the fields are those of `NodeView`."""

    node: str
    node_id: str = ""
    problem: str | None = None
    silence: Silence | None = None
    height: int = -1
    latest_hash: str = ""
    genesis_hash: str = ""
    peers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class QuietLook(Look):
    """`witnesses`: full object names of the nodes that were asked everything. Of the others
    `sealers`, `candidates`, `observers`, `leader`, `view` and `pending` are not known, and
    `block0_text`, `block0_hash` and `version` are what the same process said before."""

    witnesses: frozenset[str]

    @cached_property
    def unconfirmed(self) -> tuple[str, ...]:
        """Full object names of nodes whose latest block no witness has, or not yet."""
        seen = [node for node in self._ours if node.node in self.witnesses]
        known = {height for node in seen for height in node.hashes}
        return tuple(node.node for node in self._ours if node.height not in known)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a full look showed of a chain that was well. `nodes`: by full object name, without what
    all of them tell of each other, which would take megabytes for a large chain."""

    nodes: Mapping[str, NodeView]
    live: frozenset[str]
    members: Members
    weights: Mapping[str, int]

    @classmethod
    def by(cls, view: ChainView) -> "Settled":
        nodes = {node.node: _without_others(node, view.block0_text) for node in view.nodes}
        return cls(nodes, view.live, view.members, view.weights)

    def witnesses(self, turn: int) -> frozenset[str]:
        """Full object names: those whose turn it is among the nodes that answer."""
        answering = sorted(name for name, node in self.nodes.items() if node.answers)
        count = len(answering)
        first = turn * WITNESSES
        return frozenset(answering[number % count] for number in range(first, first + WITNESSES))

    def now(self, glance: Glance) -> NodeView:
        """A node as it is now, with what its process cannot have changed."""
        before = self.nodes[glance.node]
        heard = NodeView(
            glance.node,
            node_id=before.node_id,
            pod_uid=before.pod_uid,
            problem=glance.problem,
            silence=glance.silence,
        )
        if not heard.answers:
            return heard
        return replace(
            heard,
            height=glance.height,
            latest_hash=glance.latest_hash,
            genesis_hash=glance.genesis_hash,
            block0_text=before.block0_text,
            block0_hash=before.block0_hash,
            version=before.version,
            peers=glance.peers,
        )

    def why_look_closer(self, look: QuietLook) -> str | None:
        """What is not as it was; None: nothing."""
        for node in look.nodes:
            why = _what_changed(node, self.nodes[node.node]) or self._other_members(node)
            if why is not None:
                return f"{node.node} {why}"
        if look.disagrees:
            return "the nodes disagree about the chain"
        if look.unconfirmed:
            return f"nobody else has the latest block of {', '.join(look.unconfirmed)}"
        if look.live != self.live:
            return "other nodes are live"
        return None

    def _other_members(self, node: NodeView) -> str | None:
        """Of a witness."""
        if node.sealers is None:
            return None
        told = Members({**node.sealers, **node.candidates}, node.observers)
        if told == self.members and node.sealers == self.weights:
            return None
        return "tells other members of the chain"


def heights_to_compare(glances: Iterable[Glance]) -> frozenset[int]:
    """Those of the nodes that keep up. Of others a closer look is needed anyhow, so that nobody can
    have the witnesses asked for thousands of hashes."""
    heights = {glance.height for glance in glances if glance.height > 0}
    return frozenset(height for height in heights if height >= max(heights) - CATCH_UP_BLOCKS)


def _without_others(node: NodeView, our_block0: str) -> NodeView:
    """One text serves for all whose block 0 is ours."""
    block0 = our_block0 if node.block0_text == our_block0 else node.block0_text
    return replace(
        node,
        block0_text=block0,
        marks={},
        peers=frozenset(),
        sealers=None,
        candidates={},
        observers=frozenset(),
        leader="",
        pending=None,
    )


def _what_changed(now: NodeView, before: NodeView) -> str | None:
    if now.problem != before.problem:
        return now.problem or "answers again"
    if now.height < before.height:
        return f"went back from block {before.height} to {now.height}"
    constant = (now.block0_text, now.block0_hash, now.genesis_hash, now.version)
    if constant != (before.block0_text, before.block0_hash, before.genesis_hash, before.version):
        return "is another process"
    return None
