"""PBFT arithmetic by weight, as the node does it (PBFTConfig.cpp): f = ⌊(W-1)/3⌋, q = W - f.

Weights, never counts of pods: four sealers of weights 1, 1, 1, 3 stop when the heavy one does.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quorum:
    """What a total weight W tolerates. W = 0: nothing is known yet."""

    total_weight: int

    @property
    def faulty(self) -> int:
        """f: the weight that may fail while blocks go on."""
        return max(self.total_weight - 1, 0) // 3

    @property
    def required(self) -> int:
        """q: the weight that must be live for a block."""
        return self.total_weight - self.faulty

    def is_met_by(self, live: int) -> bool:
        return self.total_weight > 0 and live >= self.required

    def margin(self, live: int) -> int:
        """The weight that may still go; negative where the quorum is lost."""
        return live - self.required

    def is_too_heavy(self, weight: int) -> bool:
        """Whether losing one node of this weight alone stops the chain."""
        return weight > self.faulty


def may_disturb(quorum: Quorum, *, live_weight: int, cost: int) -> bool:
    """The guard's arithmetic: `cost` is the node's weight if it is live, else 0."""
    return cost == 0 or live_weight - cost >= quorum.required
