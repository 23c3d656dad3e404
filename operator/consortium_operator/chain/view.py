"""What the running nodes say, and what it means: who is up, who is live, whether they agree.

A `Look` is whatever was asked; a `ChainView` is the one kind by which anything is done (the other
is `chain.quiet.QuietLook`).

Silence counts as down. A node is *up* if it answers everything (also its peer list: a node whose
gateway hangs still answers the rest), carries our block 0, agrees with the others on the genesis
hash and is within `CATCH_UP_BLOCKS` of the highest. It is *live* if the up sealers that list it in
their sync status, and it itself, hold a quorum.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from consortium_operator.chain.changes import Members
from consortium_operator.chain.quorum import Quorum

CATCH_UP_BLOCKS = 10
"""As the SDKs have it (SYNC_KEEP_UP_THRESHOLD of the java-sdk)."""


class Silence(StrEnum):
    """How a node is silent, where it is. One that answers something wrong is not.

    HANGS: something took the connection, or part of the questions, and then no answer came.
    UNREACHABLE: no connection at all; it may be the asker that is cut off.
    """

    HANGS = "hangs"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node's answers. `problem` says why it counts as down; then the rest may be empty.
    `silence`: where that problem is that no answer comes. `marks`: height → hash of some earlier
    blocks, chosen so that they can be compared with what other nodes say.

    `peers`: node ids that its sync status lists. `sealers`: node id → weight, as the chain has it;
    `candidates`: the same of sealers that wait for their turn (of RPBFT chains only);
    `observers`: node ids, as the chain has them.
    `pod_uid`: of the pod that was asked.
    `leader`: node id of the sealer whose turn it is, in the round of votes `view` (-1: not asked).
    `pending`: transactions that wait for a block; None: not asked.
    `block0_text`, `block0_hash`: of block 0's own header; `genesis_hash`: what it tells its peers.
    """

    node: str
    node_id: str = ""
    pod_uid: str = ""
    problem: str | None = None
    silence: Silence | None = None
    height: int = -1
    latest_hash: str = ""
    marks: Mapping[int, str] = field(default_factory=dict)
    genesis_hash: str = ""
    block0_text: str = ""
    block0_hash: str = ""
    version: str = ""
    leader: str = ""
    view: int = -1
    pending: int | None = None
    peers: frozenset[str] = frozenset()
    sealers: Mapping[str, int] | None = None
    candidates: Mapping[str, int] = field(default_factory=dict)
    observers: frozenset[str] = frozenset()

    @property
    def answers(self) -> bool:
        return self.problem is None

    @property
    def all_sealers(self) -> Mapping[str, int]:
        """As the node tells them, also those that wait for their turn."""
        return {**(self.sealers or {}), **self.candidates}

    @property
    def votes_by_its_own_word(self) -> bool:
        return self.node_id in self.all_sealers

    @property
    def hashes(self) -> Mapping[int, str]:
        """By height, as far as they are known. That of block 0 is none: it may change."""
        latest = {self.height: self.latest_hash} if self.height > 0 and self.latest_hash else {}
        return {**self.marks, **latest}


@dataclass(frozen=True)
class Look:
    """What one look at the nodes showed, and what the founders say block 0 is.

    `block0_text` is the text that our sealed genesis gives: a node with another one is not ours.
    """

    nodes: tuple[NodeView, ...]
    block0_text: str
    founding_weights: Mapping[str, int]

    @cached_property
    def was_read(self) -> bool:
        """Whether any node answered; if none did, the operator may be what is cut off."""
        return any(node.answers for node in self.nodes)

    @cached_property
    def weights(self) -> Mapping[str, int]:
        """Node id → weight of the sealers at work, from our highest node that tells it; before
        that, from the founding."""
        told = self._told
        return self.founding_weights if told is None else told.sealers or self.founding_weights

    @cached_property
    def all_sealers(self) -> Mapping[str, int]:
        """Also those that wait for their turn."""
        waiting = {} if self._told is None else self._told.candidates
        return {**self.weights, **waiting}

    @cached_property
    def members(self) -> Members:
        """By our highest node that tells them; before that, by the founding."""
        observers = frozenset() if self._told is None else self._told.observers
        return Members(self.all_sealers, observers)

    def has_member(self, node_id: str) -> bool:
        """Whether the chain has it, as sealer or observer; before the first block, all count."""
        return self.height < 1 or self.members.has(node_id)

    @cached_property
    def _told(self) -> NodeView | None:
        told = [node for node in self._ours if node.sealers]
        return max(told, key=lambda node: node.height) if told else None

    @cached_property
    def alone(self) -> str | None:
        """Full object name of the node that tells who the sealers are, where that is the word of no
        more sealers than may fail. It may have the last block first; but one that was taken over
        could have all others count as no loss.

        Asked are those that are sealers by their own word: a node that only begins to follow the
        chain tells its founders. Where so few answer that none of them may fail, nobody is doubted.
        """
        told, sealers = self._told, [node for node in self._ours if node.votes_by_its_own_word]
        may_fail = Quorum(len(sealers)).faulty
        if told is None or not may_fail:
            return None
        alike = [node for node in sealers if node.all_sealers == told.all_sealers]
        return told.node if len(alike) <= may_fail else None

    @cached_property
    def disagrees(self) -> bool:
        """Whether nodes contradict each other about the chain: then nothing is done by itself."""
        return bool(self.splits or self.foreign_block0 or self.alone)

    @cached_property
    def quorum(self) -> Quorum:
        return Quorum(sum(self.weights.values()))

    @cached_property
    def height(self) -> int:
        """The highest of our nodes that answer, or -1."""
        return max((node.height for node in self._ours), default=-1)

    @cached_property
    def leader(self) -> str:
        """Node id of the sealer whose turn it is, by the highest sealer that told; or empty."""
        voting = self.up & self.weights.keys()
        told = [node for node in self._ours if node.leader and node.node_id in voting]
        return max(told, key=lambda node: node.height).leader if told else ""

    @cached_property
    def pending(self) -> int | None:
        """The most transactions that wait at one node for a block."""
        told = [node.pending for node in self._ours if node.pending is not None]
        return max(told, default=None)

    @cached_property
    def genesis_hash(self) -> str:
        """The genesis hash that most weight carries."""
        return self._heaviest(lambda node: node.genesis_hash)

    @cached_property
    def block0_hash(self) -> str:
        """The hash of block 0's own header that most weight carries."""
        return self._heaviest(lambda node: node.block0_hash)

    def _heaviest(self, carried: Callable[[NodeView], str]) -> str:
        """Ties: the smallest, to be deterministic."""
        counts: Counter[str] = Counter()
        for node in self._ours:
            counts[carried(node)] += self.weights.get(node.node_id, 0)
        return min(counts, key=lambda found: (-counts[found], found), default="")

    def _has_our_block0(self, node: NodeView) -> bool:
        return node.block0_text == self.block0_text and node.block0_hash == self.block0_hash

    @cached_property
    def _ours(self) -> tuple[NodeView, ...]:
        return tuple(n for n in self.nodes if n.answers and n.block0_text == self.block0_text)

    @cached_property
    def up(self) -> frozenset[str]:
        """Node ids."""
        return frozenset(
            node.node_id
            for node in self._ours
            if self._has_our_block0(node)
            and node.genesis_hash == self.genesis_hash
            and node.height >= self.height - CATCH_UP_BLOCKS
        )

    @cached_property
    def live(self) -> frozenset[str]:
        """Node ids: up, and seen by sealers enough to make a quorum, with the node's own weight.
        A node that is no sealer weighs nothing."""
        return frozenset(
            node_id
            for node_id in self.up
            if self._weight(self._up_sealers_that_list(node_id)) + self.weights.get(node_id, 0)
            >= self.quorum.required
        )

    @cached_property
    def live_sealers(self) -> frozenset[str]:
        """Node ids."""
        return self.live & self.weights.keys()

    @cached_property
    def live_weight(self) -> int:
        """The weight of live sealers, or of up sealers where no set of live ones exists."""
        return self._weight(self.live_sealers or (self.up & self.weights.keys()))

    @cached_property
    def reliable_weight(self) -> int:
        """What the guard counts on: the live weight, less that of sealers that wait for their turn
        and are down. The next epoch may call them (RPBFT), whatever is live now."""
        down = self.all_sealers.keys() - self.weights.keys() - self.live
        return self.live_weight - sum(self.all_sealers[one] for one in down)

    @cached_property
    def rounds_of_votes(self) -> frozenset[int]:
        """In which the live sealers are. A node that starts while nobody sends anything may stay
        behind in an old one, and proves itself with the next block only."""
        return frozenset(
            node.view for node in self._ours if node.node_id in self.live_sealers and node.view >= 0
        )

    def has_quorum(self) -> bool:
        return bool(self.live_sealers) and self.quorum.is_met_by(self.live_weight)

    def is_listed(self, node_id: str) -> bool:
        """Whether a node that is up says that it is connected to this one."""
        return any(node_id in node.peers for node in self._ours if node.node_id in self.up)

    def has_fallen_behind(self, seen: NodeView) -> bool:
        """Whether it follows our chain, but too far below the highest. One without any block is
        not behind: it has not begun."""
        return (
            seen in self._ours
            and seen.genesis_hash == self.genesis_hash
            and 0 < seen.height < self.height - CATCH_UP_BLOCKS
        )

    @cached_property
    def joining(self) -> tuple[str, ...]:
        """Full object names of nodes that the chain has taken in and that have no block yet."""
        members = {*self.members.sealers, *self.members.observers}
        return tuple(
            node.node
            for node in self._ours
            if self.height > 0
            and node.height == 0
            and node.node_id in members
            and node.genesis_hash == self.genesis_hash
        )

    def of(self, node: str) -> NodeView | None:
        """By full object name."""
        return next((view for view in self.nodes if view.node == node), None)

    @cached_property
    def foreign_block0(self) -> tuple[str, ...]:
        """Full object names of nodes that answer with another block 0."""
        return tuple(n.node for n in self.nodes if n.answers and not self._has_our_block0(n))

    @cached_property
    def splits(self) -> tuple[tuple[str, str], ...]:
        """Pairs of nodes with different hashes at one height."""
        first: dict[int, tuple[str, str]] = {}
        found = []
        for node in self._ours:
            for height, known in sorted(node.hashes.items()):
                other, expected = first.setdefault(height, (node.node, known))
                if expected != known and (other, node.node) not in found:
                    found.append((other, node.node))
        return tuple(found)

    def _up_sealers_that_list(self, node_id: str) -> list[str]:
        return [
            node.node_id
            for node in self._ours
            if node.node_id in self.up
            and node.node_id in self.weights
            and node.node_id != node_id
            and node_id in node.peers
        ]

    def _weight(self, node_ids: Iterable[str]) -> int:
        return sum(self.weights.get(node_id, 0) for node_id in node_ids)


@dataclass(frozen=True)
class ChainView(Look):
    """Every node was asked everything, in this round. Only by this the guard lets a node go, and
    only by this the chain is changed: it is a type of its own so that nothing less can be taken for
    it, and it outlives no round.
    """
