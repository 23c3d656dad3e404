"""What a crash may leave on disk, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_sandbox.node.blockfile import BlockFile
from consortium_sandbox.node.pbft.votelog import VoteLog


def test_records_are_read_back_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "blocks.dat")
    file = BlockFile(path)
    for record in (b"one", b"", b"three"):
        file.append(record)
    file.close()
    again = BlockFile(path)
    assert list(again) == [b"one", b"", b"three"]
    again.close()


@pytest.mark.parametrize("lost", range(1, 13))
def test_a_record_that_was_cut_short_is_dropped_and_the_next_takes_its_place(
    lost: int, tmp_path: Path
) -> None:
    path = tmp_path / "blocks.dat"
    file = BlockFile(str(path))
    file.append(b"whole")
    file.append(b"torn")
    file.close()
    path.write_bytes(path.read_bytes()[:-lost])
    again = BlockFile(str(path))
    assert list(again) == [b"whole"]
    again.append(b"next")
    again.close()
    last = BlockFile(str(path))
    assert list(last) == [b"whole", b"next"]
    last.close()


def test_a_record_with_a_flipped_bit_ends_the_file(tmp_path: Path) -> None:
    path = tmp_path / "blocks.dat"
    file = BlockFile(str(path))
    file.append(b"whole")
    file.append(b"broken")
    file.close()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    again = BlockFile(str(path))
    assert list(again) == [b"whole"]
    again.close()


def test_votes_of_the_height_at_work_come_back_after_a_restart(tmp_path: Path) -> None:
    log = VoteLog(str(tmp_path))
    log.append(7, {"what": "view", "view": 1})
    log.append(7, {"what": "view", "view": 2})
    log.close()
    again = VoteLog(str(tmp_path))
    assert [entry["view"] for entry in again.entries(7)] == [1, 2]
    assert again.entries(8) == []
    again.close()


def test_the_first_vote_of_a_later_height_drops_the_earlier_ones(tmp_path: Path) -> None:
    log = VoteLog(str(tmp_path))
    log.append(7, {"what": "view", "view": 1})
    log.append(8, {"what": "view", "view": 2})
    log.close()
    again = VoteLog(str(tmp_path))
    assert again.entries(7) == []
    assert len(again.entries(8)) == 1
    again.close()


@given(st.integers(1, 40))
def test_a_vote_line_that_was_cut_short_was_never_sent(lost: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        log = VoteLog(directory)
        log.append(7, {"what": "view", "view": 1})
        log.append(7, {"what": "vote", "kind": "prepare", "view": 1, "digest": "00"})
        log.close()
        path = Path(directory) / "votes.log"
        path.write_bytes(path.read_bytes()[:-lost])
        again = VoteLog(directory)
        again.append(7, {"what": "view", "view": 2})
        again.close()
        last = VoteLog(directory)
        assert [entry["view"] for entry in last.entries(7)] == [1, 2]
        last.close()
