"""The RPC port: TLS, HTTP, JSON-RPC, and transactions that are refused (sections 5 and 12)."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.support.accounts import Transaction
from tests.conformance.support.binaries import Binary
from tests.conformance.support.files import CHAIN, GROUP, ChainOptions
from tests.conformance.support.nodes import (
    Chain,
    NodeProcess,
    RpcFailed,
    output_code,
    prepare,
    running,
    wait_until,
)

CASES = Path(__file__).parent / "cases"
BAD_REQUESTS = yaml.safe_load((CASES / "bad-requests.yaml").read_text())
CALLS = yaml.safe_load((CASES / "contracts.yaml").read_text())


@pytest.fixture(scope="module")
def two(binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Two members with TLS."""
    options = ChainOptions(sealers=2, tls=True)
    with running(prepare(binary, tmp_path_factory.mktemp("tls"), options)) as chain:
        chain.wait_connected()
        yield chain


@pytest.fixture(scope="module")
def plain(binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """One node with plain HTTP."""
    with running(prepare(binary, tmp_path_factory.mktemp("plain"), ChainOptions())) as chain:
        yield chain.nodes[0]


def ask(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/", b"{}")
    connection.getresponse()


# --- TLS -----------------------------------------------------------------------------------------


def test_a_members_client_certificate_opens_its_node(two: Chain) -> None:
    assert [node.height() for node in two.nodes] == [0, 0]


def test_another_members_client_certificate_opens_nothing(two: Chain) -> None:
    first, second = two.nodes
    connection = first.connection(second.files.write_client())
    with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_UNKNOWN_CA"):
        ask(connection)


def test_a_node_certificate_opens_no_rpc(two: Chain) -> None:
    first, second = two.nodes
    for directory in (first.files.conf, second.files.conf):
        connection = first.connection((directory / "ssl.crt", directory / "ssl.key"))
        with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_UNKNOWN_CA"):
            ask(connection)


def anonymous() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_a_client_without_a_certificate_is_refused(two: Chain) -> None:
    port = two.nodes[0].files.rpc_port
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=anonymous())
    with pytest.raises(ssl.SSLError, match="ALERT_HANDSHAKE_FAILURE"):
        ask(connection)


def test_only_tls_1_2_is_spoken(two: Chain) -> None:
    context = anonymous()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    port = two.nodes[0].files.rpc_port
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as raw,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(raw)


def test_a_tcp_probe_is_one_log_line_and_nothing_worse(two: Chain) -> None:
    node = two.nodes[0]

    def lines() -> int:
        return node.output.count("ssl handshake failed")

    before = settled(lines)
    socket.create_connection(("127.0.0.1", node.files.rpc_port), timeout=20).close()
    wait_until(lambda: lines() > before, "the line")
    assert settled(lines) == before + 1
    assert node.answers()


def settled(count: Callable[[], int]) -> int:
    """The handshakes that were refused a moment ago are told a moment later."""
    last = -1
    while (now := count()) != last:
        last = now
        time.sleep(0.5)
    return last


# --- HTTP and JSON-RPC ---------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "path"), [("POST", "/"), ("GET", "/any"), ("PUT", "/x?y=1")])
def test_any_verb_and_path_is_answered(plain: NodeProcess, verb: str, path: str) -> None:
    connection = plain.connection(None)
    body = {"jsonrpc": "2.0", "method": "getBlockNumber", "params": [GROUP, ""], "id": 7}
    for _ in range(2):  # Twice on one connection: it is kept alive.
        connection.request(verb, path, json.dumps(body))
        response = connection.getresponse()
        assert response.status == 200
        assert json.loads(response.read())["id"] == 7
    connection.close()


def test_options_is_answered_with_204(plain: NodeProcess) -> None:
    connection = plain.connection(None)
    connection.request("OPTIONS", "/")
    assert connection.getresponse().status == 204
    connection.close()


def test_a_chunked_body_is_read(plain: NodeProcess) -> None:
    connection = plain.connection(None)
    pieces = [b'{"jsonrpc":"2.0","id":3,"meth', b'od":"getGroupList","params":[]}']
    connection.request(
        "POST", "/", iter(pieces), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert json.loads(connection.getresponse().read())["result"]["groupList"] == [GROUP]
    connection.close()


@pytest.mark.parametrize("case", BAD_REQUESTS, ids=lambda case: case["body"] or "nothing")
def test_bad_requests_get_the_nodes_codes(plain: NodeProcess, case: dict[str, Any]) -> None:
    answer = json.loads(plain.raw(case["body"].encode()))
    assert answer["error"]["code"] == case["code"]


# --- transactions --------------------------------------------------------------------------------


def send_changed(node: NodeProcess, **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "chain_id": CHAIN,
        "group_id": GROUP,
        "block_limit": node.height() + 500,
        "input": b"\x60",
    }
    return node.send_raw(Transaction(**(fields | changes)).signed_by(node.admin))


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"chain_id": "chain1"}, -1, "Chain ID mismatch!"),
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


def test_sequential_transactions_are_paced_by_min_seal_time(plain: NodeProcess) -> None:
    """Section 12: 0.5 s."""
    blocks = [plain.send()["blockNumber"] for _ in range(3)]
    times = [plain.group("getBlockByNumber", n, True, True)["timestamp"] for n in blocks]
    assert all(later - earlier >= 490 for earlier, later in pairwise(times))


def test_an_address_with_0x_executes_all_the_same(plain: NodeProcess) -> None:
    """Section 4.3; that its block is not flagged as a system block shows nowhere."""
    data = plain.admin.call_data("addObserver(string)", "cd" * 64)
    assert plain.send(f"0x{0x1003:040x}", data)["status"] == 0
    assert "cd" * 64 in plain.group("getObserverList")


# --- the contracts of every chain ----------------------------------------------------------------


@pytest.fixture(scope="module")
def receipts(
    binary: Binary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[dict[str, Any]]]:
    """The receipts of all calls, in their order. They need not wait for each other's blocks."""
    made = prepare(binary, tmp_path_factory.mktemp("contracts"), ChainOptions())
    made.nodes[0].files.config["consensus"]["min_seal_time"] = "1"
    made.nodes[0].files.write_config()
    with running(made) as chain:
        (node,) = chain.nodes
        names = {"<self>": node.files.node_id, "<new>": "ab" * 64}
        found = []
        for call in CALLS:
            arguments = [_filled(argument, names) for argument in call["with"]]
            found.append(node.transact(call["to"], call["call"], *arguments))
        assert node.group("getSystemConfigByKey", "tx_count_limit")["value"] == "2000"
        assert node.group("getSystemConfigByKey", "compatibility_version")["value"] == "3.17.0"
        (sealer,) = node.group("getSealerList")
        assert (sealer["nodeID"], sealer["weight"]) == (node.files.node_id, 1)
        assert node.send()["status"] == 0  # A version above the binary: the chain goes on.
        yield found


def _filled(argument: Any, names: dict[str, str]) -> Any:
    if isinstance(argument, str):
        for name, text in names.items():
            argument = argument.replace(name, text)
    return argument


@pytest.mark.parametrize(
    "number", range(len(CALLS)), ids=lambda n: f"{n}-{CALLS[n]['call'].partition('(')[0]}"
)
def test_contracts_answer_with_the_nodes_codes(number: int, receipts: list[dict[str, Any]]) -> None:
    expected, receipt = CALLS[number], receipts[number]
    if "code" in expected:
        assert (receipt["status"], output_code(receipt)) == (0, expected["code"])
    else:
        found = (receipt["status"], receipt["message"])
        assert found == (expected["status"], expected["message"])
