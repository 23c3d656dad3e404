"""What the operator learns from a node, and how it proves that a chain works."""

import asyncio
import gc
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from consortium_operator.api.fisco_bcos import ConsensusType
from consortium_operator.chain.view import NodeView
from consortium_operator.engines.fisco_bcos.node.client import FiscoBcosClient
from consortium_operator.engines.protocol import ChainCallFailed
from tests import chains, observed
from tests.unit.engines.fisco_bcos.node.scripted_node import (
    HEALTHY,
    NODE,
    NODE_ID,
    PATIENT,
    Deed,
    asking,
    client,
    result,
    running,
    server_certificate,
)

# --- what a healthy node says --------------------------------------------------------------------


async def test_a_node_tells_everything_that_a_view_holds(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        view = await asking().view(node.endpoint, client())
    sealers = [s["nodeID"] for s in observed.result("getSealerList")]
    assert view == NodeView(
        node=NODE,
        node_id=NODE_ID,
        problem=None,
        height=0,
        latest_hash="3ec9f99a83a614a303013d6cd4fc80e9aa29e16970f6e41e5139007a7a2276dc",
        genesis_hash="3ec9f99a83a614a303013d6cd4fc80e9aa29e16970f6e41e5139007a7a2276dc",
        block0_text=view.block0_text,
        block0_hash="0xd507c06d9a097dcbadb4240bc268a8c5dd94b77b55919c504b5855e0a3a5d90e",
        version="3.16.4",
        leader=sealers[0],
        view=3,
        pending=0,
        peers=frozenset(sealers) - {NODE_ID},
        sealers=dict.fromkeys(sealers, 1),
    )
    assert view.block0_text.startswith("[chain]\nsm_crypto:0\nchainID: chain0\n")
    assert view.block0_text.endswith(f"node.3:{sealers[3]},1\n")


async def test_settings_that_were_never_made_are_left_out(tmp_path: Path) -> None:
    error = {"code": 3008, "message": "Entry: feature_balance does not exists!"}
    absent = json.dumps({"id": 1, "jsonrpc": "2.0", "error": error}).encode()
    made = result({"blockNumber": 0, "value": "3.16.4"})
    async with running(tmp_path, {**HEALTHY, "getSystemConfigByKey": (made, absent)}) as node:
        found = await asking().settings(
            node.endpoint, client(), ["compatibility_version", "feature_balance"], chains.plan()
        )
    assert found == {"compatibility_version": "3.16.4"}


async def test_a_setting_longer_than_any_is_no_answer(tmp_path: Path) -> None:
    endless = result({"blockNumber": 0, "value": "3" * 1000})
    async with running(tmp_path, {**HEALTHY, "getSystemConfigByKey": endless}) as node:
        with pytest.raises(ChainCallFailed, match="getSystemConfigByKey"):
            await asking().settings(node.endpoint, client(), ["tx_gas_limit"], chains.plan())


async def test_an_rpbft_node_tells_also_who_waits_for_a_turn(tmp_path: Path) -> None:
    waiting = [{"nodeID": "ab" * 64, "weight": 2, "termWeight": 0}]
    script = {**HEALTHY, "getNodeListByType": result(waiting)}
    rpbft = FiscoBcosClient("chain0", "group0", PATIENT, consensus=ConsensusType.RPBFT)
    async with running(tmp_path, script) as node:
        view = await rpbft.view(node.endpoint, client())
        asked = dict(node.asked)
    assert view.candidates == {"ab" * 64: 2}
    assert asked["getNodeListByType"] == ["group0", "", "consensus_candidate_sealer"]


async def test_a_stalled_node_answers_too(tmp_path: Path) -> None:
    script = {
        **HEALTHY,
        "getConsensusStatus": observed.raw("stalled_getConsensusStatus"),
        "getSyncStatus": observed.raw("stalled_getSyncStatus"),
    }
    async with running(tmp_path, script) as node:
        view = await asking().view(node.endpoint, client())
    assert (view.problem, view.height, view.view, len(view.peers)) == (None, 8, 7, 1)


async def test_a_node_in_no_list_answers_too(tmp_path: Path) -> None:
    script = {
        **HEALTHY,
        "getConsensusStatus": observed.raw("free_getConsensusStatus"),
        "getSyncStatus": observed.raw("free_getSyncStatus"),
    }
    async with running(tmp_path, script) as node:
        view = await asking().view(node.endpoint, client())
    assert view.problem is None
    assert view.node_id.startswith("d67128ef")
    assert view.peers == frozenset()


async def test_bytes_that_are_not_utf8_do_no_harm(tmp_path: Path) -> None:
    """A real node's getPeers holds the raw bytes of a hash where a node id should be."""
    peers = b'{"result":{"peers":[{"p2pNodeID":"\xff\xfe\xed\xa0"}]}}'
    async with running(tmp_path, {**HEALTHY, "getPeers": peers}) as node:
        assert (await asking().view(node.endpoint, client())).problem is None


async def test_one_connection_serves_a_whole_view(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        await asking().view(node.endpoint, client())
        assert node.connections == 1
        assert len(node.asked) == 8


async def test_the_methods_are_asked_with_the_nodes_parameters(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        await asking().view(node.endpoint, client())
    assert dict(node.asked) == {
        "getConsensusStatus": ["group0", ""],
        "getSyncStatus": ["group0", ""],
        "getSealerList": ["group0", ""],
        "getObserverList": ["group0", ""],
        "getBlockByNumber": ["group0", "", 0, False, True],
        "getGroupInfo": ["group0"],
        "getPendingTxSize": ["group0", ""],
        "getPeers": [],
    }


async def test_a_node_of_some_height_is_asked_for_hashes_that_others_have_too(
    tmp_path: Path,
) -> None:
    sync = json.loads(observed.result("getSyncStatus")) | {"blockNumber": 25}
    script = {
        **HEALTHY,
        "getSyncStatus": result(json.dumps(sync)),
        "getBlockHashByNumber": result("0xab"),
    }
    async with running(tmp_path, script) as node:
        view = await asking().view(node.endpoint, client())
        asked = [params for method, params in node.asked if method == "getBlockHashByNumber"]
    assert asked == [["group0", "", 20], ["group0", "", 10]]
    assert view.marks == {20: "ab", 10: "ab"}
    assert view.hashes[25] == view.latest_hash


async def test_a_witness_is_asked_for_the_hashes_of_blocks_that_others_told_of(
    tmp_path: Path,
) -> None:
    """But not of those that it does not have, nor of its latest, which it tells anyhow."""
    sync = json.loads(observed.result("getSyncStatus")) | {"blockNumber": 25}
    script = {
        **HEALTHY,
        "getSyncStatus": result(json.dumps(sync)),
        "getBlockHashByNumber": result("0xab"),
    }
    async with running(tmp_path, script) as node:
        view = await asking().view(node.endpoint, client(), {26, 25, 24, 23})
        asked = [params for method, params in node.asked if method == "getBlockHashByNumber"]
    assert asked == [["group0", "", 23], ["group0", "", 24]]
    assert view.marks == {23: "ab", 24: "ab"}


async def test_a_glance_tells_by_two_questions_what_a_view_tells_of_the_same(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as node:
        glance = await asking().glance(node.endpoint, client())
        assert [method for method, _ in node.asked] == ["getSyncStatus", "getPeers"]
        view = await asking().view(node.endpoint, client())
    assert glance.problem is None
    assert glance.height == 0
    assert glance.peers
    for name in ("node", "node_id", "height", "latest_hash", "genesis_hash", "peers"):
        assert getattr(glance, name) == getattr(view, name)


async def test_a_node_with_an_expired_certificate_is_still_read(tmp_path: Path) -> None:
    async with running(tmp_path, certificate=server_certificate(days=-1)) as node:
        assert (await asking().view(node.endpoint, client())).problem is None


# --- what it leaves behind -----------------------------------------------------------------------


async def test_no_descriptor_and_no_file_is_left_behind(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        await asking().view(node.endpoint, client())
        await asyncio.sleep(0.05)
        before = os.listdir("/proc/self/fd")
        for script in (HEALTHY, {**HEALTHY, "getPeers": Deed.CLOSE}):
            node.script = script
            await asking().view(node.endpoint, client())
            await asking().view(node.endpoint, client("boc"))
        await asyncio.sleep(0.05)
        assert len(os.listdir("/proc/self/fd")) == len(before)
    # An unclosed transport would warn here, and warnings are errors.
    gc.collect()


async def test_only_so_many_nodes_are_asked_at_a_time(tmp_path: Path) -> None:
    limited = asking(replace(PATIENT, connections=3))
    async with running(tmp_path) as node:
        views = await asyncio.gather(*(limited.view(node.endpoint, client()) for _ in range(12)))
        assert [view.problem for view in views] == [None] * 12
        assert node.most_at_once <= 4  # three, and one whose end the server has not seen yet
