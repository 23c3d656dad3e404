"""An append-only file of records, synced one by one.

A record is its length and checksum (4 bytes each) and its bytes. What a crash left half written at
the end is cut off at the next start: it was never acknowledged.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator

_HEAD = struct.Struct(">II")


class BlockFile:
    """Records by position, 0 first."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        self._offsets: list[int] = []
        self._end = 0
        self._recover()

    def __len__(self) -> int:
        return len(self._offsets)

    def __iter__(self) -> Iterator[bytes]:
        return (self.read(position) for position in range(len(self)))

    def read(self, position: int) -> bytes:
        offset = self._offsets[position]
        size, _ = _HEAD.unpack(os.pread(self._file, _HEAD.size, offset))
        return os.pread(self._file, size, offset + _HEAD.size)

    def append(self, record: bytes) -> None:
        """On disk when this returns."""
        data = _HEAD.pack(len(record), zlib.crc32(record)) + record
        written = os.pwrite(self._file, data, self._end)
        if written != len(data):
            raise OSError(f"only {written} of {len(data)} bytes written")
        os.fdatasync(self._file)
        self._offsets.append(self._end)
        self._end += len(data)

    def close(self) -> None:
        os.close(self._file)

    def _recover(self) -> None:
        total = os.fstat(self._file).st_size
        while self._end + _HEAD.size <= total:
            size, checksum = _HEAD.unpack(os.pread(self._file, _HEAD.size, self._end))
            record = os.pread(self._file, size, self._end + _HEAD.size)
            if len(record) < size or zlib.crc32(record) != checksum:
                break
            self._offsets.append(self._end)
            self._end += _HEAD.size + size
        if self._end < total:
            os.ftruncate(self._file, self._end)
