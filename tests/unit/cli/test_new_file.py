"""A file that a command makes."""

import os
from pathlib import Path

import pytest

from consortium_operator.cli.new_file import write_new


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_of_a_file_that_has_no_room_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = os.open

    def on_a_full_disk(path: str, flags: int, mode: int) -> int:
        os.close(made(path, flags, mode))
        return made("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(os, "open", on_a_full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "report", b"x" * 100_000)
    assert list(tmp_path.iterdir()) == []


def test_it_is_nobody_elses_at_any_moment(tmp_path: Path) -> None:
    write_new(tmp_path / "report", b"x", 0o600)
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o600
