"""The membership journal: what the operator last wanted and last achieved for each node.

It is memory, not a wish: from the chain alone nobody can tell a change that the spec asks for
from one that other governors made on chain, which is told and never undone; and a Service that was
deleted must come back with the address that running nodes have cached.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

from consortium_operator.chain.committee import Proposed
from consortium_operator.chain.handover import Achieved

OUTSIDE = "Outside"
"""The role of a node that was voted out."""


class JournalError(ValueError):
    """An entry of the journal is not what we wrote. The message names the node."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One node. None: not known, or not achieved yet.

    `path`: the node as people write it ("webank/shenzhen-0").
    `intent`: role and weight that the spec last asked for ("Sealer/1").
    `role`, `weight`: what the chain last had by our doing; `block`: the height where it was read;
    0 of a node that must have had blocks before the journal was lost.
    `cluster_ip`: the address of the node's Service.
    `first_pod`: "<volume generation>/<uid>" of the first pod on the node's newest volume: a later
    one, before the first block, is a second start.
    `paused`, `paused_pod`: the number of the last pause that a person accepted, and the uid of the
    pod that it was for: once that pod is gone, the acceptance is used up.
    `restarted`, `restarted_pod`: the last token by which a person asked for a restart, and the uid
    of the pod that it was for.
    `hangs`, `hung_pod`, `hung_at`: how often in a row the node was restarted because it hung, and
    of the last time the pod's uid and the moment (RFC 3339).
    `meddled`, `meddled_pod`, `meddled_at`: the same because somebody had changed its pod.
    `suspect_pod`, `suspect_for`, `suspect_at`: the uid of the pod that may hang, for how many
    seconds that was seen, and when this was noted; `suspect_height`: where it stands, if it
    answers.
    `out`, `out_at`: the height at which the chain no longer had the node after the spec had given
    it up, and the moment; None again once the spec has it back.
    `trusted`, `dropped`, `told`, of a member: whether its CA is in the trust directory, how often
    it was taken out of it, and how many of these times it was told that nobody trusts it any more.
    `rebuilding`, `former_weight`: the volume generation on which the node is being built anew from
    its peers, and the weight that it had as a sealer before (None: it was none). As long as the
    first stands, `role`, `weight` and `block` do, and nobody else changes what the node is.
    `unknown`: what a later release has written, by name. It is kept as it is.
    """

    path: str | None = None
    intent: str | None = None
    role: str | None = None
    weight: int | None = None
    block: int | None = None
    cluster_ip: str | None = None
    first_pod: str | None = None
    paused: int | None = None
    paused_pod: str | None = None
    restarted: str | None = None
    restarted_pod: str | None = None
    hangs: int | None = None
    hung_pod: str | None = None
    hung_at: str | None = None
    meddled: int | None = None
    meddled_pod: str | None = None
    meddled_at: str | None = None
    suspect_pod: str | None = None
    suspect_for: int | None = None
    suspect_at: str | None = None
    suspect_height: int | None = None
    out: int | None = None
    out_at: str | None = None
    trusted: bool | None = None
    dropped: int | None = None
    told: int | None = None
    rebuilding: int | None = None
    former_weight: int | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_on_chain(self) -> bool:
        """Whether the chain had it by our doing, when it was last seen."""
        return self.role not in (None, OUTSIDE)

    @property
    def volume(self) -> int | None:
        """The newest volume generation that a pod was seen on."""
        number = (self.first_pod or "").partition("/")[0]
        return int(number) if number.isdecimal() else None


@dataclass(frozen=True, slots=True)
class RolloutApproval:
    """The number by which a person last approved a rollout, and whether that one goes on still:
    once every node has had its turn, the number is used up."""

    number: int = 0
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """The chain itself. `settings`: key → value that the spec asked for and the chain had;
    `committee`: the same. `proposals`: the operator's own, the last of each kind. `unknown`: as of
    a node; so what a later release adds stands beside these, and not within them."""

    settings: Mapping[str, str] = field(default_factory=dict)
    committee: Achieved = field(default_factory=Achieved)
    proposals: Mapping[str, Proposed] = field(default_factory=dict)
    approval: RolloutApproval = RolloutApproval()
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Journal:
    """Entries by full object name of the node; by its name, of a member's RPC Service (only its
    address)."""

    entries: Mapping[str, JournalEntry]
    chain: ChainEntry = ChainEntry()

    def of(self, name: str) -> JournalEntry:
        return self.entries.get(name, JournalEntry())

    @property
    def has_blocks(self) -> bool:
        """Whether any node was ever seen with one."""
        return any(entry.block for entry in self.entries.values())

    def noting(self, node: str, entry: JournalEntry) -> "Journal":
        """The journal with another entry of `node`."""
        return replace(self, entries={**self.entries, node: entry})

    def to_data(self) -> dict[str, str]:
        """The ConfigMap's data: one key for each node, so that a change touches one line."""
        nodes = {node: _text_of(entry) for node, entry in sorted(self.entries.items())}
        if self.chain == ChainEntry():
            return nodes
        chain = _CHAIN_ENTRY.dump_python(self.chain, mode="json", exclude={_UNKNOWN})
        return {_CHAIN: json.dumps({**self.chain.unknown, **chain}), **nodes}

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> "Journal":
        """Raises JournalError."""
        nodes = {node: text for node, text in data.items() if node != _CHAIN}
        chain = _chain_entry(data[_CHAIN]) if _CHAIN in data else ChainEntry()
        return cls({node: _entry(node, text) for node, text in sorted(nodes.items())}, chain)


_CHAIN_ENTRY: TypeAdapter[ChainEntry] = TypeAdapter(ChainEntry)
# No object's name has an underscore.
_CHAIN = "the_chain"
_UNKNOWN = "unknown"

# Each field is of its type or None, and of a None nothing is written.
_TYPES = {
    name: get_args(hint)[0]
    for name, hint in get_type_hints(JournalEntry).items()
    if name != _UNKNOWN
}
_OF_CHAIN = {one.name for one in fields(ChainEntry)} - {_UNKNOWN}
_PATH = re.compile(r"[a-z0-9-]+/[a-z0-9-]+-[0-9]+")
_MOMENTS = ("hung_at", "meddled_at", "suspect_at", "out_at")


def _text_of(entry: JournalEntry) -> str:
    known = {name: value for name in _TYPES if (value := getattr(entry, name)) is not None}
    return json.dumps({**entry.unknown, **known})


def _entry(node: str, text: str) -> JournalEntry:
    try:
        known, unknown = _split(text, _TYPES)
        if any(type(value) is not _TYPES[name] for name, value in known.items()):
            raise TypeError
        moments = [datetime.fromisoformat(known[name]) for name in _MOMENTS if name in known]
        if any(moment.tzinfo is None for moment in moments):
            raise ValueError
        if "path" in known and _PATH.fullmatch(known["path"]) is None:
            raise ValueError
        return JournalEntry(**known, unknown=unknown)
    except (AttributeError, TypeError, ValueError, RecursionError):
        raise JournalError(f"the journal's entry of {node} is unreadable") from None


def _chain_entry(text: str) -> ChainEntry:
    try:
        known, unknown = _split(text, _OF_CHAIN)
        entry = _CHAIN_ENTRY.validate_json(json.dumps(known), strict=True)
        return replace(entry, unknown=unknown)
    except (AttributeError, ValueError, RecursionError):
        raise JournalError("the journal's entry of the chain is unreadable") from None


def _split(text: str, names: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What we know by name, and what a later release has written: an operator that was rolled back
    stops no chain for that, and loses nothing of it."""
    found = json.loads(text).items()
    known = {name: value for name, value in found if name in names}
    return known, {name: value for name, value in found if name not in names}
