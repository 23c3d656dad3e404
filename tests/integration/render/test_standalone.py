"""What `consortium render --standalone` writes is enough for bare processes: they start in their
own directories, agree, and make a block."""

import asyncio
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consortium_operator.cli.main import app
from tests import chains
from tests.integration.render.standalone import Standalone, running


@pytest.fixture(scope="module", params=["Standard", "SM"])
def standalone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Standalone]:
    body = chains.resource(fiscoBcos={"cryptography": request.param})
    with running(tmp_path_factory.mktemp("standalone"), body) as found:
        yield found


async def test_four_nodes_start_from_their_directories_and_agree(standalone: Standalone) -> None:
    view = await standalone.settled(height=0)
    assert view.foreign_block0 == ()
    assert {node.node: node.node_id for node in view.nodes} == {
        node.names.node: told["nodeId"]
        for node, told in zip(standalone.plan.nodes, standalone.summary["nodes"], strict=True)
    }


async def test_one_transaction_makes_a_block_that_all_have(standalone: Standalone) -> None:
    await standalone.settled(height=0)
    await standalone.send_transaction()
    view = await standalone.settled(height=1)
    assert view.splits == ()


@pytest.fixture
def without_tls(tmp_path: Path) -> Iterator[Standalone]:
    body = chains.resource(fiscoBcos={"rpc": {"tls": False}, "web3Rpc": {"enabled": True}})
    with running(tmp_path, body) as found:
        yield found


@pytest.mark.campaign
async def test_ports_without_tls_are_there_where_they_are_asked_for(
    without_tls: Standalone,
) -> None:
    await without_tls.settled(height=0)
    await without_tls.send_transaction()
    await without_tls.settled(height=1)
    endpoints = [node["web3"] for node in without_tls.summary["nodes"]]
    assert len(set(endpoints)) == 4
    for endpoint in endpoints:
        assert await asyncio.to_thread(ask, endpoint, "eth_blockNumber") == "0x1"
        assert await asyncio.to_thread(ask, endpoint, "eth_chainId") == hex(20200)


def ask(endpoint: str, method: str) -> object:
    connection = http.client.HTTPConnection(endpoint, timeout=20)
    request = {"jsonrpc": "2.0", "method": method, "params": [], "id": 1}
    connection.request("POST", "/", json.dumps(request))
    result: object = json.loads(connection.getresponse().read())["result"]
    connection.close()
    return result


def test_a_directory_with_a_ledger_in_it_is_never_replaced(standalone: Standalone) -> None:
    before = sorted(standalone.directory.rglob("*"))
    chain, out = standalone.directory.parent / "chain.yaml", standalone.directory
    done = CliRunner().invoke(app, ["render", "-f", str(chain), "-o", str(out)])
    assert done.exit_code == 1
    assert "was made by no render" in done.stderr
    assert set(before) <= set(standalone.directory.rglob("*"))
