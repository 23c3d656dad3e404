"""What a running chain should become, one change at a time, in words that no engine owns.

Each change is carried out by transactions, and holds only once the chain reads so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from consortium_operator.chain.committee import Committee


@dataclass(frozen=True, slots=True)
class Members:
    """As the chain has them, by node id. `sealers`: with their weights; RPBFT's that wait for their
    turn are among them, and named in `waiting` where that was asked."""

    sealers: Mapping[str, int]
    observers: frozenset[str]
    waiting: frozenset[str] = frozenset()

    def has(self, node_id: str) -> bool:
        return node_id in self.sealers or node_id in self.observers


class Standing(Enum):
    """What a node is on the chain."""

    SEALER = auto()
    OBSERVER = auto()
    OUTSIDE = auto()


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What a node should be. `weight`: of a sealer."""

    node_id: str
    standing: Standing
    weight: int = 1

    def holds(self, members: Members) -> bool:
        if self.standing is Standing.SEALER:
            return members.sealers.get(self.node_id) == self.weight
        if self.standing is Standing.OBSERVER:
            return self.node_id in members.observers
        return not members.has(self.node_id)


@dataclass(frozen=True, slots=True)
class SettingChange:
    """What a setting of the running chain should be. The text as the chain keeps it."""

    key: str
    value: str

    def holds(self, value: str | None) -> bool:
        return value == self.value


@dataclass(frozen=True, slots=True)
class GovernorChange:
    """What a governor's weight should be; 0: no governor."""

    address: str
    weight: int

    def holds(self, committee: Committee) -> bool:
        return committee.governors.get(self.address, 0) == self.weight


@dataclass(frozen=True, slots=True)
class RatesChange:
    """What the committee's rates should be, in percent."""

    participation: int
    win: int

    def holds(self, committee: Committee) -> bool:
        return (committee.participation, committee.win) == (self.participation, self.win)


Change = MemberChange | SettingChange | GovernorChange | RatesChange


def text_of(change: Change) -> str:
    """The same for the same change, whichever operator wrote it: the journal keeps it."""
    match change:
        case MemberChange(node_id, standing, weight):
            is_sealer = standing is Standing.SEALER
            return f"member {node_id} {standing.name} {weight if is_sealer else 0}"
        case SettingChange(key, value):
            return f"setting {key} {value}"
        case GovernorChange(address, weight):
            return f"governor {address} {weight}"
        case RatesChange(participation, win):
            return f"rates {participation} {win}"
