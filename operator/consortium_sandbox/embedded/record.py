"""What one sandbox is, on disk: its slot, its size and the processes that were started for it.

Written before anything that it speaks of exists, so that a crash never leaves something unknown.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from consortium_sandbox.embedded.topology import Topology
from consortium_sandbox.errors import SandboxError


@dataclass(frozen=True)
class ProcessRecord:
    """A started process.

    `started` is the kernel's start time in clock ticks and `boot` the boot it belongs to: with
    both, a process that later got the same pid is never taken for ours. `inputs` is the digest of
    its command line and configuration: where that differs from what is wanted, it is restarted.
    """

    pid: int
    started: int
    boot: str
    inputs: str


@dataclass(frozen=True)
class Record:
    """The record of a sandbox; processes by key, as the modules that run them name them."""

    name: str
    slot: int
    size: int
    fake_nodes: int = 0
    processes: dict[str, ProcessRecord] = field(default_factory=dict)

    @property
    def topology(self) -> Topology:
        return Topology(self.name, self.slot, self.size, self.fake_nodes)

    def with_process(self, key: str, process: ProcessRecord) -> "Record":
        return replace(self, processes={**self.processes, key: process})

    def without_process(self, key: str) -> "Record":
        kept = {name: process for name, process in self.processes.items() if name != key}
        return replace(self, processes=kept)


def save(record: Record, path: Path) -> None:
    """Writes the record as a whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(asdict(record), indent=1, sort_keys=True))
    unfinished.rename(path)


def load(path: Path) -> Record | None:
    """The record, or None where there is none. Raises SandboxError for one that is not ours."""
    try:
        raw = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SandboxError(f"{path} is damaged ({error}): run `down`, then `up`") from error
    try:
        processes = {key: ProcessRecord(**value) for key, value in raw.pop("processes").items()}
        return Record(**raw, processes=processes)
    except (TypeError, KeyError, AttributeError) as error:
        raise SandboxError(
            f"{path} is of another version of the sandbox: run `down`, then `up`"
        ) from error
