"""Checks of what other sealers claim: votes, certificates, view changes, seals of blocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from consortium_sandbox.node.block import Seal
from consortium_sandbox.node.pbft.committee import Committee
from consortium_sandbox.node.pbft.messages import (
    COMMIT,
    PREPARE,
    Domain,
    NewView,
    Prepared,
    ViewChange,
    Vote,
)


@dataclass(frozen=True)
class Verifier:
    """Checks for one height."""

    domain: Domain
    committee: Committee
    height: int

    def view_change(self, change: ViewChange) -> bool:
        prepared = change.prepared
        if prepared is not None and not prepared.view < change.view:
            return False
        return self.domain.is_authentic(change) and (
            prepared is None or self._certificate(prepared)
        )

    def new_view(self, message: NewView) -> bool:
        """Signed by the view's leader, with q valid view changes into exactly this view."""
        changes = message.changes
        return (
            message.author == self.committee.leader(self.height, message.view)
            and self.domain.is_authentic(message)
            and self.committee.decides(change.author for change in changes)
            and len({change.author for change in changes}) == len(changes)
            and all((c.height, c.view) == (self.height, message.view) for c in changes)
            and all(self.view_change(change) for change in changes)
        )

    def seal(self, digest: bytes, seal: Seal) -> bool:
        """A committed block's proof: commit votes of weight q in one view."""
        votes = [
            Vote(COMMIT, self.height, seal.view, digest, author, signature)
            for author, signature in seal.signatures
        ]
        return self._votes(votes)

    def _certificate(self, prepared: Prepared) -> bool:
        expected = (PREPARE, self.height, prepared.view, prepared.digest)
        return self._votes(prepared.votes) and all(
            (vote.kind, vote.height, vote.view, vote.digest) == expected for vote in prepared.votes
        )

    def _votes(self, votes: Iterable[Vote]) -> bool:
        votes = list(votes)
        return self.committee.decides(vote.author for vote in votes) and all(
            self.domain.is_authentic(vote) for vote in votes
        )
