"""A line of a node's log, whatever engine wrote it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """In ascending order."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    FATAL = "fatal"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """`time`: as the node wrote it, of a form that sorts. No level and no time: a line that is not
    the log's own, as when a process says why it ends."""

    time: str | None
    level: Level | None
    text: str

    def is_at_least(self, level: Level) -> bool:
        """True of a line without a level: it is rare, and says what no other line does."""
        return self.level is None or self.level.rank >= level.rank
