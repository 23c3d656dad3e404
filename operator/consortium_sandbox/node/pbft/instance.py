"""Everything a sealer knows about one height."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from consortium_sandbox.node.pbft.committee import Committee
from consortium_sandbox.node.pbft.messages import (
    NewView,
    Prepared,
    PrePrepare,
    ViewChange,
    Vote,
    decode_prepared,
)
from consortium_sandbox.node.pbft.votelog import Entry

VotesByAuthor = dict[str, Vote]


@dataclass
class Instance:
    """One height. `changing` says that the view is promised but not yet begun.

    `sent` holds this node's own votes by (kind, view), `bound` the digest that a new view must
    propose.
    """

    height: int
    parent: bytes
    committee: Committee
    view: int = 0
    changing: bool = False
    decided: bool = False
    proposals: dict[int, PrePrepare] = field(default_factory=dict)
    votes: dict[tuple[str, int, bytes], VotesByAuthor] = field(
        default_factory=lambda: defaultdict(dict)
    )
    changes: dict[int, dict[str, ViewChange]] = field(default_factory=lambda: defaultdict(dict))
    new_view: NewView | None = None
    prepared: Prepared | None = None
    sent: dict[tuple[str, int], bytes] = field(default_factory=dict)

    @property
    def leader(self) -> str:
        return self.committee.leader(self.height, self.view)

    @property
    def proposal(self) -> PrePrepare | None:
        """What was accepted in the current view."""
        return self.proposals.get(self.view)

    @property
    def bound(self) -> bytes | None:
        binding = self.new_view.binding() if self.new_view else None
        return binding.digest if binding else None

    def payload_of(self, digest: bytes) -> bytes | None:
        """The checked block with this digest, from any view."""
        for proposal in self.proposals.values():
            if proposal.digest == digest:
                return proposal.payload
        if self.prepared and self.prepared.digest == digest:
            return self.prepared.payload
        return None

    def restore(self, entries: list[Entry]) -> None:
        """Take back what was written down before a restart.

        A view above the first one has to be begun again by a NewView: which block it is bound to
        was not kept.
        """
        first = self.view
        for entry in entries:
            if entry["what"] == "view":
                self.view = max(self.view, int(entry["view"]))
            elif entry["what"] == "vote":
                self.sent[entry["kind"], int(entry["view"])] = bytes.fromhex(entry["digest"])
            elif entry["what"] == "prepared":
                self.prepared = decode_prepared(entry["prepared"])
        self.changing = self.view > first

    def highest_view_of(self) -> dict[str, int]:
        """Each sealer's highest promised view, as far as its messages came here."""
        highest: dict[str, int] = {}
        for view, changes in self.changes.items():
            for author in changes:
                highest[author] = max(view, highest.get(author, 0))
        return highest
