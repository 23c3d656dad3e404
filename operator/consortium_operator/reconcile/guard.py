"""The guard: may this node be disturbed now? (design rule 5)

In front of every eviction. Silence counts as down when granting, and a chain that has no block
yet, or cannot be read, is not touched at all, except for a node that is itself down.
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
    is_live = register.node_id in view.live
    if view.height == 0 and register.node_id in view.up:
        return Verdict(False, "the chain has no block yet, and a node restarted now would be lost")
    weight = view.weights.get(register.node_id, 0)
    cost = weight if is_live else 0
    if may_disturb(view.quorum, live_weight=view.live_weight, cost=cost):
        return Verdict(True)
    return Verdict(
        False,
        f"{node.path} has weight {weight}; of {view.quorum.total_weight} are {view.live_weight} "
        f"live and {view.quorum.required} are needed",
    )
