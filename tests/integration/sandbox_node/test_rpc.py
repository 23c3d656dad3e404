"""The RPC port: TLS, HTTP, JSON-RPC, and transactions that are refused."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from consortium_sandbox.node.keys import STANDARD
from consortium_sandbox.node.transaction import TransactionData, sign
from tests.integration.sandbox_node.chain_files import CHAIN, GROUP
from tests.integration.sandbox_node.processes import (
    ADMIN,
    Chain,
    NodeProcess,
    RpcFailed,
    chain,
    output_code,
    wait_until,
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Two members with TLS."""
    with chain(tmp_path_factory.mktemp("tls"), 2) as running:
        running.wait_connected()
        yield running


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """One node with plain HTTP."""
    with chain(tmp_path_factory.mktemp("plain"), 1, tls=False) as running:
        yield running.nodes[0]


def ask(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/", b"{}")
    connection.getresponse()


def test_another_members_client_certificate_opens_nothing(two: Chain) -> None:
    first, second = two.nodes
    connection = first.connection(second.files.write_client())
    with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_UNKNOWN_CA"):
        ask(connection)


def test_a_node_certificate_opens_no_rpc(two: Chain) -> None:
    first, second = two.nodes
    conf = first.files.conf
    for directory in (conf, second.files.conf):
        connection = first.connection((directory / "ssl.crt", directory / "ssl.key"))
        with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_UNKNOWN_CA"):
            ask(connection)


def test_a_client_without_a_certificate_is_refused(two: Chain) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    port = two.nodes[0].files.rpc_port
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    with pytest.raises(ssl.SSLError, match="ALERT_HANDSHAKE_FAILURE"):
        ask(connection)


def test_only_tls_1_2_is_spoken(two: Chain) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    port = two.nodes[0].files.rpc_port
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as raw,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(raw)


def test_a_tcp_probe_is_one_log_line_and_nothing_worse(two: Chain) -> None:
    node = two.nodes[0]
    before = node.output.count("ssl handshake failed")
    socket.create_connection(("127.0.0.1", node.files.rpc_port), timeout=5).close()
    wait_until(lambda: node.output.count("ssl handshake failed") == before + 1, "the line")
    assert node.answers()


@pytest.mark.parametrize(("verb", "path"), [("POST", "/"), ("GET", "/any"), ("PUT", "/x?y=1")])
def test_any_verb_and_path_is_answered(plain: NodeProcess, verb: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", plain.files.rpc_port, timeout=5)
    body = {"jsonrpc": "2.0", "method": "getBlockNumber", "params": [GROUP, ""], "id": 7}
    for _ in range(2):  # Twice on one connection: it is kept alive.
        connection.request(verb, path, json.dumps(body))
        response = connection.getresponse()
        assert response.status == 200
        assert json.loads(response.read())["id"] == 7
    connection.close()


def test_a_chunked_body_is_read(plain: NodeProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", plain.files.rpc_port, timeout=5)
    pieces = [b'{"jsonrpc":"2.0","id":3,"meth', b'od":"getGroupList","params":[]}']
    connection.request(
        "POST", "/", iter(pieces), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert json.loads(connection.getresponse().read())["result"]["groupList"] == [GROUP]
    connection.close()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32600),
        (b"garbage", -32600),
        (b"null", -32600),
        (b"[]", -32700),
        (b'[{"jsonrpc":"2.0","method":"getBlockNumber","params":[],"id":1}]', -32700),
        (b"17", -32700),
        (b'{"method":"getBlockNumber","params":["group0",""],"id":1}', -32600),
        (b'{"jsonrpc":"2.0","params":[],"id":1}', -32600),
        (b'{"jsonrpc":"2.0","method":"getBlockNumber","id":1}', -32600),
        (b'{"jsonrpc":"2.0","method":"getBlockNumber","params":{},"id":1}', -32600),
        (b'{"jsonrpc":"2.0","method":"getBlockNumber","params":[],"id":"a"}', -32700),
        (b'{"jsonrpc":"2.0","method":"getNodeInfo","params":[],"id":1}', -32601),
        (b'{"jsonrpc":"2.0","method":"getBlockNumber","params":["g",""],"id":1}', -32000),
    ],
)
def test_bad_requests_get_the_nodes_codes(plain: NodeProcess, body: bytes, code: int) -> None:
    answer = json.loads(plain.raw(body))
    assert answer["error"]["code"] == code


def send_changed(node: NodeProcess, **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "chain_id": CHAIN,
        "group_id": GROUP,
        "block_limit": node.height() + 500,
        "nonce": "1" + str(node.height()),
        "input": b"\x60",
    }
    raw = sign(TransactionData(**(fields | changes)), ADMIN, STANDARD)
    return node.rpc("sendTransaction", GROUP, "", "0x" + raw.hex(), False)


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"chain_id": "chain1"}, -1, "std::exception::what: Chain ID mismatch!"),
        ({"group_id": "group1"}, 10007, "InvalidGroupId"),
        ({"block_limit": 0}, 10001, "BlockLimitCheckFail"),
        ({"block_limit": 100000}, 10001, "BlockLimitCheckFail"),
    ],
)
def test_transactions_that_do_not_belong_here_are_refused(
    plain: NodeProcess, changes: dict[str, Any], code: int, text: str
) -> None:
    with pytest.raises(RpcFailed) as caught:
        send_changed(plain, **changes)
    assert caught.value.code == code
    assert text in caught.value.message


def test_a_nonce_counts_once(plain: NodeProcess) -> None:
    send_changed(plain, nonce="31415926535")
    with pytest.raises(RpcFailed, match="10000: NonceCheckFail"):
        send_changed(plain, nonce="31415926535")


@pytest.mark.parametrize("text", ["", "0x", "0xzz", "0x1a1c"])
def test_what_is_no_transaction_is_refused(plain: NodeProcess, text: str) -> None:
    with pytest.raises(RpcFailed) as caught:
        plain.rpc("sendTransaction", GROUP, "", text, False)
    assert caught.value.code == -1


def test_a_forged_signature_is_refused(plain: NodeProcess) -> None:
    raw = bytearray.fromhex(plain.transaction()[2:])
    raw[-40:-8] = b"\xff" * 32  # s above the curve's order: no key can have made it.
    with pytest.raises(RpcFailed, match="10008: InvalidSignature"):
        plain.rpc("sendTransaction", GROUP, "", "0x" + raw.hex(), False)


def test_what_was_sent_can_be_read_back(plain: NodeProcess) -> None:
    sent = plain.send()
    number = sent["blockNumber"]
    receipt = plain.group("getTransactionReceipt", sent["transactionHash"], False)
    assert {k: receipt[k] for k in sent} == sent
    transaction = plain.group("getTransaction", sent["transactionHash"], False)
    assert transaction["hash"] == sent["transactionHash"]
    block = plain.group("getBlockByNumber", number, False, True)
    assert block["transactions"] == [sent["transactionHash"]]
    assert plain.group("getBlockByHash", block["hash"], False, True) == block
    assert block["hash"] == plain.group("getBlockHashByNumber", number)
    parent = plain.group("getBlockHashByNumber", number - 1)
    assert block["parentInfo"] == [{"blockHash": parent, "blockNumber": number - 1}]
    assert block["sealerList"] == [f"0x{plain.files.node_id}"]
    assert len(block["signatureList"]) == 1
    assert plain.group("getCode", sent["contractAddress"]) == "0x00"
    assert plain.group("getTotalTransactionCount")["transactionCount"] >= 1


def test_beyond_the_chain_there_is_no_block(plain: NodeProcess) -> None:
    assert plain.group("getBlockHashByNumber", 10**6) == "0x" + "0" * 64
    with pytest.raises(RpcFailed):
        plain.group("getBlockByNumber", 10**6, False, False)


def test_settings_change_by_transaction_and_are_read_back(plain: NodeProcess) -> None:
    receipt = plain.call_contract(0x1000, "setValueByKey(string,string)", "tx_count_limit", "2000")
    assert output_code(receipt) == 0
    found = plain.group("getSystemConfigByKey", "tx_count_limit")
    assert found == {"value": "2000", "blockNumber": receipt["blockNumber"] + 1}
    refused = plain.call_contract(0x1000, "setValueByKey(string,string)", "nope", "1")
    assert (refused["status"], refused["message"]) == (15, "unsupported key nope")


def test_sequential_transactions_are_paced_by_min_seal_time(plain: NodeProcess) -> None:
    blocks = [plain.send()["blockNumber"] for _ in range(3)]
    times = [plain.group("getBlockByNumber", n, True, True)["timestamp"] for n in blocks]
    assert all(later - earlier >= 490 for earlier, later in pairwise(times))
