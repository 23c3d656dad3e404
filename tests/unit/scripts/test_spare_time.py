"""What runs beside the tests on clusters takes little time from them, and fails as loudly."""

from pathlib import Path
from typing import Any

from tests.scripts import load_script

spare_time = load_script("spare_time")


def hierarchy(root: Path) -> Any:
    return spare_time.Hierarchy(root, "cpu.weight", "25")


def run(tmp_path: Path, *command: str) -> tuple[int, bytes]:
    found: tuple[int, bytes] = spare_time.run_in_spare_time(command, [hierarchy(tmp_path)])
    return found


def test_what_is_written_and_how_it_ended_are_passed_on(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "echo out; echo err >&2; exit 3") == (3, b"out\nerr\n")


def test_it_runs_in_a_group_of_little_weight(tmp_path: Path) -> None:
    run(tmp_path, "true")
    (group,) = tmp_path.iterdir()
    assert (group / "cpu.weight").read_text("ascii") == "25"
    assert (group / "cgroup.procs").read_text("ascii").strip().isdigit()


def test_the_group_of_a_run_that_was_cut_short_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "consortium-spare-time-1"
    left.mkdir()
    run(tmp_path, "true")
    assert not left.exists()


def test_without_a_place_for_groups_it_is_nice_at_least(tmp_path: Path) -> None:
    assert run(tmp_path / "missing", "nice") == (0, b"19\n")
    read_only = Path("/proc/self")
    assert run(read_only, "nice") == (0, b"19\n")
