"""One chain rolls at a time. A new operator, or a new image in its catalogue, changes the template
of every chain at once; whoever made a mistake there should learn of it from one chain.

In memory only: an operator that starts anew begins with a free slot, and goes on where it was. The
holder says in each round that it still rolls; one that falls silent (deleted, paused, refused)
loses the slot.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from consortium_operator.chain.naming import ChainKey

SILENT_AFTER = timedelta(minutes=2)
"""Longer than a round takes whose API server or nodes do not answer."""


@dataclass(slots=True)
class RolloutSlot:
    """Who restarts nodes that serve, and when that was last said."""

    holder: ChainKey | None = None
    said_at: datetime | None = None

    def other(self, key: ChainKey, now: datetime) -> ChainKey | None:
        """Another chain that rolls now, or None."""
        if self.holder in (None, key) or self.said_at is None:
            return None
        is_silent = not timedelta(0) <= now - self.said_at < SILENT_AFTER
        return None if is_silent else self.holder

    def hold(self, key: ChainKey, now: datetime) -> None:
        self.holder, self.said_at = key, now

    def release(self, key: ChainKey) -> None:
        if self.holder == key:
            self.holder = self.said_at = None
