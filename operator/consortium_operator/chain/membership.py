"""Whom the chain should take in, change or let go next, and whether it can stand that.

Pure. A wish is what the spec asks of one node; the chain says what the node is; the journal says
what was achieved before, so that a decision of the other governors is told from unfinished work of
ours. Wishes come true one at a time, those that add weight first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from consortium_operator.api.chain import Role
from consortium_operator.chain.changes import MemberChange, Members, Standing
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.quorum import Quorum
from consortium_operator.chain.view import ChainView

ENOUGH_SEALERS = 4
"""So many tolerate the loss of one; whoever has them is not taken below without a word."""


class Kind(IntEnum):
    """What a wish does to the chain, in the order in which wishes are granted."""

    OBSERVE = 0
    PROMOTE = 1
    REWEIGH = 2
    DEMOTE = 3
    REMOVE = 4


@dataclass(frozen=True, slots=True)
class Wish:
    """A node that should be something else on the chain than it is. `was_achieved`: it was what it
    should be by our doing, and then others changed it."""

    node: PlannedNode
    change: MemberChange
    kind: Kind
    was_achieved: bool

    @property
    def what(self) -> str:
        """As a sentence: webank/shenzhen-0 becomes a sealer of weight 1."""
        return f"{self.node.path} {_WORDS[self.kind].format(weight=self.change.weight)}"

    @property
    def adds_weight(self) -> bool:
        return self.kind in (Kind.OBSERVE, Kind.PROMOTE)


_WORDS: Mapping[Kind, str] = {
    Kind.OBSERVE: "joins as observer",
    Kind.PROMOTE: "becomes a sealer of weight {weight}",
    Kind.REWEIGH: "changes its weight to {weight}",
    Kind.DEMOTE: "becomes an observer",
    Kind.REMOVE: "leaves the chain",
}


def intent_of(node: PlannedNode) -> str:
    """What the spec asks, as the journal keeps it: Sealer/2, Observer/0, Outside/0."""
    if node.departure is not None:
        return "Outside/0"
    return f"{node.role.value}/{node.weight if node.is_sealer else 0}"


def achieved_of(entry: JournalEntry) -> str | None:
    """What we last brought about, in the same words."""
    return None if entry.role is None else f"{entry.role}/{entry.weight or 0}"


def change_for(node: PlannedNode, node_id: str) -> MemberChange:
    if node.departure is not None:
        return MemberChange(node_id, Standing.OUTSIDE)
    if node.role is Role.OBSERVER:
        return MemberChange(node_id, Standing.OBSERVER)
    return MemberChange(node_id, Standing.SEALER, node.weight)


def wishes(
    nodes: Iterable[PlannedNode], node_ids: Mapping[str, str], members: Members, journal: Journal
) -> tuple[Wish, ...]:
    """What is left to do, in the order in which it should be done. `node_ids`: by full object name,
    of the nodes whose keys are known. One that is being rebuilt is an observer only for a while;
    but unless the chain has it, nobody sends it blocks to be rebuilt from."""
    found = (
        _wish(node, node_ids[node.names.node], members, journal)
        for node in nodes
        if node.names.node in node_ids
    )
    open_wishes = (wish for wish in found if wish is not None)
    return tuple(sorted(open_wishes, key=lambda wish: (wish.kind, wish.node.path)))


def _wish(node: PlannedNode, node_id: str, members: Members, journal: Journal) -> Wish | None:
    change, entry = change_for(node, node_id), journal.of(node.names.node)
    is_rebuilt = entry.rebuilding is not None and members.has(node_id)
    if change.holds(members) or (is_rebuilt and node.departure is None):
        return None
    was_achieved = achieved_of(entry) == intent_of(node)
    return Wish(node, change, _kind(change, members), was_achieved)


def _kind(change: MemberChange, members: Members) -> Kind:
    is_sealer = change.node_id in members.sealers
    if change.standing is Standing.OUTSIDE:
        return Kind.REMOVE
    if change.standing is Standing.OBSERVER:
        return Kind.DEMOTE if is_sealer else Kind.OBSERVE
    if is_sealer:
        return Kind.REWEIGH
    return Kind.PROMOTE if change.node_id in members.observers else Kind.OBSERVE


def why_unsafe(view: ChainView, wish: Wish) -> str | None:
    """Why the chain should not make this change as it is now, with the arithmetic; None: it may.

    Only nodes that are live count, but for one that is promoted: it was seen to keep up. Where
    sealers wait for their turn (RPBFT), another one waits with them.
    """
    count, left = len(view.all_sealers), len(_after(view.all_sealers, wish))
    if left < count and count >= ENOUGH_SEALERS > left:
        return (
            f"{left} sealers would be left of {count}, and fewer than {ENOUGH_SEALERS} cannot "
            "spare any"
        )
    waits_for_work = wish.kind is Kind.PROMOTE and count > len(view.weights)
    after = view.weights if waits_for_work else _after(view.weights, wish)
    serving = view.live_sealers | ({wish.change.node_id} if wish.kind is Kind.PROMOTE else set())
    quorum, live = Quorum(sum(after.values())), _weight(after, serving)
    if quorum.is_met_by(live):
        return None
    return (
        f"the sealers would weigh {quorum.total_weight} together, so that {quorum.required} must "
        f"be live, and {live} are"
    )


def _after(sealers: Mapping[str, int], wish: Wish) -> dict[str, int]:
    others = {one: weight for one, weight in sealers.items() if one != wish.change.node_id}
    if wish.kind in (Kind.PROMOTE, Kind.REWEIGH):
        return others | {wish.change.node_id: wish.change.weight}
    return dict(sealers) if wish.kind is Kind.OBSERVE else others


def _weight(weights: Mapping[str, int], of: Iterable[str]) -> int:
    return sum(weights.get(one, 0) for one in of)


def strangers(members: Members, known: Iterable[str]) -> tuple[str, ...]:
    """Node ids that the chain has and no node of ours ever had."""
    return tuple(sorted({*members.sealers, *members.observers} - set(known)))
