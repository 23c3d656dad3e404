"""Links between nodes: who trusts whom, who is refused, and what a running node learns anew."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Sequence

import pytest

from tests.conformance.conftest import Start
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import Chain, NodeProcess, wait_until
from tests.conformance.support.sm_authorities import SmAuthority, SmKey
from tests.conformance.support.x509_authorities import Authority, modulus, pem, write_trust

BOTH_WORLDS = pytest.mark.parametrize(
    "sm", [False, pytest.param(True, marks=pytest.mark.campaign)], ids=["Standard", "SM"]
)


def dial_now(node: NodeProcess) -> None:
    """SIGUSR1 reads nodes.json again and dials at once, instead of within ten seconds."""
    node.send_signal(signal.SIGUSR1)


def start_all(nodes: Sequence[NodeProcess]) -> None:
    Chain(list(nodes)).start()


def refuse_all(healthy: NodeProcess, troubled: Sequence[NodeProcess], count: int) -> None:
    """Every troubled node dials the healthy one and nobody gets in; nobody stops."""
    healthy.files.write_peers([])
    for node in troubled:
        node.files.write_peers([healthy.files])
    start_all([healthy, *troubled])
    wait_until(
        lambda: all("handshakeClient failed" in node.output for node in troubled),
        "every client logs its failed handshake",
    )
    assert all(node.runs() for node in (healthy, *troubled))
    assert healthy.connected() == 1
    wait_until(
        lambda: healthy.output.count("handshakeServer Handshake failed") >= count,
        "the healthy node logs every refusal",
    )


def test_tls_trouble_stops_no_node_and_shows_in_both_logs(made: Start) -> None:
    """Section 12: runs, no peers; handshakeClient failed … here, handshakeServer … there."""
    healthy, *troubled = made(ChainOptions(others=6)).nodes
    files = [node.files for node in troubled]
    (files[0].conf / "ssl.key").unlink()
    (files[1].conf / "ssl.key").write_bytes(pem(files[2].tls_key))
    for index, days in ((2, (-10, -5)), (3, (5, 10))):
        old = files[index].node_authority.issue("node", files[index].tls_key, days=days)
        (files[index].conf / "ssl.crt").write_bytes(pem(old))
    foreign = Authority.make("node CA of a stranger").issue("node", files[4].tls_key)
    (files[4].conf / "ssl.crt").write_bytes(pem(foreign))
    shutil.rmtree(files[5].trust)
    refuse_all(healthy, troubled, count=6)
    for reason in ("certificate has expired", "certificate is not yet valid"):
        assert reason in healthy.output


def test_of_sm_nodes_both_certificates_of_the_pair_must_be_trusted(made: Start) -> None:
    """Sections 8 and 12: the dual certificates."""
    healthy, *troubled = made(ChainOptions(others=4, sm=True)).nodes
    files = [node.files for node in troubled]
    (files[0].conf / "sm_enssl.key").unlink()
    files[1].write_sm_pair(days=(-10, -5))
    stranger = SmAuthority.make("node CA of a stranger")
    for index, unit in ((2, "ssl"), (3, "enssl")):
        key = SmKey()
        (files[index].conf / f"sm_{unit}.crt").write_bytes(stranger.issue(unit, key))
        (files[index].conf / f"sm_{unit}.key").write_bytes(key.pem())
    refuse_all(healthy, troubled, count=3)
    assert "certificate has expired" in healthy.output


@BOTH_WORLDS
def test_a_ca_added_to_the_trust_directory_counts_at_once(sm: bool, made: Start) -> None:
    """Section 12, trap 31: without any restart."""
    chain = made(ChainOptions(sealers=2, sm=sm))
    first, second = chain.nodes
    shutil.rmtree(first.files.trust)
    write_trust(first.files.trust, [first.files.trusted])
    first.files.write_peers([])
    chain.start()
    wait_until(lambda: "handshakeServer Handshake failed" in first.output, "a refusal")
    assert first.connected() == 1
    write_trust(first.files.trust, [second.files.trusted])
    dial_now(second)
    chain.wait_connected()


@pytest.mark.campaign
def test_a_removed_ca_stays_trusted_until_a_restart(made: Start) -> None:
    """Trap 31: it was read, and is kept."""
    chain = made(ChainOptions(sealers=2))
    first, second = chain.nodes
    chain.start()
    chain.wait_connected()
    shutil.rmtree(first.files.trust)
    second.restart()
    chain.wait_connected()


@pytest.mark.campaign
def test_several_cas_in_one_bundle_are_all_trusted(made: Start) -> None:
    """Sections 2.4 and 12: ca.crt may hold several CAs."""
    chain = made(ChainOptions(sealers=3))
    bundle = b"".join(node.files.trusted for node in chain.nodes)
    for node in chain.nodes:
        (node.files.conf / "ca.crt").write_bytes(bundle)
        shutil.rmtree(node.files.trust)
    chain.start()
    chain.wait_connected()


@pytest.mark.parametrize(
    "whole",
    [True, pytest.param(False, marks=pytest.mark.campaign)],
    ids=["with it", "alone"],
)
def test_a_leaf_below_an_intermediate_needs_it_beside_it(whole: bool, made: Start) -> None:
    """Section 12: leaf plus intermediate is accepted; leaf alone then is not."""
    chain = made(ChainOptions(sealers=2))
    first, second = chain.nodes
    between = second.files.node_authority.intermediate("intermediate")
    leaf = pem(between.issue("node", second.files.tls_key))
    shown = leaf + (pem(between.certificate) if whole else b"")
    (second.files.conf / "ssl.crt").write_bytes(shown)
    chain.start()
    if whole:
        chain.wait_connected()
    else:
        wait_until(lambda: "Handshake failed" in first.output, "a refusal")
        assert first.connected() == 1


def test_sigusr1_reads_nodes_json_again_and_a_bad_file_changes_nothing(made: Start) -> None:
    """Sections 2.5 and 12."""
    chain = made(ChainOptions(sealers=2))
    first, second = chain.nodes
    for node in chain.nodes:
        node.files.write_peers([])
    chain.start()
    (first.files.directory / "nodes.json").write_text('{"nodes":["gone.invalid:30300"]}')
    dial_now(first)
    wait_until(lambda: "reload p2p connected nodes failed" in first.output, "the warning")
    assert first.connected() == 1
    first.files.write_peers([second.files])
    dial_now(first)
    chain.wait_connected()
    first.files.write_peers([])
    dial_now(first)
    first.send()
    assert first.connected() == 2  # Peers removed from the list stay connected.


def test_a_node_reached_only_through_another_still_counts_and_votes(made: Start) -> None:
    """Section 12 and getPeers_one_direct_link_refused.json: no endPoint. Three of three vote."""
    chain = made(ChainOptions(sealers=3))
    first, second, third = chain.nodes
    first.files.config["certificate_blacklist"] = {"crl.0": modulus(second.files.tls_key)}
    first.files.write_config()
    chain.start()
    chain.wait_connected()
    peers = first.rpc("getPeers")["peers"]
    by_node = {peer["groupNodeIDInfo"][0]["nodeIDList"][0]: peer for peer in peers}
    assert "endPoint" in by_node[third.files.node_id]
    assert "endPoint" not in by_node[second.files.node_id]
    assert "NodeID in certificate blacklist" in first.output
    for node in chain.nodes:
        node.send()
    chain.wait_height(3)


@BOTH_WORLDS
def test_a_white_list_admits_those_it_names_and_nobody_else(sm: bool, made: Start) -> None:
    """Section 2.4. A list of the wrong length (trap 16) is ignored entry by entry."""
    chain = made(ChainOptions(others=2, sm=sm))
    first, second, third = chain.nodes
    named = tls_id(second)
    first.files.config["certificate_whitelist"] = {"cal.0": f"0x{named}", "cal.1": "abcd"}
    first.files.write_config()
    for node in (second, third):
        node.files.write_peers([first.files])
    chain.start()
    wait_until(lambda: first.connected() == 2, "the named one is connected")
    wait_until(lambda: "NodeID is not in certificate whitelist" in first.output, "a refusal")
    assert third.files.node_id not in first.rpc("getGroupPeers", "group0")


def tls_id(node: NodeProcess) -> str:
    """What the lists hold: 512 hex digits, or 128 on an SM chain."""
    if not node.files.sm:
        return modulus(node.files.tls_key)
    # The same certificate again, with a key that we know.
    key = SmKey()
    (node.files.conf / "sm_ssl.crt").write_bytes(node.files.sm_authority.issue("ssl", key))
    (node.files.conf / "sm_ssl.key").write_bytes(key.pem())
    return key.node_id


def test_a_leaf_without_basic_constraints_escapes_the_lists(made: Start) -> None:
    """Section 2.4, trap 17."""
    chain = made(ChainOptions(sealers=2))
    first, second = chain.nodes
    first.files.config["certificate_blacklist"] = {"crl.0": modulus(second.files.tls_key)}
    first.files.write_config()
    leaf = second.files.node_authority.issue("node", second.files.tls_key, basic_constraints=False)
    (second.files.conf / "ssl.crt").write_bytes(pem(leaf))
    chain.start()
    chain.wait_connected()


@pytest.mark.campaign
def test_of_two_nodes_with_one_certificate_only_one_is_connected(made: Start) -> None:
    """Section 2.4, trap 18."""
    chain = made(ChainOptions(others=2))
    first, second, third = chain.nodes
    for name in ("ssl.crt", "ssl.key"):
        shutil.copy(second.files.conf / name, third.files.conf / name)
    chain.start()
    wait_until(lambda: first.connected() == 2, "one is connected")
    wait_until(lambda: "duplicate peer" in first.output, "the other is dropped")
    assert first.connected() == 2


def test_a_node_of_another_chain_id_connects_but_takes_no_part(made: Start) -> None:
    """Section 12."""
    chain = made(ChainOptions(sealers=2))
    first, second = chain.nodes
    second.files.genesis["chain"]["chain_id"] = "chain1"
    second.files.write_config()
    chain.start()
    chain.wait_connected()
    refusal = "Receive invalid status packet with different genesis hash"
    wait_until(lambda: refusal in first.output, "the refusal is logged")
    assert json.loads(first.group("getSyncStatus"))["peers"] == []
