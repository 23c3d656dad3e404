"""Every answer has the keys and types of what real nodes sent (tests/data/fisco_bcos/observed).

Those are answers of 3.16.4.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import observed
from tests.conformance.support.binaries import NEWEST, Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import NodeProcess, prepare, running, wait_until

Ask = Callable[["Cast"], Any]


class Cast:
    """Four sealers, an observer and a node in no list."""

    def __init__(self, nodes: list[NodeProcess]) -> None:
        self.sealer: NodeProcess = nodes[0]
        self.observer, self.free = nodes[4:]


@pytest.fixture(scope="module")
def cast(binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    if binary.version != NEWEST:
        pytest.skip(f"the observed answers are of {NEWEST}")
    options = ChainOptions(sealers=4, others=2)
    with running(prepare(binary, tmp_path_factory.mktemp("shapes"), options)) as chain:
        chain.wait_connected()
        made = Cast(chain.nodes)
        node_id = made.observer.files.node_id
        made.sealer.transact(0x1003, "addObserver(string)", node_id)
        wait_until(lambda: made.observer.height() == 1, "the observer has caught up")
        yield made


def group(method: str, *params: object) -> Ask:
    return lambda cast: cast.sealer.post({"method": method, "params": ["group0", "", *params]})


def bare(method: str, *params: object) -> Ask:
    return lambda cast: cast.sealer.post({"method": method, "params": params})


def sent_to(who: str) -> Ask:
    def ask(cast: Cast) -> Any:
        node: NodeProcess = getattr(cast, who)
        params = ["group0", "", "0x" + node.transaction().hex(), False]
        return node.post({"method": "sendTransaction", "params": params})

    return ask


def membership(signature: str, *values: str | int) -> Ask:
    def ask(cast: Cast) -> Any:
        node_id = cast.observer.files.node_id
        return {
            "id": 1,
            "jsonrpc": "2.0",
            "result": cast.sealer.transact(0x1003, signature, node_id, *values),
        }

    return ask


def of_free(method: str) -> Ask:
    return lambda cast: cast.free.post({"method": method, "params": ["group0", ""]})


ANSWERS: dict[str, Ask] = {
    "badGroup": lambda cast: cast.sealer.post(
        {"method": "getBlockNumber", "params": ["group9", ""]}
    ),
    "badMethod": group("getNodeInfo"),
    "free_getConsensusStatus": of_free("getConsensusStatus"),
    "free_getSyncStatus": of_free("getSyncStatus"),
    "getBlockByNumber_0": group("getBlockByNumber", 0, False, False),
    "getBlockHashByNumber": group("getBlockHashByNumber", 0),
    "getBlockNumber": group("getBlockNumber"),
    "getConsensusStatus": group("getConsensusStatus"),
    "getGroupInfo": bare("getGroupInfo", "group0"),
    "getGroupInfoList": bare("getGroupInfoList"),
    "getGroupList": bare("getGroupList"),
    "getGroupNodeInfo": bare("getGroupNodeInfo", "group0", ""),
    "getGroupPeers": bare("getGroupPeers", "group0"),
    "getNodeListByType": group("getNodeListByType", "consensus_sealer"),
    "getObserverList_one": group("getObserverList"),
    "getPbftView": group("getPbftView"),
    "getPeers": bare("getPeers"),
    "getPendingTxSize": group("getPendingTxSize"),
    "getSealerList": group("getSealerList"),
    "getSyncStatus": group("getSyncStatus"),
    "getSystemConfigByKey_compatibility_version": group(
        "getSystemConfigByKey", "compatibility_version"
    ),
    "getSystemConfigByKey_consensus_leader_period": group(
        "getSystemConfigByKey", "consensus_leader_period"
    ),
    "getSystemConfigByKey_consensus_timeout": group("getSystemConfigByKey", "consensus_timeout"),
    "getSystemConfigByKey_nope": group("getSystemConfigByKey", "nope"),
    "getSystemConfigByKey_tx_count_limit": group("getSystemConfigByKey", "tx_count_limit"),
    "getSystemConfigByKey_tx_gas_limit": group("getSystemConfigByKey", "tx_gas_limit"),
    "getTotalTransactionCount": group("getTotalTransactionCount"),
    "receipt_addObserver": membership("addObserver(string)"),
    "receipt_addSealer": membership("addSealer(string,uint256)", 1),
    "sendTransaction_deploy": sent_to("sealer"),
    "sendTransaction_via_observer": sent_to("observer"),
}
# The same answers in another state, of an SM chain, or with a link that test_links cuts.
ELSEWHERE = {
    "getObserverList",
    "getPeers_one_direct_link_refused",
    "sm_getConsensusStatus",
    "sm_getGroupInfo",
    "sm_getPeers",
    "sm_sendTransaction",
    "stalled_getConsensusStatus",
    "stalled_getSyncStatus",
}


def shape(value: Any) -> Any:
    """Keys and types, JSON in strings opened; a list is what its elements are, in any number."""
    if isinstance(value, str) and value.endswith("}\n"):
        return ["JSON", shape(json.loads(value))]
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        shapes = [json.dumps(shape(inner), sort_keys=True) for inner in value]
        return sorted(set(shapes))
    return type(value).__name__


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_has_the_observed_shape(name: str, cast: Cast) -> None:
    if name == "receipt_addSealer":
        cast.sealer.transact(0x1003, "addObserver(string)", cast.observer.files.node_id)
    answer = ANSWERS[name](cast)
    expected = observed.answer(name)
    assert shape(answer) == shape(expected)
    assert answer.get("error") == expected.get("error")


def test_every_observed_file_is_compared() -> None:
    names = {file.stem for file in observed.FILES.glob("*.json")}
    assert names == set(ANSWERS) | ELSEWHERE


def test_lists_that_identify_a_version_are_the_same(cast: Cast) -> None:
    ours = cast.sealer.rpc("getGroupInfo", "group0")["nodeList"][0]
    real = observed.result("getGroupInfo")["nodeList"][0]
    for key in ("featureKeys", "supportConfigs", "serviceInfo"):
        assert ours[key] == real[key]


def test_the_peers_p2p_ids_are_bytes_that_need_not_be_utf_8(cast: Cast) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "getPeers", "params": []}
    raw = cast.sealer.raw(json.dumps(body).encode())
    with pytest.raises(UnicodeDecodeError):
        raw.decode()


def test_a_node_in_no_list_shows_no_index_and_no_peers(cast: Cast) -> None:
    status = cast.free.consensus()
    assert (status["index"], status["isConsensusNode"]) == (2**64 - 1, False)
    assert status["connectedNodeList"] == 6
    assert cast.free.sync()["peers"] == []
