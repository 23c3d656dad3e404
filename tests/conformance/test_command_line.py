"""The command line: exit codes, stdout, and where logs go (sections 2.5, 2.6 and 12)."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conformance.conftest import Start
from tests.conformance.support.binaries import Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import wait_until


def run(binary: Binary, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*binary.command, *arguments],
        cwd=directory,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-c", "config.ini", "-g", "config.genesis"], "config 'config.ini' not found!"),
        (["--version"], "FISCO BCOS Version : "),
        (["-h"], "--genesis"),
        (["--nope"], "invalid parameters"),
    ],
)
def test_these_exit_with_0(arguments: list[str], text: str, binary: Binary, tmp_path: Path) -> None:
    done = run(binary, tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert text in done.stdout


def test_a_missing_genesis_exits_with_0_too(made: Start, binary: Binary) -> None:
    (node,) = made(ChainOptions()).nodes
    (node.files.directory / "config.genesis").unlink()
    done = run(binary, node.files.directory, "-c", "config.ini", "-g", "config.genesis")
    assert done.returncode == 0
    assert "'config.genesis' not found!" in done.stdout


def test_a_failed_start_says_its_reason_on_a_line_of_its_own(made: Start, binary: Binary) -> None:
    """Section 12: the line `std::exception::what: …` on stdout, stderr empty."""
    (node,) = made(ChainOptions()).nodes
    node.files.genesis["chain"]["chain_id"] = "a-b"
    node.files.write_config()
    done = run(binary, node.files.directory, "-c", "config.ini", "-g", "config.genesis")
    assert (done.returncode, done.stderr) == (255, "")
    assert "std::exception::what: The chainId must be number or digit\n" in done.stdout


def test_a_log_directory_that_cannot_be_made_aborts(made: Start, binary: Binary) -> None:
    """Section 12: 134, which is SIGABRT."""
    (node,) = made(ChainOptions()).nodes
    node.files.config["log"] |= {"enable_console_output": "false", "log_path": "file/log"}
    node.files.write_config()
    (node.files.directory / "file").write_text("in the way")
    done = run(binary, node.files.directory, "-c", "config.ini", "-g", "config.genesis")
    assert done.returncode == -signal.SIGABRT


def test_with_the_console_on_there_are_no_log_files(start: Start) -> None:
    """Section 12: then everything goes to stdout and no log file or directory is made."""
    (node,) = start(ChainOptions()).nodes
    node.send()
    assert not (node.files.directory / "log").exists()
    wait_until(lambda: "^^^^^^^^Report" in node.output, "the report is on stdout")


def test_with_the_console_off_there_are_log_files(made: Start) -> None:
    """Section 5: `log/log_YYYYmmddHH.MM.log`."""
    (node,) = made(ChainOptions()).nodes
    node.files.config["log"]["enable_console_output"] = "false"
    node.files.write_config()
    node.start().wait_answering()
    node.send()
    (log,) = (node.files.directory / "log").glob("log_*.log")
    wait_until(lambda: "^^^^^^^^Report" in log.read_text(), "the report is in the file")
    assert "Report" not in (node.files.directory / "output.log").read_text()


def test_a_node_ends_on_sigterm_at_once_and_says_so(start: Start) -> None:
    """Sections 2.5 and 12: exit 0 within 0.2 s."""
    (node,) = start(ChainOptions()).nodes
    before = time.monotonic()
    assert node.stop() == 0
    assert time.monotonic() - before < 5
    assert "exit because receive signal 15" in node.output
    assert "fisco-bcos program exit normally." in node.output


def test_sighup_kills_a_node(start: Start) -> None:
    """Section 12."""
    (node,) = start(ChainOptions()).nodes
    assert node.stop(signal.SIGHUP) == -signal.SIGHUP


def test_sigusr2_reads_the_log_level_again(start: Start) -> None:
    """Section 2.5."""
    (node,) = start(ChainOptions()).nodes
    node.files.config["log"]["level"] = "error"
    node.files.write_config()
    node.send_signal(signal.SIGUSR2)
    time.sleep(0.5)
    node.send()
    size = len(node.output)
    node.send()
    assert len(node.output) == size


@pytest.mark.campaign
def test_the_data_holds_no_private_key(start: Start) -> None:
    (node,) = start(ChainOptions()).nodes
    node.send()
    scalar = node.files.scalar.to_bytes(32, "big")
    for file in (node.files.directory / "data").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert scalar not in content
            assert scalar.hex().encode() not in content
    assert scalar.hex() not in node.output
