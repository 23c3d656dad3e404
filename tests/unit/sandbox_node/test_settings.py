"""config.ini: defaults, derived values, the certificate lists, nodes.json, the table of links."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from consortium_sandbox.node import versions
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.gateway.table import Neighbour, Table
from consortium_sandbox.node.ini import Tree, parse
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.peers import parse_peers
from consortium_sandbox.node.settings import (
    certificate_lists,
    log_settings,
    node_settings,
    p2p_settings,
)


def tree(text: str = "") -> Tree:
    return parse(text.encode(), "config.ini")


def test_an_empty_file_gives_the_defaults_of_the_code() -> None:
    """Section 1.8, column "code"; trap 28."""
    settings = node_settings(tree(), "group0")
    assert settings.key_path == "node.pem"
    assert settings.certificates.ca == ".//ca.crt"
    assert settings.certificates.trust_directory == ".//multiCaPath"
    assert settings.storage.state_path == "data/group0"
    assert settings.storage.vote_path == "data/group0/consensus_log"
    assert settings.rpc.tls
    p2p = p2p_settings(tree())
    assert (p2p.listen_ip, p2p.listen_port, p2p.verify) == ("0.0.0.0", 30300, True)
    assert log_settings(tree()).path == "log"


@pytest.mark.parametrize(
    ("lines", "tls"),
    [
        ("disable_ssl=true", False),
        ("disable_ssl=false", True),
        ("enable_ssl=false", False),
        ("enable_ssl=true\ndisable_ssl=true", True),
        ("enable_ssl=False\ndisable_ssl=true", False),
        ("enable_ssl=False", True),
    ],
)
def test_enable_ssl_overrides_disable_ssl_where_it_is_a_boolean(lines: str, tls: bool) -> None:
    assert node_settings(tree(f"[rpc]\n{lines}\n"), "g").rpc.tls is tls


def test_an_inline_comment_silently_gives_the_default_port() -> None:
    assert p2p_settings(tree("[p2p]\nlisten_port=31300 ; p2p\n")).listen_port == 30300


def test_separate_state_and_blocks_have_directories_of_their_own() -> None:
    text = "[storage]\ndata_path=/data\nenable_separate_block_state=true\n"
    storage = node_settings(tree(text), "g").storage
    assert (storage.state_path, storage.block_path) == ("/data/state", "/data/block")


@pytest.mark.parametrize(("level", "expected"), [("DEBUG", "debug"), ("loud", "info")])
def test_an_unknown_log_level_is_info(level: str, expected: str) -> None:
    assert log_settings(tree(f"[log]\nlevel={level}\n")).level == expected


def test_certificate_lists_take_512_hex_digits_and_nothing_else() -> None:
    good = "ab" * 256
    text = f"[certificate_blacklist]\ncrl.0=0x{good}\ncrl.1=abcd\nother={good}\n"
    text += "[certificate_whitelist]\ncal.0=abcd\n"
    deny, allow = certificate_lists(tree(text))
    assert deny == {good.upper()}
    assert allow is None  # Trap 16: a list without a valid entry is simply off.


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ("time_window_sec=-1", "time_window_sec must no less than 0 current is-1"),
        ("modules_without_bw_limit=pbft, pfbt", "unrecognized module: pfbt"),
        ("total_outgoing_bw_limit=10 ; Mb", "bad lexical cast"),
        (
            "total_outgoing_bw_limit=2\nconn_outgoing_bw_limit=3",
            "conn_outgoing_bw_limit should not",
        ),
        ("conn_outgoing_bw_limit_10.0.0.256=1", "invalid ip format, ip: 10.0.0.256"),
        ("incoming_module_qps_limit_1000=0", "flow_control.key should greater than 0"),
        ("incoming_module_qps_limit_65535=1", "__n (which is 65535)"),
        ("incoming_module_msg_type_qps_limit=-2", "must no less than -1 current is-2"),
        ("enable_distributed_ratelimit=true", "invalid redis.server_ip! Must be non-empty!"),
    ],
)
def test_flow_control_that_is_none_stops_the_node_even_where_it_is_off(
    lines: str, what: str
) -> None:
    with pytest.raises(StartFailed, match=re.escape(what)):
        p2p_settings(tree(f"[flow_control]\nenable=false\n{lines}\n"))


def test_flow_control_passes_over_what_is_empty_or_of_another_type() -> None:
    lines = "time_window_sec=fast\ntotal_outgoing_bw_limit=\nmodules_without_bw_limit=PBFT,,1000\n"
    lines += "total_outgoing_bw_limit_10=x\ngroup_outgoing_bw_limit_g=1e1\n"
    assert p2p_settings(tree(f"[flow_control]\n{lines}")).listen_port == 30300


ADDRESSES = {"node-0.chains.svc": "10.0.0.7"}


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        ("127.0.0.1:30300", ("127.0.0.1", 30300)),
        ("[::1]:30300", ("::1", 30300)),
        ("node-0.chains.svc:30300", ("10.0.0.7", 30300)),
        ("127.0.0.1:70000", ("127.0.0.1", 70000 - 65536)),
    ],
)
def test_endpoints_of_nodes_json(host: str, endpoint: tuple[str, int]) -> None:
    content = f'{{"nodes":["{host}"],"more":1}}'.encode()
    assert parse_peers(content, ADDRESSES.get) == {endpoint}


def test_one_bad_entry_spoils_the_whole_list() -> None:
    with pytest.raises(StartFailed, match="host=gone:30300"):
        parse_peers(b'{"nodes":["127.0.0.1:30300","gone:30300"]}', ADDRESSES.get)


@pytest.mark.parametrize(
    ("text", "number"),
    [("3.16.4", 0x03100400), ("3.1", 0x03010000), ("3.0.0-rc4", 4), ("3.16.0", 51380224)],
)
def test_a_version_is_a_number_and_back_again(text: str, number: int) -> None:
    assert versions.to_number(text) == number
    assert versions.to_number(versions.to_text(number)) == number


def test_a_log_line_has_level_time_thread_text_and_pairs() -> None:
    lines: list[str] = []
    log = Log(lines.append, "info", lambda: datetime(2026, 1, 2, 3, 4, 5, 6))
    log.debug("too quiet")
    log.info("[MODULE]text", key="value", other=1)
    (line,) = lines
    level, time, _, text = line.split("|")
    assert (level, time) == ("info", "2026-01-02 03:04:05.000006")
    assert text == "[MODULE]text,key=value,other=1\n"


def table(routing: bool = True) -> Table:
    return Table(
        "g",
        "me",
        routing,
        direct={"b": {"g": ["node-b"]}, "c": {"other": ["node-c"]}},
        behind={"b": [Neighbour("d", {"g": ["node-d"]}), Neighbour("me", {"g": ["node-me"]})]},
    )


def test_nodes_behind_a_neighbour_are_reached_through_it() -> None:
    assert table().reachable() == {"node-b", "node-d"}
    assert (table().next_hop("node-b"), table().next_hop("node-d")) == ("b", "b")
    assert table().direct_hop("node-d") is None


def test_without_routing_only_direct_links_count() -> None:
    assert table(routing=False).reachable() == {"node-b"}
    assert table(routing=False).next_hop("node-d") is None
