"""One thing that is wrong with a resource, said so that the user can fix it."""

from __future__ import annotations

from dataclasses import dataclass

from consortium_operator.api.conditions import Reason


@dataclass(frozen=True, order=True)
class Problem:
    """`path` is the field as `spec.members[2].nodes[0].count`, `message` says the fix."""

    path: str
    message: str
    reason: Reason = Reason.INVALID

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvalidResource(ValueError):
    """A resource that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def shown(name: str) -> str:
    """A name that is none of ours, fit for a message of one line."""
    return (name if name[:64].isprintable() else ascii(name[:64])[1:-1])[:64]
