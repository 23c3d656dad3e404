"""The logs of a chain's nodes as `consortium logs` shows them: pure, from lines as nodes write
them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from consortium_operator.chain.log_entry import Level, LogEntry
from consortium_operator.cli.printing import shown
from consortium_operator.engines import registry
from consortium_operator.kube.kinds import JsonObject
from consortium_operator.manifests.pod import CONTAINER

_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A line, and the node that wrote it."""

    node: str
    entry: LogEntry

    def as_data(self) -> Mapping[str, str | None]:
        entry = self.entry
        return {
            "node": self.node,
            "time": entry.time,
            "level": entry.level,
            "text": entry.text,
        }

    def as_text(self, width: int) -> str:
        """`width`: of the longest name of a node."""
        time, level = self.entry.time or "-", self.entry.level or "-"
        return shown(f"{self.node:<{width}}  {time}  {level:<7}  {self.entry.text}")


def seconds_of(duration: str) -> int:
    """Of such as 90s, 10m or 1h30m. Raises ValueError."""
    found = _DURATION.fullmatch(duration)
    hours, minutes, seconds = (int(part or 0) for part in (found.groups() if found else (0, 0, 0)))
    total = hours * 3600 + minutes * 60 + seconds
    if total == 0:
        raise ValueError(duration)
    return total


def container_of(pod: JsonObject) -> str:
    """Which container of which pod is the node, or was the last one."""
    ids = (one.get("containerID") or "" for one in _statuses(pod))
    return "/".join([pod["metadata"]["uid"], *ids])


def runs(pod: JsonObject) -> bool:
    """Whether that container does, as far as the cluster was told."""
    return any("running" in (one.get("state") or {}) for one in _statuses(pod))


def _statuses(pod: JsonObject) -> Iterator[JsonObject]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return (one for one in statuses if one["name"] == CONTAINER)


def merged(engine: str, logs: Mapping[str, Iterable[str]], level: Level) -> Sequence[NodeLine]:
    """The lines of all nodes from `level` on, by time. One without a time follows the line before
    it."""
    found = []
    for node, log in logs.items():
        time = ""
        for line in log:
            entry = registry.read_log_line(engine, line)
            time = entry.time or time
            if entry.is_at_least(level):
                found.append((time, NodeLine(node, entry)))
    return [line for _, line in sorted(found, key=lambda one: one[0])]
