"""The record survives a round trip, and says what to do where it cannot be read."""

from pathlib import Path

import pytest

from consortium_sandbox import SandboxError
from consortium_sandbox.embedded.cluster import wanted_size
from consortium_sandbox.embedded.record import ProcessRecord, Record, load, save


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = Record("demo", 3, 2).with_process("etcd", ProcessRecord(42, 7, "boot", "digest"))
    save(record, tmp_path / "record.json")
    assert load(tmp_path / "record.json") == record
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_no_file_is_no_record(tmp_path: Path) -> None:
    assert load(tmp_path / "record.json") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "demo"}', '{"processes": {"etcd": {}}}'])
def test_a_damaged_record_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(SandboxError, match="run `down`, then `up`"):
        load(tmp_path / "record.json")


@pytest.mark.parametrize(
    ("has", "asked", "size"), [(None, None, 3), (None, 0, 0), (2, None, 2), (2, 5, 5), (0, 0, 0)]
)
def test_the_number_of_nodes_is_kept_unless_more_are_asked_for(
    has: int | None, asked: int | None, size: int
) -> None:
    known = None if has is None else Record("demo", 0, has)
    assert wanted_size("demo", known, asked) == size


@pytest.mark.parametrize(
    ("has", "asked", "message"),
    [(3, 2, "has 3 nodes and cannot shrink to 2"), (None, 21, "0 to 20"), (None, -1, "0 to 20")],
)
def test_a_number_of_nodes_that_cannot_be_is_refused(
    has: int | None, asked: int, message: str
) -> None:
    known = None if has is None else Record("demo", 0, has)
    with pytest.raises(SandboxError, match=message):
        wanted_size("demo", known, asked)
