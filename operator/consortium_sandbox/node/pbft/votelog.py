"""The votes a node has cast at the height it works on, on disk before they are sent.

One JSON object per line, appended and synced. A last line that a crash cut short was never sent and
is ignored. Entries of earlier heights are dropped when a later height writes its first one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class VoteLog:
    """The file `votes.log` in a directory that exists."""

    def __init__(self, directory: str) -> None:
        path = Path(directory) / "votes.log"
        self._entries = _read(path)
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        self._height = max((int(entry["height"]) for entry in self._entries), default=-1)

    def entries(self, height: int) -> list[Entry]:
        """What was written for a height before this process started."""
        return [entry for entry in self._entries if entry["height"] == height]

    def append(self, height: int, entry: Entry) -> None:
        if height > self._height:
            os.ftruncate(self._file, 0)
            self._entries = []
            self._height = height
        line = json.dumps(entry | {"height": height}, sort_keys=True) + "\n"
        os.write(self._file, line.encode())
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)


def _read(path: Path) -> list[Entry]:
    entries: list[Entry] = []
    if not path.exists():
        return entries
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    for line in whole.splitlines():
        entries.append(json.loads(line))
    if len(whole) < len(content):
        # Cut the torn line off, or the next one would be glued to it.
        os.truncate(path, len(whole))
    return entries
