"""SM chains (sections 8 and 12): SM2 ids and signatures, SM3 hashes, RPC by RSA certificates."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from tests import observed
from tests.conformance.support.accounts import Account, Transaction
from tests.conformance.support.binaries import NEWEST, Binary
from tests.conformance.support.files import CHAIN, GROUP, ChainOptions
from tests.conformance.support.nodes import (
    Chain,
    RpcFailed,
    output_code,
    prepare,
    running,
    wait_until,
)
from tests.conformance.support.sm_authorities import sm3
from tests.conformance.test_rpc import ask
from tests.conformance.test_shapes import shape


@pytest.fixture(scope="module")
def four(binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Four organisations, each with its own SM2 CA, RPC by RSA certificates."""
    options = ChainOptions(sealers=4, sm=True, tls=True)
    with running(prepare(binary, tmp_path_factory.mktemp("sm"), options)) as chain:
        chain.wait_connected()
        yield chain


def test_four_sm_nodes_agree(four: Chain) -> None:
    receipts = [node.send() for node in four.nodes]
    assert {receipt["status"] for receipt in receipts} == {0}
    four.wait_height(receipts[-1]["blockNumber"])
    assert len({node.group("getBlockHashByNumber", 1) for node in four.nodes}) == 1


def test_node_ids_are_sm2_points_and_the_group_says_that_it_is_sm(four: Chain) -> None:
    node = four.nodes[0]
    assert node.sync()["nodeID"] == node.files.node_id
    info = node.rpc("getGroupInfo", GROUP)["nodeList"][0]
    assert (info["type"], json.loads(info["iniConfig"])["smCryptoType"]) == (1, True)
    extra = node.group("getBlockByNumber", 0, False, False)["extraData"]
    assert bytes.fromhex(extra[2:]).startswith(b"[chain]\nsm_crypto:1\n")


def test_hashes_addresses_and_the_deployed_address_are_by_sm3(four: Chain) -> None:
    node = four.nodes[0]
    receipt = node.send()
    assert receipt["from"] == f"0x{node.admin.address}"
    place = f"{receipt['blockNumber']}_0_0".encode()
    assert receipt["contractAddress"] == "0x" + sm3(place)[:20].hex()
    letters = receipt["contractAddress"][2:]
    digest = sm3(letters.encode()).hex()
    expected = (x.upper() if int(d, 16) >= 8 else x for x, d in zip(letters, digest, strict=False))
    assert receipt["checksumContractAddress"] == "0x" + "".join(expected)


def test_selectors_are_by_sm3(four: Chain) -> None:
    receipt = four.nodes[0].transact(0x1003, "addObserver(string)", "ab" * 64)
    assert receipt["input"].startswith("0x" + sm3(b"addObserver(string)")[:4].hex())
    assert (receipt["status"], output_code(receipt)) == (0, 0)
    keccak = Account(1).call_data("addObserver(string)", "cd" * 64)
    refused = four.nodes[0].send(f"{0x1003:040x}", keccak)
    assert refused["message"] == "ConsensusPrecompiled call undefined function!"


def test_a_secp256k1_transaction_is_refused(four: Chain) -> None:
    """Section 12: error -1."""
    node = four.nodes[0]
    raw = Transaction(CHAIN, GROUP, node.height() + 500).signed_by(Account(1))
    with pytest.raises(RpcFailed) as caught:
        node.send_raw(raw)
    assert caught.value.code == -1


def test_the_clients_own_certificates_open_its_node_and_no_other(four: Chain) -> None:
    first, second = four.nodes[:2]
    assert first.answers()
    connection = first.connection(second.files.write_client())
    with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_UNKNOWN_CA"):
        ask(connection)


@pytest.mark.parametrize(
    ("name", "method", "params"),
    [
        ("sm_getConsensusStatus", "getConsensusStatus", [GROUP, ""]),
        ("sm_getGroupInfo", "getGroupInfo", [GROUP]),
        ("sm_getPeers", "getPeers", []),
    ],
)
def test_an_answer_has_the_observed_shape(
    name: str, method: str, params: list[Any], four: Chain
) -> None:
    if four.nodes[0].binary.version != NEWEST:
        pytest.skip(f"the observed answers are of {NEWEST}")
    answer = four.nodes[0].post({"method": method, "params": params})
    assert shape(answer) == shape(observed.answer(name))


def test_the_observed_transaction_is_taken_as_it_was(
    binary: Binary, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """transaction-sm.json: the same bytes, the same receipt."""
    options = ChainOptions(sm=True)
    with running(prepare(binary, tmp_path_factory.mktemp("one"), options)) as chain:
        (node,) = chain.nodes
        answer = node.send_raw(bytes.fromhex(observed.SM_TRANSACTION["raw"][2:]))
        assert answer == observed.SM_TRANSACTION["answer"]["result"]
        assert node.group("getSystemConfigByKey", "tx_count_limit")["value"] == "1700"


def test_our_own_client_builds_the_observed_transaction() -> None:
    """All but the signature, which is another one each time."""
    made = observed.SM_TRANSACTION
    account = Account(int(made["privateKey"], 16), sm=True)
    data = account.call_data("setValueByKey(string,string)", "tx_count_limit", "1700")
    transaction = Transaction(CHAIN, GROUP, 500, made["to"], data, made["nonce"])
    raw, expected = transaction.signed_by(account).hex(), made["raw"][2:]
    signature = slice(-256, -128)
    assert raw[:-256] == expected[:-256]
    assert raw[-128:] == expected[-128:]
    assert raw[signature] != expected[signature]


def test_a_killed_sm_node_comes_back(four: Chain) -> None:
    killed, *rest = four.nodes
    killed.stop(9)
    four.wait_connected(rest)
    height = rest[0].send()["blockNumber"]
    killed.start()
    killed.wait_answering()
    wait_until(lambda: killed.height() >= height, "it has caught up")
