"""What stops a node, with the text and the exit code of the real one, and what does not stop it.

Each row is one of "Things that stop the node" or of the table of what real nodes were seen to do.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from consortium_sandbox.node.main import main
from consortium_sandbox.node.node import Node, read_files
from tests.integration.sandbox_node.chain_files import NodeFiles
from tests.integration.sandbox_node.processes import SOURCE, chain, prepare, wait_until

Change = Callable[[NodeFiles], object]


def both(*changes: Change) -> Change:
    return lambda node: [change(node) for change in changes]


def in_config(old: str, new: str) -> Change:
    return lambda node: node.edit(node.config, old, new)


def in_genesis(old: str, new: str) -> Change:
    return lambda node: node.edit(node.genesis, old, new)


def setting(section: str, line: str) -> Change:
    """A line at the start of a section of config.ini."""
    return in_config(f"[{section}]\n", f"[{section}]\n    {line}\n")


def new_section(text: str) -> Change:
    return lambda node: node.config.write_text(node.config.read_text() + text)


def peers(content: str) -> Change:
    return lambda node: (node.directory / "nodes.json").write_text(content)


def without(name: str) -> Change:
    return lambda node: (node.directory / name).unlink()


def holding(name: str, content: bytes) -> Change:
    return lambda node: (node.directory / name).write_bytes(content)


def first_sealer(value: Callable[[str], str]) -> Change:
    """Replace `<id>: 1` of the only consensus.node line."""
    return lambda node: node.edit(node.genesis, f"{node.node_id}: 1", value(node.node_id))


REFUSED: dict[str, tuple[Change, str]] = {
    # The dialect of both files.
    "a duplicate key": (setting("rpc", "thread_count=8"), "duplicate key name"),
    "a duplicate section": (new_section("[rpc]\nx=1\n"), "duplicate section name"),
    "a line without =": (setting("rpc", "nonsense"), "'=' character not found in line"),
    "a byte order mark": (
        lambda node: node.config.write_bytes(b"\xef\xbb\xbf" + node.config.read_bytes()),
        "'=' character not found in line",
    ),
    "an unmatched bracket": (new_section("[oops\n"), "unmatched '['"),
    # config.genesis
    "chain_id with a dash": (
        in_genesis("chain_id=chain0", "chain_id=chain-0"),
        "The chainId must be number or digit",
    ),
    "chain_id with an underscore": (
        in_genesis("chain_id=chain0", "chain_id=chain_0"),
        "The chainId must be number or digit",
    ),
    "block_limit above 5000": (
        in_genesis("group_id=group0", "group_id=group0\nblock_limit=5001"),
        "Please set chain.block_limit to positive and less than 5000 !",
    ),
    "web3 chain id with letters": (
        in_genesis("chain_id=20200", "chain_id=abc"),
        "The web3ChainId must be number string",
    ),
    "an unknown consensus": (
        in_genesis("consensus_type=pbft", "consensus_type=raft"),
        "consensus.consensus_type is illegal, it must be pbft or rpbft!",
    ),
    "no transactions in a block": (
        in_genesis("block_tx_count_limit=1000", "block_tx_count_limit=0"),
        "Please set consensus.block_tx_count_limit to positive!",
    ),
    "a limit that is no number": (
        in_genesis("block_tx_count_limit=1000", "block_tx_count_limit=many"),
        "Invalid value many for configuration consensus.block_tx_count_limit, "
        "please set the value with a valid number",
    ),
    "leader_period 0": (
        in_genesis("leader_period=1", "leader_period=0"),
        "Please set consensus.leader_period to positive!",
    ),
    "no sealer": (in_genesis("node.0=", "nobody="), "Must set sealerList!"),
    "weight 0": (
        first_sealer(lambda node_id: f"{node_id}: 0"),
        "to positive!",
    ),
    "a weight that is no number": (
        first_sealer(lambda node_id: f"{node_id}: heavy"),
        "bad lexical cast: source type value could not be interpreted as target",
    ),
    "a node id with 0x": (
        first_sealer(lambda node_id: f"0x{node_id}: 1"),
        "Dynamic exception type: boost::wrapexcept<boost::algorithm::non_hex_input>",
    ),
    "a blank before the colon": (
        first_sealer(lambda node_id: f"{node_id} : 1"),
        "Dynamic exception type: boost::wrapexcept<boost::algorithm::non_hex_input>",
    ),
    "a node id of odd length": (
        first_sealer(lambda node_id: f"{node_id[1:]}: 1"),
        "Dynamic exception type: boost::wrapexcept<boost::algorithm::not_enough_input>",
    ),
    "too little gas": (
        in_genesis("gas_limit=3000000000", "gas_limit=1000"),
        "Please set tx.gas_limit to more than 100000 !",
    ),
    "a version above the binary's": (
        in_genesis("compatibility_version=3.16.4", "compatibility_version=3.17.0"),
        "The genesis compatibilityVersion is 3.17.0, high than support maxVersion",
    ),
    "a version with a v": (
        in_genesis("compatibility_version=3.16.4", "compatibility_version=v3.16.4"),
        "std::exception::what: v3.16.4",
    ),
    "a version of the second series": (
        in_genesis("compatibility_version=3.16.4", "compatibility_version=2.9.1"),
        "The major version must between 3 to 255, version:2.9.1",
    ),
    "a version without a minor": (
        in_genesis("compatibility_version=3.16.4", "compatibility_version=3"),
        "The version must be in format of MAJOR.MINOR.PATCH",
    ),
    "wasm that is not serial": (
        both(
            in_genesis("is_wasm=false", "is_wasm=true"),
            in_genesis("is_serial_execute=true", "is_serial_execute=false"),
        ),
        "loadExecutorConfig wasm only support serial executing",
    ),
    "wasm with auth": (
        both(
            in_genesis("is_wasm=false", "is_wasm=true"),
            in_genesis("is_auth_check=false", "is_auth_check=true"),
        ),
        "loadExecutorConfig auth only support solidity",
    ),
    "no admin account, auth off": (
        lambda node: node.genesis.write_text(
            "".join(
                "auth_admin_account=\n" if "auth_admin_account" in line else line
                for line in node.genesis.read_text().splitlines(keepends=True)
            )
        ),
        "executor.auth_admin_account is null, please set correct auth_admin_account",
    ),
    "an unknown feature": (
        lambda node: node.genesis.write_text(
            node.genesis.read_text() + "[features]\nfeature_nope=true\n"
        ),
        "Dynamic exception type: boost::wrapexcept<bcos::ledger::NoSuchFeatureError>",
    ),
    # config.ini
    "log files below 100 MB": (
        in_config("max_log_file_size=1024", "max_log_file_size=99"),
        "log.max_log_file_size must be greater than 100M",
    ),
    "a rotation time without seconds": (
        setting("log", "rotate_time_point=0:0"),
        "log.rotate_time_point must be in format of HH:MM:SS, current is 0:0",
    ),
    "P2P port 1024": (
        lambda node: node.edit(node.config, f"listen_port={node.p2p_port}", "listen_port=1024"),
        "std::exception::what: initP2PConfig: invalid listen port, port=1024",
    ),
    "RPC port 1024": (
        lambda node: node.edit(node.config, f"listen_port={node.rpc_port}", "listen_port=1024"),
        "invalid listen port, value: 1024",
    ),
    "receive buffer below twice the message": (
        setting("p2p", "session_recv_buffer_size=1024"),
        "initP2PConfig: invalid p2p.allow_max_msg_size",
    ),
    "txpool.limit 0": (
        in_config("limit=15000", "limit=0"),
        "Please set txpool.limit to positive !",
    ),
    "txpool.limit with a comment": (
        in_config("limit=15000", "limit=15000 ; many"),
        "Invalid value 15000 ; many for configuration txpool.limit",
    ),
    "min_seal_time 0": (
        in_config("min_seal_time=500", "min_seal_time=0"),
        "Please set consensus.min_seal_time between 1 and 600000!",
    ),
    "a short checkpoint timeout": (
        setting("consensus", "checkpoint_timeout=2999"),
        "Please set consensus.checkpoint_timeout to no less than 3000ms!",
    ),
    "a short pipeline": (
        setting("consensus", "pipeline_size=49"),
        "Please set consensus.pipeline_size to no less than 50",
    ),
    "an unknown kms": (setting("security", "kms_type=vault"), "Please set kms_type to LEGACY!"),
    "storage security without its key": (
        new_section("[storage_security]\nenable=true\n"),
        "Please provide key_center_url and cipher_data_key!",
    ),
    "an archive without an address": (
        setting("storage", "enable_archive=true"),
        "No such node (storage.archive_ip)",
    ),
    "an archive without a port": (
        setting("storage", "enable_archive=true\narchive_ip=127.0.0.1\narchive_port="),
        'conversion of data to type "t" failed',
    ),
    "an unknown storage": (setting("storage", "type=leveldb"), "storage type not support"),
    "a tree of no width": (
        new_section("[sync]\ntree_width=0\n"),
        "Please set sync.tree_width in 1~65535",
    ),
    # nodes.json
    "no nodes.json": (
        without("nodes.json"),
        "initP2PConfig: unable to read nodes json file, path=.//nodes.json",
    ),
    "an empty nodes.json": (
        peers(""),
        "initP2PConfig: unable to read nodes json file, path=.//nodes.json",
    ),
    "nodes.json that is no JSON": (
        peers("nodes: []"),
        "GatewayConfig: unable to parse p2p connected nodes json",
    ),
    "an entry without a port": (
        peers('{"nodes":["127.0.0.1"]}'),
        "GatewayConfig: invalid host , host=127.0.0.1",
    ),
    "an entry with port 443": (
        peers('{"nodes":["127.0.0.1:443"]}'),
        "GatewayConfig: the port is invalid, port=443",
    ),
    "a name that does not resolve": (
        peers('{"nodes":["127.0.0.1:30300","gone.invalid:30300"]}'),
        "GatewayConfig: the host is not a valid ip or a hostname, host=gone.invalid:30300",
    ),
    # Keys
    "no node.pem": (
        without("conf/node.pem"),
        "loadKeyPair failed, keyPair path: conf/node.pem",
    ),
    "a node.pem that is none": (
        holding("conf/node.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        "loadKeyPair failed, keyPair path: conf/node.pem",
    ),
    "no ssl.crt": (
        without("conf/ssl.crt"),
        "GatewayFactory::init unable parse myself pub id",
    ),
    "an ssl.crt that is none": (
        holding("conf/ssl.crt", b"certificate"),
        "GatewayFactory::init unable parse myself pub id",
    ),
    # The data
    "a data directory that cannot be made": (
        lambda node: (node.directory / "data").write_text("a file is in the way"),
        "boost::filesystem::create_directories: ",
    ),
}


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


ACCEPTED: dict[str, Change] = {
    "group_id with a dash": in_genesis("group_id=group0", "group_id=group-0"),
    "an unknown key": setting("rpc", "nope=1"),
    "an unknown section": new_section("[nope]\nkey=1\n"),
    "consensus_timeout 2000": in_genesis(
        "leader_period=1", "leader_period=1\nconsensus_timeout=2000"
    ),
    "CRLF line ends": lambda node: node.config.write_bytes(
        node.config.read_bytes().replace(b"\n", b"\r\n")
    ),
    "a boolean that is none": in_config("enable_ssl=true", "enable_ssl=True"),
    "an empty section twice": new_section("[empty]\n[empty]\n"),
    "a port above 16 bits in nodes.json": peers('{"nodes":["127.0.0.1:70000"]}'),
    "nodes that are no list": peers('{"nodes":"127.0.0.1:30300"}'),
    "a short entry in the black list": new_section("[certificate_blacklist]\ncrl.0=abcd\n"),
    "no ssl.key": without("conf/ssl.key"),
    "an ssl.key that is none": holding("conf/ssl.key", b"key"),
    "no ca.crt": without("conf/ca.crt"),
    "a ca.crt that is none": holding("conf/ca.crt", b"certificate"),
    "duplicate sealers": first_sealer(lambda node_id: f"{node_id}: 1\n    node.1={node_id}: 1"),
    "a short node id": first_sealer(lambda node_id: f"{node_id[:64]}: 1"),
}


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


# --- the command line, in processes of their own ------------------------------------------------


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
