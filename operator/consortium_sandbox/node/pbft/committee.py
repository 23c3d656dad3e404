"""The sealers of one height, their weights, and the arithmetic of the quorum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, order=True)
class Sealer:
    """A node that votes."""

    node_id: str
    weight: int


@dataclass(frozen=True)
class Committee:
    """Sealers sorted by node id: the position is the index that leaders are counted by."""

    sealers: tuple[Sealer, ...]

    @classmethod
    def of(cls, sealers: Iterable[Sealer]) -> Committee:
        return cls(tuple(sorted(sealers)))

    @cached_property
    def total(self) -> int:
        return sum(self._weights.values())

    @property
    def faulty(self) -> int:
        """f: the weight that may fail (PBFTConfig.cpp:416)."""
        return (self.total - 1) // 3

    @property
    def quorum(self) -> int:
        """q = W - f: the weight that decides."""
        return self.total - self.faulty

    def __contains__(self, node_id: str) -> bool:
        return node_id in self._weights

    def leader_index(self, height: int, view: int) -> int:
        return (height + view) % len(self.sealers)

    def leader(self, height: int, view: int) -> str:
        return self.sealers[self.leader_index(height, view)].node_id

    def index(self, node_id: str) -> int | None:
        """The position of a sealer; None for everybody else."""
        for index, sealer in enumerate(self.sealers):
            if sealer.node_id == node_id:
                return index
        return None

    def weight(self, node_ids: Iterable[str]) -> int:
        """The weight of distinct nodes; those who are no sealers weigh nothing."""
        return sum(self._weights.get(node_id, 0) for node_id in set(node_ids))

    def decides(self, node_ids: Iterable[str]) -> bool:
        return self.weight(node_ids) >= self.quorum

    @cached_property
    def _weights(self) -> dict[str, int]:
        return {sealer.node_id: sealer.weight for sealer in self.sealers}
