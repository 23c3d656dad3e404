"""How nodes talk: frames of JSON. A frame is its length (4 bytes, big endian) and an object."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

MAX_FRAME = 32 * 1024 * 1024
_LENGTH = struct.Struct(">I")

Frame = dict[str, Any]


def to_bytes(frame: Frame) -> bytes:
    data = json.dumps(frame, separators=(",", ":")).encode()
    return _LENGTH.pack(len(data)) + data


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """Raises OSError, EOFError or ValueError for everything that is no frame."""
    (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if size > MAX_FRAME:
        raise ValueError(f"a frame of {size} bytes")
    frame = json.loads(await reader.readexactly(size))
    if not isinstance(frame, dict):
        raise ValueError("not a frame")
    return frame
