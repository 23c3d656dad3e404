"""Links between nodes: who trusts whom, who is refused, and what a running node learns anew."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

from tests.integration.sandbox_node.chain_files import Authority, ChainFiles, modulus, pem
from tests.integration.sandbox_node.processes import NodeProcess, chain, prepare, wait_until


def connected(node: NodeProcess) -> int:
    return int(node.consensus()["connectedNodeList"])


def dial_now(node: NodeProcess) -> None:
    """SIGUSR1 reads nodes.json again and dials at once, instead of within ten seconds."""
    node.send_signal(signal.SIGUSR1)


def test_tls_trouble_stops_no_node_and_shows_in_both_logs(tmp_path: Path) -> None:
    """Section 12: runs, no peers; handshakeClient failed … here, handshakeServer … there."""
    made = prepare(tmp_path, 1, others=6)
    healthy, *troubled = made.nodes
    files = [node.files for node in troubled]
    trust = made.files
    (files[0].conf / "ssl.key").unlink()
    (files[1].conf / "ssl.key").write_bytes(pem(files[2].tls_key))
    for index, days in ((2, (-10, -5)), (3, (5, 10))):
        old = files[index].node_authority.issue("node", files[index].tls_key, days=days)
        (files[index].conf / "ssl.crt").write_bytes(pem(old))
    stranger = Authority.make("node CA of a stranger")
    foreign = stranger.issue("node", files[4].tls_key)
    (files[4].conf / "ssl.crt").write_bytes(pem(foreign))
    shutil.rmtree(files[5].directory / "trust")
    for file in files:
        trust.write_peers(file, [healthy.files])
    trust.write_peers(healthy.files, [])
    try:
        for node in made.nodes:
            node.start()
        wait_until(
            lambda: all("handshakeClient failed" in node.output for node in troubled),
            "every client logs its failed handshake",
        )
        assert all(node.runs() for node in made.nodes)
        assert connected(healthy) == 1
        assert healthy.output.count("handshakeServer Handshake failed") >= 6
        for reason in ("certificate has expired", "certificate is not yet valid"):
            assert reason in healthy.output
    finally:
        made.stop()


def test_a_ca_added_to_the_trust_directory_counts_at_once(tmp_path: Path) -> None:
    made = prepare(tmp_path, 2)
    first, second = made.nodes
    trust = first.files.directory / "trust"
    shutil.rmtree(trust)
    ChainFiles.write_trust(first.files, [first.files.node_authority])
    ChainFiles.write_peers(first.files, [])
    try:
        made.start()
        wait_until(lambda: "handshakeServer Handshake failed" in first.output, "a refusal")
        assert connected(first) == 1
        ChainFiles.write_trust(first.files, [second.files.node_authority])
        dial_now(second)
        made.wait_connected()
    finally:
        made.stop()


def test_sigusr1_reads_nodes_json_again_and_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    made = prepare(tmp_path, 2)
    first, second = made.nodes
    for node in made.nodes:
        ChainFiles.write_peers(node.files, [])
    try:
        made.start()
        (first.files.directory / "nodes.json").write_text('{"nodes":["gone.invalid:30300"]}')
        dial_now(first)
        wait_until(lambda: "reload p2p connected nodes failed" in first.output, "the warning")
        assert connected(first) == 1
        ChainFiles.write_peers(first.files, [second.files])
        dial_now(first)
        made.wait_connected()
        ChainFiles.write_peers(first.files, [])
        dial_now(first)
        first.send()
        assert connected(first) == 2  # Peers removed from the list stay connected.
    finally:
        made.stop()


def test_sigusr2_reads_the_log_level_again(tmp_path: Path) -> None:
    with chain(tmp_path, 1) as running:
        node = running.nodes[0]
        node.files.edit(node.files.config, "level=info", "level=error")
        node.send_signal(signal.SIGUSR2)
        wait_until(lambda: node.send()["status"] == 0, "a block")
        lines = len(node.output)
        node.send()
        assert len(node.output) == lines


def test_a_node_reached_only_through_another_still_counts_and_votes(tmp_path: Path) -> None:
    """getPeers_one_direct_link_refused.json: such a peer has no endPoint. Three of three vote."""
    made = prepare(tmp_path, 3)
    first, second, third = made.nodes
    text = f"\n[certificate_blacklist]\ncrl.0={modulus(second.files.tls_key)}\n"
    first.files.config.write_text(first.files.config.read_text() + text)
    try:
        made.start()
        made.wait_connected()
        peers = first.rpc("getPeers")["peers"]
        by_node = {peer["groupNodeIDInfo"][0]["nodeIDList"][0]: peer for peer in peers}
        assert "endPoint" in by_node[third.files.node_id]
        assert "endPoint" not in by_node[second.files.node_id]
        assert "NodeID in certificate blacklist" in first.output
        for node in made.nodes:
            node.send()
        made.wait_height(3)
    finally:
        made.stop()


def test_a_white_list_admits_those_it_names_and_nobody_else(tmp_path: Path) -> None:
    made = prepare(tmp_path, 1, others=2)
    first, second, third = made.nodes
    text = f"\n[certificate_whitelist]\ncal.0=0x{modulus(second.files.tls_key)}\ncal.1=abcd\n"
    first.files.config.write_text(first.files.config.read_text() + text)
    for node in (second, third):
        ChainFiles.write_peers(node.files, [first.files])
    try:
        made.start()
        wait_until(lambda: connected(first) == 2, "the named one is connected")
        assert "NodeID is not in certificate whitelist" in first.output
        assert third.files.node_id not in first.rpc("getGroupPeers", "group0")
    finally:
        made.stop()


def test_of_two_nodes_with_one_certificate_only_one_is_connected(tmp_path: Path) -> None:
    made = prepare(tmp_path, 1, others=2)
    first, second, third = made.nodes
    for name in ("ssl.crt", "ssl.key"):
        shutil.copy(second.files.conf / name, third.files.conf / name)
    try:
        made.start()
        wait_until(lambda: connected(first) == 2, "one is connected")
        wait_until(lambda: "duplicate peer" in first.output, "the other is dropped")
        assert connected(first) == 2
    finally:
        made.stop()


def test_a_node_of_another_chain_id_connects_but_takes_no_part(tmp_path: Path) -> None:
    made = prepare(tmp_path, 2)
    first, second = made.nodes
    second.files.edit(second.files.genesis, "chain_id=chain0", "chain_id=chain1")
    try:
        made.start()
        made.wait_connected()
        refusal = "Receive invalid status packet with different genesis hash"
        wait_until(lambda: refusal in first.output, "the refusal is logged")
        assert json.loads(first.group("getSyncStatus"))["peers"] == []
    finally:
        made.stop()
