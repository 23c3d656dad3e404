"""What the state machine asks the node to do, and what it is given at a new height."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consortium_sandbox.node.pbft.committee import Committee
from consortium_sandbox.node.pbft.messages import Message, Vote
from consortium_sandbox.node.pbft.votelog import Entry


@dataclass(frozen=True)
class Start:
    """A height begins. `view` is the one in which the block before it was committed.

    Views go on from height to height, as in the node. Nodes that saw that block committed in
    different views begin apart; they meet by a change of view, or by fetching the next block.
    `written` is what the vote log holds for this height.
    """

    height: int
    parent: bytes
    committee: Committee
    view: int
    written: list[Entry]


@dataclass(frozen=True)
class Send:
    """To one node, or to every sealer where `to` is None."""

    message: Message
    to: str | None = None


@dataclass(frozen=True)
class WriteDown:
    """Must be on disk before anything that follows it is sent."""

    height: int
    entry: Entry


@dataclass(frozen=True)
class SetTimer:
    """One timer: a new one replaces the old, None stops it. Seconds."""

    seconds: float | None


@dataclass(frozen=True)
class Decided:
    """The block of a height, with the commit votes that prove it."""

    height: int
    view: int
    digest: bytes
    payload: bytes
    votes: tuple[Vote, ...]


Action = Send | WriteDown | SetTimer | Decided
Validate = Callable[[int, bytes, bytes], bool]
"""(height, digest, payload) → may this block follow? Also checks that the digest is its hash."""
