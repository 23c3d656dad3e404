"""What the operator remembers of its own proposals: in the journal, before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from consortium_operator.chain.committee import Proposed
from consortium_operator.engines.protocol import ChainCallFailed
from consortium_operator.reconcile.apply import bring_one
from consortium_operator.reconcile.desired import desired_journal
from consortium_operator.reconcile.journal import read_journal
from consortium_operator.reconcile.world import Founded


@dataclass(frozen=True, slots=True)
class JournalMinutes:
    """Implements Minutes."""

    founded: Founded

    @property
    def generation(self) -> int:
        return self.founded.round.generation

    def of(self, kind: str) -> Proposed | None:
        return self._known.get(kind)

    async def note(self, kind: str, proposed: Proposed) -> None:
        await self._keep({**self._known, kind: proposed})

    async def forget(self, kind: str) -> None:
        """Raises ChainCallFailed, as `note`."""
        await self._keep({one: known for one, known in self._known.items() if one != kind})

    @property
    def _known(self) -> Mapping[str, Proposed]:
        return read_journal(self.founded.round).chain.proposals

    async def _keep(self, proposals: Mapping[str, Proposed]) -> None:
        run = self.founded.round
        journal = read_journal(run)
        noted = replace(journal, chain=replace(journal.chain, proposals=proposals))
        if not await bring_one(run, desired_journal(run, noted)):
            raise ChainCallFailed("the journal cannot be written, so that nothing is proposed")
