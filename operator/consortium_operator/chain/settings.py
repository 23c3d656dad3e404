"""Settings of a running chain that the spec asks for, in words that no engine owns."""

from dataclasses import dataclass
from enum import Enum, auto

from consortium_operator.chain.changes import SettingChange


@dataclass(frozen=True, slots=True)
class WantedSetting:
    """`field`: where the resource asks for it. `backup_first`: there is no way back, and it changes
    how blocks are made: a person confirms a backup before. `can_go_back`: whether it can be set to
    what it was before. `judged_by`: further settings whose values decide about it."""

    change: SettingChange
    field: str
    backup_first: bool = False
    can_go_back: bool = True
    judged_by: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}: {self.change.key} to {self.change.value}"


class Step(Enum):
    """What may be done for a wanted setting now."""

    NONE = auto()  # the chain has it
    SEND = auto()
    WAIT = auto()
    REFUSE_LOWER = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why`: of WAIT and REFUSE_LOWER, goes on from the setting's name."""

    step: Step
    why: str = ""
