"""The command line, in processes of their own: exit codes, stdout, and where logs go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.sandbox_node.chain_files import NodeFiles
from tests.integration.sandbox_node.processes import SOURCE, chain, prepare, wait_until


@pytest.fixture
def node(tmp_path: Path) -> NodeFiles:
    """The files of a chain of one."""
    return prepare(tmp_path, 1).files.nodes[0]


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "consortium_sandbox.node", *arguments],
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-c", "config.ini", "-g", "config.genesis"], "config 'config.ini' not found!"),
        (["--version"], "FISCO BCOS Version : 3.16.4"),
        (["-h"], "--genesis"),
        (["--nope"], "invalid parameters"),
    ],
)
def test_these_exit_with_0(arguments: list[str], text: str, tmp_path: Path) -> None:
    done = run(tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert text in done.stdout


def test_a_missing_genesis_exits_with_0_too(node: NodeFiles) -> None:
    node.genesis.unlink()
    done = run(node.directory, "-c", "config.ini", "-g", "config.genesis")
    assert (done.returncode, done.stdout) == (0, "genesis config 'config.genesis' not found!")


def test_the_version_says_that_it_is_a_stand_in(tmp_path: Path) -> None:
    assert "stand-in: not FISCO BCOS" in run(tmp_path, "-v").stdout


def test_a_failed_start_exits_with_255_and_says_so_on_stdout(node: NodeFiles) -> None:
    node.edit(node.genesis, "chain_id=chain0", "chain_id=a-b")
    done = run(node.directory, "-c", "config.ini", "-g", "config.genesis")
    assert (done.returncode, done.stderr) == (255, "")
    assert "std::exception::what: The chainId must be number or digit\n" in done.stdout


def test_a_log_directory_that_cannot_be_made_aborts(node: NodeFiles) -> None:
    node.edit(node.config, "enable_console_output=true", "log_path=ssl/log")
    (node.directory / "ssl").write_text("a file is in the way")
    assert run(node.directory, "-c", "config.ini", "-g", "config.genesis").returncode == -6


def test_logs_go_to_files_unless_the_console_is_on(tmp_path: Path) -> None:
    with chain(tmp_path / "console", 1) as running:
        assert not (running.nodes[0].files.directory / "log").exists()
    made = prepare(tmp_path / "files", 1)
    files = made.files.nodes[0]
    files.edit(files.config, "enable_console_output=true", "enable_console_output=false")
    try:
        made.start()
        made.nodes[0].send()
        (log,) = (files.directory / "log").glob("log_*.log")
        wait_until(lambda: "^^^^^^^^Report" in log.read_text(), "the report is in the file")
        assert "Report" not in made.nodes[0].output
    finally:
        made.stop()
