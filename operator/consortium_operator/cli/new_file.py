"""A file that a command makes, and that was not there before."""

import os
from pathlib import Path


def write_new(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Whole, or not at all: half of it would be refused as "there" the next time. `mode`: at most,
    as the caller's umask has it. Raises OSError: FileExistsError where the file is there."""
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(made, "wb") as file:
        try:
            file.write(content)
            file.flush()
        except BaseException:
            path.unlink()
            raise
