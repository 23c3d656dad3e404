"""The Ethereum-style port (sections 1.8 and 5): plain HTTP, off unless it is switched on."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.support.binaries import Binary
from tests.conformance.support.files import ChainOptions
from tests.conformance.support.nodes import NodeProcess, free_ports, prepare, running


@pytest.fixture(scope="module")
def node(binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    if binary.number < (3, 9, 0):
        pytest.skip("web3_rpc came with 3.9")
    (port,) = free_ports(1)
    options = ChainOptions(web3_port=port, tls=True)
    with running(prepare(binary, tmp_path_factory.mktemp("web3"), options)) as chain:
        yield chain.nodes[0]


def post(node: NodeProcess, body: Any) -> Any:
    port = int(node.files.config["web3_rpc"]["listen_port"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/", body if isinstance(body, str) else json.dumps(body))
    response = connection.getresponse()
    assert response.status == 200
    answer = json.loads(response.read())
    connection.close()
    return answer


def ask(node: NodeProcess, method: str) -> Any:
    answer = post(node, {"jsonrpc": "2.0", "method": method, "params": [], "id": 1})
    assert (answer["id"], answer["jsonrpc"]) == (1, "2.0")
    return answer["result"]


def test_the_chain_id_and_the_height_are_hexadecimal(node: NodeProcess) -> None:
    assert ask(node, "eth_chainId") == hex(20200)
    height = int(ask(node, "eth_blockNumber"), 16)
    node.send()
    assert int(ask(node, "eth_blockNumber"), 16) == height + 1


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("eth_syncing", False),
        ("net_peerCount", 0),
        ("net_listening", True),
        ("eth_gasPrice", "0x0"),
    ],
)
def test_what_probes_ask(node: NodeProcess, method: str, result: object) -> None:
    assert ask(node, method) == result


def test_it_is_plain_though_rpc_is_not(node: NodeProcess) -> None:
    assert node.tls
    assert ask(node, "eth_accounts") == []


def test_an_unknown_method_and_garbage_are_errors(node: NodeProcess) -> None:
    unknown = post(node, {"jsonrpc": "2.0", "method": "eth_nope", "params": [], "id": "a"})
    assert (unknown["id"], unknown["error"]["code"]) == ("a", -32601)
    assert post(node, "garbage")["error"]["code"] == -32600
    assert post(node, {"jsonrpc": "2.0", "params": [], "id": 1})["error"]["code"] == -32600


def test_batches_are_answered_up_to_the_limit(node: NodeProcess) -> None:
    """3.16: web3_rpc.batch_request_size_limit, 8 by default."""
    if node.binary.number < (3, 16, 0):
        pytest.skip("the limit came with 3.16")
    one = {"jsonrpc": "2.0", "method": "eth_blockNumber", "params": [], "id": 1}
    assert len(post(node, [one, one])) == 2
    assert post(node, [one] * 9)["error"]["code"] == -32600


@pytest.mark.campaign
def test_unless_switched_on_nothing_listens(binary: Binary, tmp_path_factory: Any) -> None:
    (port,) = free_ports(1)
    made = prepare(binary, tmp_path_factory.mktemp("off"), ChainOptions(web3_port=port))
    made.nodes[0].files.config["web3_rpc"]["enable"] = "false"
    made.nodes[0].files.write_config()
    with running(made), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
