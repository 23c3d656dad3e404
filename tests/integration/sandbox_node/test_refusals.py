"""What stops a node, with the text and the exit code of the real one, and what does not stop it.

Nodes run in this process here: a start that is refused is over in milliseconds.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from consortium_sandbox.node.main import main
from consortium_sandbox.node.node import Node, read_files
from tests.integration.sandbox_node.chain_files import NodeFiles
from tests.integration.sandbox_node.processes import prepare
from tests.integration.sandbox_node.refusals import ACCEPTED, REFUSED


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeFiles:
    """The files of a chain of one; the working directory is the node's."""
    files = prepare(tmp_path, 1).files.nodes[0]
    monkeypatch.chdir(files.directory)
    return files


def start() -> int:
    return main(["-c", "config.ini", "-g", "config.genesis"])


@pytest.mark.parametrize("case", REFUSED)
def test_a_node_refuses_to_start(
    case: str, node: NodeFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    change, text = REFUSED[case]
    change(node)
    assert start() == 255
    said = capsys.readouterr()
    assert "start fisco-bcos failed, error:" in said.out
    assert text in said.out
    assert said.err == ""


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_node_does_not_mind(case: str, node: NodeFiles) -> None:
    ACCEPTED[case](node)
    with built():
        pass


@contextmanager
def built() -> Iterator[Node]:
    """A node with its data open, not started."""
    made = Node(read_files("config.ini", "config.genesis"), lambda line: None)
    try:
        yield made
    finally:
        made.stop()


def test_the_data_keeps_to_its_genesis(node: NodeFiles, capsys: pytest.CaptureFixture[str]) -> None:
    with built():
        pass
    node.edit(node.genesis, "gas_limit=3000000000", "gas_limit=3000000001")
    assert start() == 255
    assert (
        "The Genesis Data is inconsistent with the initial Genesis Data" in capsys.readouterr().out
    )


def test_comments_and_what_block_0_leaves_out_may_change(node: NodeFiles) -> None:
    with built():
        pass
    node.edit(node.genesis, "chain_id=20200", "chain_id=20201")
    node.edit(node.genesis, "[tx]", "; a comment\n[tx]")
    node.edit(node.genesis, "leader_period=1", "leader_period=7")
    with built():
        pass


def test_data_of_another_process_is_locked(
    node: NodeFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    with built():
        assert start() == 255
    assert (
        "open rocksDB failed, msg:IO error: While lock file: data/LOCK" in capsys.readouterr().out
    )


def test_less_than_a_gibibyte_of_free_space_stops_a_node_at_every_start(
    node: NodeFiles, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with built():
        pass
    usage = SimpleNamespace(total=1 << 40, used=0, free=(1 << 30) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert start() == 255
    assert "std::exception::what: available disk space is less than 1GB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("port", "text"), [("p2p", "bind: Address already in use"), ("rpc", "acceptor bind failed")]
)
def test_a_port_in_use_stops_a_node(
    port: str, text: str, node: NodeFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    number = {"p2p": node.p2p_port, "rpc": node.rpc_port}[port]
    with socket.create_server(("127.0.0.1", number)):
        assert start() == 255
    assert text in capsys.readouterr().out


@pytest.mark.parametrize("port", ["p2p_port", "rpc_port"])
def test_a_listen_address_must_be_an_ip(
    port: str, node: NodeFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    number = getattr(node, port)
    line = f"listen_ip=127.0.0.1\n    listen_port={number}"
    node.edit(node.config, line, f"listen_ip=localhost\n    listen_port={number}")
    assert start() == 255
    assert "make_address: Invalid argument" in capsys.readouterr().out


@pytest.mark.parametrize("version", ["3.16.3", "3.6.0"])
def test_an_older_binary_refuses_a_newer_genesis(
    version: str,
    node: NodeFiles,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FISCO_BCOS_STAND_IN_VERSION", version)
    assert start() == 255
    assert "high than support maxVersion" in capsys.readouterr().out


def test_a_key_never_shows_in_what_a_refused_node_says(
    node: NodeFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (node.conf / "node.pem").read_text().splitlines()
    (node.conf / "node.pem").write_text("\n".join([lines[0], lines[1], "garbage", lines[-1]]))
    assert start() == 255
    said = capsys.readouterr()
    assert lines[1] not in said.out + said.err
