"""The guard: may this node be disturbed now? (design rule 5)

In front of every eviction. Silence counts as down when granting; a node without a block, in a
chain that it agrees with, is never touched.
"""

from dataclasses import dataclass

from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.quorum import may_disturb
from consortium_operator.chain.register import NodeRegister
from consortium_operator.chain.view import ChainView


@dataclass(frozen=True, slots=True)
class Verdict:
    """Granted, or why not, in a sentence with the numbers."""

    granted: bool
    why: str = ""


def judge(
    view: ChainView | None, node: PlannedNode, register: NodeRegister, *, is_lost: bool
) -> Verdict:
    """Whether the chain can spare `node` now. `is_lost`: it started a second time before its first
    block, so that no block will ever need it as it is."""
    if is_lost:
        return Verdict(True)
    if view is None:
        return Verdict(False, "the chain has not been read yet")
    if view.splits or view.foreign_block0:
        return Verdict(False, "the nodes disagree about the chain")
    if _has_no_block(view, node):
        return Verdict(False, f"{node.path} has no block yet, and restarted now it would be lost")
    is_live = register.node_id in view.live
    weight = view.weights.get(register.node_id, 0)
    cost = weight if is_live else 0
    if may_disturb(view.quorum, live_weight=view.live_weight, cost=cost):
        return Verdict(True)
    return Verdict(
        False,
        f"{node.path} has weight {weight}; of {view.quorum.total_weight} are {view.live_weight} "
        f"live and {view.quorum.required} are needed",
    )


def _has_no_block(view: ChainView, node: PlannedNode) -> bool:
    """Whether it runs with the others, at height 0: before the first block, or while it joins."""
    seen = view.of(node.names.node)
    return (
        seen is not None
        and seen.answers
        and seen.height == 0
        and seen.genesis_hash == view.genesis_hash
    )
