"""How often in a row a node was restarted for one reason, and when it may be again: ever less often
where that does not help. It stands in the journal, since an operator that is restarted itself must
not begin to count anew."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from consortium_operator.api.moment import moment_of, rfc3339

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=2)
"""Between two restarts of a node for the same reason: twice as long each time. A deadlock at the
start hits one start in thirty, so a second restart mostly helps, and a tenth never."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """As the journal has them: how often in a row, and of the last time the pod's uid and the
    moment. None: never."""

    times: int | None = None
    pod: str | None = None
    at: str | None = None

    def last(self, now: datetime) -> datetime | None:
        """When it was restarted. A time to come is none: then a clock was wrong."""
        at = moment_of(self.at) if self.at is not None else None
        return at if at is not None and at <= now else None

    def not_before(self, pod: str, now: datetime) -> datetime | None:
        """When it may be again; None: at once. A restart that was noted but whose pod is still
        there did not happen."""
        last = self.last(now)
        if last is None or self.pod == pod:
            return None
        doublings = min((self.times or 1) - 1, 10)
        return last + min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)

    def again(self, pod: str, now: datetime) -> "Repeats":
        """To be noted before it is done, so that none is ever forgotten. One that was noted and not
        done is not noted again: a budget may refuse it for hours."""
        if self.pod == pod:
            return self
        last = self.last(now)
        starts_anew = last is None or now - last > 2 * LONGEST_PAUSE
        return Repeats(1 if starts_anew else (self.times or 0) + 1, pod, rfc3339(now))
