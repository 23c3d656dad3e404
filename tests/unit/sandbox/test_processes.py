"""Processes outlive their starter, are known again, and are never mistaken for others."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from consortium_sandbox import SandboxError
from consortium_sandbox.embedded import processes
from consortium_sandbox.embedded.processes import ProcessSpec
from consortium_sandbox.waiting import wait_until


def sleeper(directory: Path, *words: str) -> ProcessSpec:
    return ProcessSpec("sleeper", words or ("sleep", "60"), directory / "log")


def test_a_started_process_runs_until_it_is_stopped(tmp_path: Path) -> None:
    record = processes.start(sleeper(tmp_path))
    assert processes.is_alive(record)
    assert processes.command_line(record.pid) == ["sleep", "60"]
    processes.stop(record)
    assert not processes.is_alive(record)


def test_a_process_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    stubborn = ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    record = processes.start(sleeper(tmp_path, *stubborn))
    assert wait_until(lambda: "ready" in (tmp_path / "log").read_text(), 5)
    processes.stop(record, patience=0.2)
    assert not processes.is_alive(record)


def test_another_process_with_the_same_pid_is_not_ours(tmp_path: Path) -> None:
    record = processes.start(sleeper(tmp_path))
    try:
        assert not processes.is_alive(replace(record, started=record.started - 1))
        assert not processes.is_alive(replace(record, boot="an earlier one"))
        processes.stop(replace(record, started=record.started - 1))
        assert processes.is_alive(record)
    finally:
        processes.stop(record)


def test_a_started_process_is_no_child_of_ours(tmp_path: Path) -> None:
    record = processes.start(sleeper(tmp_path))
    try:
        status = Path(f"/proc/{record.pid}/status").read_text()
        assert f"PPid:\t{os.getpid()}" not in status
    finally:
        processes.stop(record)


def test_configuration_is_written_before_the_start(tmp_path: Path) -> None:
    config = tmp_path / "configs" / "settings"
    spec = replace(
        sleeper(tmp_path, "sh", "-c", f"cat {config}; sleep 60"), files={config: "port = 1\n"}
    )
    record = processes.start(spec)
    try:
        assert wait_until(lambda: "port = 1" in (tmp_path / "log").read_text(), 5)
    finally:
        processes.stop(record)


def test_other_settings_are_other_inputs(tmp_path: Path) -> None:
    spec = sleeper(tmp_path)
    others = [
        replace(spec, argv=("sleep", "61")),
        replace(spec, files={tmp_path / "a": "b"}),
        replace(spec, environment={"A": "b"}),
    ]
    assert len({each.inputs for each in (spec, *others)}) == 4
    assert replace(spec, log=tmp_path / "elsewhere").inputs == spec.inputs


def test_killing_ends_what_a_dying_process_still_started(tmp_path: Path) -> None:
    record = processes.start(sleeper(tmp_path))
    seen: list[int] = []

    def find() -> list[int]:
        seen.append(1)
        return [record.pid] if processes.is_alive(record) else []

    processes.kill_all(find)
    assert not processes.is_alive(record)
    assert len(seen) >= 2


def test_a_process_that_does_not_die_is_an_error(tmp_path: Path) -> None:
    record = processes.start(sleeper(tmp_path))
    try:
        with pytest.raises(SandboxError, match=rf"processes \[{record.pid}\] do not die"):
            processes.kill_all(lambda: [record.pid], limit=-1)
    finally:
        processes.stop(record)


def test_namespaces_are_entered_by_nsenter(tmp_path: Path) -> None:
    spec = replace(sleeper(tmp_path), network="consortium_demo", mounts=Path("/ns"))
    assert spec.command == [
        "nsenter",
        "--net=/run/netns/consortium_demo",
        "--mount=/ns",
        "--",
        "sleep",
        "60",
    ]


def test_the_end_of_a_log_is_shown_with_its_path(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(map(str, range(100))))
    shown = processes.log_tail(log, lines=2)
    assert shown.splitlines() == ["  98", "  99", f"  ({log})"]
    assert "no log" in processes.log_tail(tmp_path / "absent")
