"""Cgroups of both versions, in directories that stand in for the kernel's."""

import os
from pathlib import Path

import pytest

from consortium_sandbox import SandboxError
from consortium_sandbox.embedded import cgroups
from consortium_sandbox.embedded.cgroups import Hierarchy

GROUP = "/consortium-sandbox/demo/node-1"


@pytest.fixture
def version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "memory"
    root.mkdir()
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [Hierarchy(root, unified=False)])
    return root


@pytest.fixture
def version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "unified"
    for level in ("", "consortium-sandbox", "consortium-sandbox/demo", GROUP[1:]):
        (root / level).mkdir(parents=True, exist_ok=True)
        # The kernel's own files: there as soon as the directory is.
        (root / level / "cgroup.controllers").write_text("cpu memory pids\n")
        (root / level / "cgroup.subtree_control").write_text("")
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [Hierarchy(root, unified=True)])
    return root


def test_every_level_is_made(version_1: Path) -> None:
    cgroups.ensure(GROUP)
    cgroups.ensure(GROUP)
    assert (version_1 / GROUP[1:]).is_dir()
    assert cgroups.exists("/consortium-sandbox/demo")


def test_a_parent_that_another_sandbox_takes_along_is_made_again(
    version_1: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[Path] = []

    def remove_once(parent: Path, child: Path) -> None:
        if not gone:
            gone.append(child)
            child.rmdir()

    monkeypatch.setattr(cgroups, "_inherit_cpus", remove_once)
    cgroups.ensure(GROUP)
    assert gone == [version_1 / "consortium-sandbox"]
    assert (version_1 / GROUP[1:]).is_dir()


def test_a_cgroup_that_cannot_be_made_is_named(version_1: Path) -> None:
    version_1.rmdir()
    with pytest.raises(SandboxError, match=f"{GROUP} cannot be made below {version_1}"):
        cgroups.ensure(GROUP)


def test_an_empty_cpuset_inherits_its_parents_processors(version_1: Path) -> None:
    child = version_1 / "consortium-sandbox"
    child.mkdir()
    (version_1 / "cpuset.cpus").write_text("0-1\n")
    (child / "cpuset.cpus").write_text("\n")
    cgroups.ensure("/consortium-sandbox")
    assert (child / "cpuset.cpus").read_text() == "0-1\n"


def test_version_2_hands_controllers_down_to_every_level(version_2: Path) -> None:
    cgroups.ensure(GROUP)
    for level in ("", "consortium-sandbox", "consortium-sandbox/demo", GROUP[1:]):
        # A plain file keeps the last write; the kernel adds them up.
        assert (version_2 / level / "cgroup.subtree_control").read_text() == "+pids"


def test_what_goes_away_while_one_looks_is_passed_over(
    version_1: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's cgroup goes with its container."""
    cgroups.ensure(GROUP)
    (version_1 / "consortium-sandbox/demo/cgroup.procs").write_text("7\n")
    scandir = os.scandir

    def gone_by_now(path: str) -> object:
        if str(path).endswith("node-1"):
            raise FileNotFoundError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", gone_by_now)
    assert cgroups.members("/consortium-sandbox/demo") == {7}


def test_members_of_all_levels_are_found(version_1: Path) -> None:
    cgroups.ensure(GROUP)
    (version_1 / "consortium-sandbox/demo/cgroup.procs").write_text("7\n")
    (version_1 / GROUP[1:] / "cgroup.procs").write_text("8\n9\n")
    assert cgroups.members("/consortium-sandbox/demo") == {7, 8, 9}


def test_a_group_is_removed_with_all_below_and_its_empty_parent(version_1: Path) -> None:
    cgroups.ensure(f"{GROUP}/kubepods/pod-1")
    cgroups.remove("/consortium-sandbox/demo")
    assert not list(version_1.iterdir())


def test_the_parent_stays_while_another_sandbox_is_in_it(version_1: Path) -> None:
    cgroups.ensure("/consortium-sandbox/demo")
    cgroups.ensure("/consortium-sandbox/other")
    cgroups.remove("/consortium-sandbox/demo")
    assert [path.name for path in (version_1 / "consortium-sandbox").iterdir()] == ["other"]
