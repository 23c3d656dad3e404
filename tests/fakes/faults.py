"""Ways in which a call of the operator can fail, and at which call."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from consortium_operator.kube.kinds import EVENT, Kind, ObjectKey
from tests.crash_points import Deed, Passing


class Killed(BaseException):
    """The operator's process ends here: no handler of its own may catch this."""


class Mode(Enum):
    """What becomes of a call that is made to fail."""

    BEFORE = "killed before the write arrived"
    AFTER = "killed after the write was made"
    LOST = "the write was made and its answer lost"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the operator."""

    verb: str
    key: ObjectKey
    dry_run: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes an object. An Event is none: nothing depends on it."""
        return (
            self.verb not in ("get", "list", "transact")
            and not self.dry_run
            and self.key.kind != EVENT
        )


@dataclass(slots=True)
class Fault:
    """Fails the calls for which `hits` is true: by raising `error`, or by `mode`, once."""

    hits: Callable[[Call], bool]
    error: Callable[[Call], Exception] | None = None
    mode: Mode | None = None
    spent: bool = False


def at_write(number: int) -> Callable[[Call], bool]:
    """Hits the `number`-th write (from 1)."""
    seen = 0

    def hits(call: Call) -> bool:
        nonlocal seen
        seen += call.writes
        return call.writes and seen == number

    return hits


def on(verb: str, kind: Kind | None = None, name: str = "") -> Callable[[Call], bool]:
    """Hits calls of a verb, on a kind and on names that contain `name` where given."""
    return lambda call: (
        call.verb == verb and kind in (None, call.key.kind) and name in call.key.name
    )


def at_point(passing: Passing) -> Callable[[Call], bool]:
    """Hits the call that would end what the named moment is about."""
    return lambda call: (
        (call.writes or call.verb == "transact")
        and passing.is_hit_by(Deed(call.verb, call.key.kind, call.key.name))
    )
