"""What runs beside the tests on clusters takes no time from them, and fails as loudly."""

from pathlib import Path

from tests.scripts import load_script

run_in_spare_time = load_script("spare_time").run_in_spare_time


def test_what_is_written_and_how_it_ended_are_passed_on(tmp_path: Path) -> None:
    script = "echo out; echo err >&2; exit 3"
    assert run_in_spare_time(["sh", "-c", script], [tmp_path]) == (3, b"out\nerr\n")


def test_it_runs_in_a_group_that_yields_to_all_others(tmp_path: Path) -> None:
    run_in_spare_time(["true"], [tmp_path / "missing", tmp_path])
    (group,) = tmp_path.iterdir()
    assert (group / "cpu.idle").read_text("ascii") == "1"
    assert (group / "cgroup.procs").read_text("ascii").strip().isdigit()


def test_the_group_of_a_run_that_was_cut_short_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "consortium-spare-time-1"
    left.mkdir()
    run_in_spare_time(["true"], [tmp_path])
    assert not left.exists()


def test_without_a_place_for_groups_it_is_nice_at_least(tmp_path: Path) -> None:
    assert run_in_spare_time(["nice"], [tmp_path / "missing"]) == (0, b"19\n")
    unwritable = tmp_path / "file"
    unwritable.write_text("")
    assert run_in_spare_time(["nice"], [unwritable]) == (0, b"19\n")
