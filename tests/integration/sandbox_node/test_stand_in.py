"""What only the stand-in has: its name, its test switches, and a disk that fails under it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from tests.conformance.support.binaries import NEWEST, Binaries, Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import NodeProcess, prepare, running, wait_until
from tests.conformance.test_command_line import run

STAND_IN = Binaries(()).main


def test_the_version_says_that_it_is_a_stand_in(tmp_path: Path) -> None:
    assert "stand-in: not FISCO BCOS" in run(STAND_IN, tmp_path, "-v").stdout


def test_the_binary_names_the_emulated_version_and_that_it_is_a_stand_in(tmp_path: Path) -> None:
    with running(prepare(STAND_IN, tmp_path, ChainOptions())) as chain:
        node = chain.nodes[0].rpc("getGroupInfo", "group0")["nodeList"][0]
        binary = json.loads(node["iniConfig"])["binaryInfo"]
        assert binary["version"] == NEWEST
        assert binary["gitCommitHash"] == "stand-in: not FISCO BCOS"


def test_a_release_that_is_not_emulated_is_refused(tmp_path: Path) -> None:
    command = ("env", "FISCO_BCOS_STAND_IN_VERSION=3.5.0", *STAND_IN.command[2:])
    done = run(Binary(command, "3.5.0"), tmp_path, "--version")
    assert done.returncode == 255
    assert "stand-in: no release '3.5.0'" in done.stdout


@pytest.mark.campaign
def test_the_gateway_that_hangs_leaves_the_status_answering(tmp_path: Path) -> None:
    """Section 12: "A node can hang at start" (a lock-order deadlock in the gateway)."""
    with running(prepare(STAND_IN, tmp_path, ChainOptions(sealers=4))) as chain:
        hung, *rest = chain.nodes
        chain.wait_connected()
        rest[0].send()
        chain.wait_height(1)
        hung.send_signal(signal.SIGRTMIN)
        wait_until(lambda: does_not_answer(hung, "getPeers"), "it hangs")
        before = hung.consensus()
        assert (before["timeout"], before["connectedNodeList"]) == (False, 4)
        rest[0].send()
        chain.wait_height(2, rest)
        # Old values, and the height stands still.
        assert hung.consensus() == before
        assert hung.height() == before["blockNumber"] == 1
        assert does_not_answer(hung, "getGroupPeers", "group0")
        transaction = "0x" + hung.transaction().hex()
        assert does_not_answer(hung, "sendTransaction", "group0", "", transaction, False)
        hung.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert hung.runs()
        # SIGKILL ends it, and nothing is lost.
        assert hung.stop(signal.SIGKILL) == -signal.SIGKILL
        chain.nodes[0] = NodeProcess(STAND_IN, hung.files, hung.admin).start()
        chain.nodes[0].wait_answering()
        chain.wait_height(2)


def does_not_answer(node: NodeProcess, method: str, *params: object) -> bool:
    try:
        node.rpc(method, *params, timeout=1)
    except TimeoutError:
        return True
    return False


@pytest.mark.campaign
def test_a_disk_that_fails_ends_the_node_as_if_it_were_told_to(tmp_path: Path) -> None:
    """Section 2.5: exit 0. The limit stands in for a full volume."""
    with running(prepare(STAND_IN, tmp_path, ChainOptions())) as chain:
        (node,) = chain.nodes
        node.send()
        assert node.process is not None
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        with contextlib.suppress(OSError, http.client.HTTPException):
            while node.runs():
                node.send()
        assert node.wait() == 0
        node.start()
        node.wait_answering()
        # What it had voted for before, it finishes first.
        assert node.send()["blockNumber"] > 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs /proc of the node")
def test_a_standard_node_does_not_load_the_library_of_sm(tmp_path: Path) -> None:
    """It would take memory of every pod."""
    with running(prepare(STAND_IN, tmp_path, ChainOptions())) as chain:
        process = chain.nodes[0].process
        assert process is not None
        assert "tongsuo" not in Path(f"/proc/{process.pid}/maps").read_text()
