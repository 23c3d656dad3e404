"""What stops a node, with the text and the exit code, and what it survives: cases/*.yaml."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests.conformance.conftest import Start
from tests.conformance.support.binaries import Binaries, Binary
from tests.conformance.support.cases import Case, load
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import NodeProcess, prepare, running

REFUSALS = load("refusals")
SURVIVALS = load("survivals")


def parameters(cases: list[Case]) -> list[ParameterSet]:
    return [
        pytest.param(case, id=case.case, marks=[pytest.mark.campaign] if case.rare else [])
        for case in cases
    ]


def chosen(case: Case, binaries: Binaries) -> Binary:
    """The program a case is for; skips where it is not at hand."""
    binary = binaries.of(case.version) if case.version else binaries.main
    if binary is None:
        pytest.skip(f"no binary of {case.version}")
    if not case.holds_for(binary):
        pytest.skip(f"not for {binary.version}")
    return binary


def node_for(case: Case, binary: Binary, root: Path) -> NodeProcess:
    """A node whose files a case has changed, not started."""
    chain = prepare(binary, root, ChainOptions(version=case.compatibility))
    (node,) = chain.nodes
    case.apply(node.files)
    node.tls = case.tls
    return node


def start_in_vain(node: NodeProcess) -> subprocess.CompletedProcess[str]:
    """Run a node that is expected to end by itself."""
    return subprocess.run(
        [*node.binary.command, "-c", "config.ini", "-g", "config.genesis"],
        cwd=node.files.directory,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("case", parameters(REFUSALS))
def test_a_node_refuses_to_start(case: Case, binaries: Binaries, tmp_path: Path) -> None:
    done = start_in_vain(node_for(case, chosen(case, binaries), tmp_path))
    assert done.returncode == case.exit, done.stdout
    assert "start fisco-bcos failed, error:" in done.stdout
    for text in case.texts:
        assert text in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("case", parameters(SURVIVALS))
def test_a_node_does_not_mind(case: Case, binaries: Binaries, tmp_path: Path) -> None:
    node = node_for(case, chosen(case, binaries), tmp_path)
    node.start()
    try:
        node.wait_answering()
        for expected in case.answers:
            assert_answers(node, expected)
    finally:
        node.stop(signal.SIGKILL)


def assert_answers(node: NodeProcess, expected: dict[str, Any]) -> None:
    answer = node.post({"method": expected["method"], "params": expected["params"]})
    if "holds" in expected:
        assert expected["holds"] in json.dumps(answer)
        return
    for kind in ("result", "error"):
        assert answer.get(kind) == expected.get(kind)


def test_every_case_names_its_section() -> None:
    for case in (*REFUSALS, *SURVIVALS):
        assert case.section[0].isdigit(), case.case


# --- what needs more than other files -------------------------------------------------------------


def test_the_data_keeps_to_its_genesis(made: Start) -> None:
    """Section 12: genesis changed on existing data."""
    (node,) = made(ChainOptions()).nodes
    node.start().wait_answering()
    assert node.stop() == 0
    node.files.genesis["tx"]["gas_limit"] = "3000000001"
    node.files.write_config()
    done = start_in_vain(node)
    assert done.returncode == 255
    assert "The Genesis Data is inconsistent with the initial Genesis Data" in done.stdout


def test_comments_and_what_block_0_leaves_out_may_change(made: Start) -> None:
    """Sections 1.7 and 12: web3 chain id, leader_period and comments change neither."""
    (node,) = made(ChainOptions()).nodes
    node.start().wait_answering()
    text = node.group("getBlockByNumber", 0, False, False)["extraData"]
    assert node.stop() == 0
    node.files.genesis["web3"]["chain_id"] = "20201"
    node.files.genesis["consensus"] |= {"leader_period": "7", "consensus_timeout": "2000"}
    node.files.write_config()
    genesis = node.files.directory / "config.genesis"
    genesis.write_text("; a comment\n" + genesis.read_text())
    node.start().wait_answering()
    assert node.group("getBlockByNumber", 0, False, False)["extraData"] == text


def test_data_of_a_running_process_is_locked(made: Start) -> None:
    """Section 12: second process on the data. It has ports of its own."""
    (node,) = made(ChainOptions()).nodes
    node.start().wait_answering()
    for section in ("p2p", "rpc"):
        keys = node.files.config[section]
        keys["listen_port"] = str(int(keys["listen_port"]) + 1)
    node.files.write_config()
    done = start_in_vain(node)
    assert done.returncode == 255
    assert "open rocksDB failed, msg:IO error: While lock file: data/LOCK" in done.stdout
    assert node.runs()


@pytest.mark.parametrize(
    ("port", "text"),
    [("p2p_port", "bind: Address already in use"), ("rpc_port", "acceptor bind failed")],
)
def test_a_port_in_use_stops_a_node(port: str, text: str, made: Start) -> None:
    """Section 12."""
    (node,) = made(ChainOptions()).nodes
    with socket.create_server(("127.0.0.1", getattr(node.files, port))):
        done = start_in_vain(node)
    assert done.returncode == 255
    assert text in done.stdout


def test_an_older_binary_refuses_a_newer_chains_data(binaries: Binaries, tmp_path: Path) -> None:
    """Section 2.2: version above MAX_VERSION, here found on data that a newer binary made."""
    newer, older = binaries.of("3.16.4"), binaries.of("3.15.2")
    if newer is None or older is None:
        pytest.skip("two releases are needed")
    with running(prepare(newer, tmp_path, ChainOptions())) as chain:
        (node,) = chain.nodes
        assert node.stop() == 0
    done = start_in_vain(NodeProcess(older, node.files, node.admin))
    assert done.returncode == 255
    text = "Current genesis compatibilityVersion is 3.16.4, No support this version"
    assert text in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a small volume, for itself alone")
def test_less_than_a_gibibyte_of_free_space_stops_a_node(made: Start) -> None:
    """Section 2.2: checked at every start."""
    (node,) = made(ChainOptions()).nodes
    (node.files.directory / "data").mkdir()
    volume = 'mount -t tmpfs -o size=900m none data && exec "$@"'
    command = ("unshare", "--mount", "sh", "-c", volume, "sh", *node.binary.command)
    done = start_in_vain(replace_command(node, command))
    assert done.returncode == 255
    assert "available disk space is less than 1GB" in done.stdout


def replace_command(node: NodeProcess, command: tuple[str, ...]) -> NodeProcess:
    return NodeProcess(Binary(command, node.binary.version), node.files, node.admin)


def test_a_key_never_shows_in_what_a_refused_node_says(made: Start) -> None:
    (node,) = made(ChainOptions()).nodes
    path = node.files.conf / "node.pem"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1], "garbage", lines[-1]]))
    done = start_in_vain(node)
    assert done.returncode == 255
    assert lines[1] not in done.stdout + done.stderr, shlex.join(node.binary.command)
