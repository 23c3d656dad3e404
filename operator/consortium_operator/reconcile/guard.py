"""The guard: may this node be disturbed now?

In front of every eviction. Silence counts as down when granting; while the chain, or a node that
joins it, has no block, nothing that runs is touched.
"""

from dataclasses import dataclass

from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.quorum import may_disturb
from consortium_operator.chain.view import ChainView


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that is to be disturbed.

    `is_lost`: it starts over on a new volume, so that no block will ever need it as it is.
    `works`: its pod has a process that is not known to hang. `is_accepted`: a person has accepted
    that the chain pauses. `goes_together`: it restarts with others, so that it is no question what
    the chain can spare. `may_serve`: it gave no answer, but that proves nothing yet.
    """

    node: PlannedNode
    node_id: str
    is_lost: bool = False
    works: bool = True
    is_accepted: bool = False
    goes_together: bool = False
    may_serve: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Granted, or why not, in a sentence with the numbers. `needs_acceptance`: a person may
    accept that, and nothing else stands in the way."""

    granted: bool
    why: str = ""
    needs_acceptance: bool = False


def judge(view: ChainView | None, candidate: Candidate, *, has_blocks: bool) -> Verdict:
    """Whether the chain can spare the candidate now. `has_blocks`: whether the chain was ever seen
    with one; the nodes that have it may be those that are silent now."""
    path = candidate.node.path
    if candidate.is_lost:
        return Verdict(True)
    if view is None:
        return Verdict(False, "the chain has not been read yet")
    if view.disagrees:
        return Verdict(False, "the nodes disagree about the chain")
    if _would_be_lost(view, candidate, has_blocks=has_blocks):
        return Verdict(False, f"{path} has no block yet, and restarted now it would be lost")
    joining = view.joining
    if joining and candidate.node_id in view.up:
        return Verdict(False, f"{', '.join(joining)} has joined and has no block yet")
    if candidate.goes_together:
        return Verdict(True)
    weight = view.all_sealers.get(candidate.node_id, 0)
    if candidate.node_id in view.live and view.quorum.is_too_heavy(weight):
        why = (
            f"{path} has weight {weight}, and of {view.quorum.total_weight} only "
            f"{view.quorum.faulty} may fail: no block is made while it restarts"
        )
        return Verdict(candidate.is_accepted, why, needs_acceptance=not candidate.is_accepted)
    if candidate.may_serve and not view.quorum.is_met_by(view.reliable_weight):
        return Verdict(
            False,
            f"{path} gives no answer, but may be at work; without it {view.reliable_weight} of "
            f"{view.quorum.total_weight} are live and {view.quorum.required} are needed",
        )
    cost = weight if candidate.node_id in view.live else 0
    if may_disturb(view.quorum, live_weight=view.reliable_weight, cost=cost):
        return Verdict(True)
    return Verdict(
        False,
        f"{path} has weight {weight}; of {view.quorum.total_weight} are {view.reliable_weight} "
        f"live and {view.quorum.required} are needed",
    )


def _would_be_lost(view: ChainView, candidate: Candidate, *, has_blocks: bool) -> bool:
    """Whether its process has no block to start from again: before the first block of the chain,
    or while it joins. Block 0 is executed anew at each start, and gets another genesis hash."""
    if not candidate.works:
        return False
    if view.height < 1 and not has_blocks:
        return True
    seen = view.of(candidate.node.names.node)
    return (
        seen is not None
        and seen.answers
        and seen.height == 0
        and seen.genesis_hash == view.genesis_hash
    )
