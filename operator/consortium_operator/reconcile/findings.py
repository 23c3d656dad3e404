"""What a round of reconcile found wrong, or still waits for: the raw material of conditions."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from consortium_operator.api.conditions import ConditionType, Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact that keeps a condition from being true.

    `needs_person`: nothing that the operator or the cluster does on its own will mend it.
    `unknown`: the condition cannot be judged yet (status Unknown), rather than False.
    """

    condition: ConditionType
    reason: Reason
    message: str
    needs_person: bool = False
    unknown: bool = False


class Blocked(Exception):
    """A step cannot go on; later steps that need it are not tried. Carries what to tell."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


@dataclass(slots=True)
class Findings:
    """The findings of one round, in the order they were made."""

    found: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        if finding not in self.found:
            self.found.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.add(finding)

    def of(self, condition: ConditionType) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.found if finding.condition is condition)

    @property
    def need_person(self) -> bool:
        return any(finding.needs_person for finding in self.found)
