"""What a check says: how bad, about what, and how it is put right."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from consortium_operator.cli.printing import columns, shown


class Severity(StrEnum):
    """ERROR: a chain stands still, or will. WARNING: it may, or a way to help it is closed.
    UNKNOWN: it was not checked, or cannot be. OK: nothing to do."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has to say. `subject`: the object or field that it is about. `fix`: a
    command, or the field to set."""

    check: str
    severity: Severity
    subject: str
    message: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Makes the findings of one check."""

    name: str

    def ok(self, subject: str, message: str) -> Finding:
        return Finding(self.name, Severity.OK, subject, message)

    def unknown(self, subject: str, message: str, fix: str | None = None) -> Finding:
        return Finding(self.name, Severity.UNKNOWN, subject, message, fix)

    def warning(self, subject: str, message: str, fix: str) -> Finding:
        return Finding(self.name, Severity.WARNING, subject, message, fix)

    def error(self, subject: str, message: str, fix: str) -> Finding:
        return Finding(self.name, Severity.ERROR, subject, message, fix)


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """For people: a line for each finding, then the fixes of what is not as it should be."""
    rows = [(one.severity.upper(), one.check, one.subject, one.message) for one in found]
    yield from map(shown, columns(("", "CHECK", "ABOUT", "FOUND"), rows))
    for one in found:
        if one.fix is not None:
            yield ""
            yield shown(f"{one.severity.upper()} {one.check}, {one.subject}: to put it right")
            yield from (f"  {shown(line)}" for line in one.fix.splitlines())
    yield ""
    yield _sum(found)


def _sum(found: Iterable[Finding]) -> str:
    counts = {severity: 0 for severity in reversed(Severity)}
    for one in found:
        counts[one.severity] += 1
    words = {
        Severity.ERROR: "errors",
        Severity.WARNING: "warnings",
        Severity.UNKNOWN: "not checked",
        Severity.OK: "ok",
    }
    return ", ".join(f"{words[severity]}: {count}" for severity, count in counts.items())
