"""The transaction by which the operator proves that a chain makes blocks."""

from dataclasses import replace
from pathlib import Path

import pytest

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos import identity
from consortium_operator.engines.fisco_bcos.node.client import FiscoBcosClient, connect
from consortium_operator.engines.fisco_bcos.node.rpc import Limits
from consortium_operator.engines.fisco_bcos.suites.table import STANDARD
from consortium_operator.engines.fisco_bcos.transaction import SignedTransaction
from consortium_operator.engines.protocol import ChainCallFailed, ChainClient, NodeEndpoint
from tests import chains, observed
from tests.unit.engines.fisco_bcos.material import secp256k1
from tests.unit.engines.fisco_bcos.node.scripted_node import (
    HEALTHY,
    NODE,
    PATIENT,
    Deed,
    ScriptedNode,
    client,
    pinned,
    result,
    running,
)

ACCOUNT = PrivateFiles({"account.pem": secp256k1(11)})


def asking(limits: Limits = PATIENT) -> FiscoBcosClient:
    return FiscoBcosClient("chain0", "group0", limits, nonce=lambda: "42")


async def probe(node: ScriptedNode, limits: Limits = PATIENT, block_limit: int = 1000) -> None:
    plan = chains.plan(fiscoBcos={"genesis": {"blockLimit": block_limit}})
    await asking(limits).probe(node.endpoint, client(), ACCOUNT, plan)


async def test_a_probe_deploys_one_byte_and_waits_for_its_block(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        await probe(node)
    (group, empty, raw, proof) = dict(node.asked)["sendTransaction"]
    assert (group, empty, proof) == ("group0", "", False)
    sent = SignedTransaction.decode(bytes.fromhex(raw.removeprefix("0x")))
    assert sent.sender(STANDARD) == identity.account_register(STANDARD, ACCOUNT).address
    assert sent.transaction.input.hex() == "6001600c60003960016000f300"
    assert sent.transaction.to == ""
    assert sent.transaction.nonce == "42"
    assert sent.transaction.block_limit == 1 + 500
    assert (sent.transaction.chain_id, sent.transaction.group_id) == ("chain0", "group0")
    assert [method for method, _ in node.asked] == [
        "getBlockNumber",
        "sendTransaction",
        "getBlockNumber",
    ]


async def test_a_probe_reaches_no_further_than_the_chain_allows(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        await probe(node, block_limit=20)
    raw = dict(node.asked)["sendTransaction"][2]
    assert SignedTransaction.decode(bytes.fromhex(raw[2:])).transaction.block_limit == 1 + 20


async def test_nonces_are_decimal_and_never_the_same(tmp_path: Path) -> None:
    client_of_chain = FiscoBcosClient("chain0", "group0", PATIENT)
    async with running(tmp_path) as node:
        for _ in range(2):
            await client_of_chain.probe(node.endpoint, client(), ACCOUNT, chains.plan())
    nonces = {
        SignedTransaction.decode(bytes.fromhex(params[2][2:])).transaction.nonce
        for method, params in node.asked
        if method == "sendTransaction"
    }
    assert len(nonces) == 2
    assert all(nonce.isdecimal() for nonce in nonces)


async def test_the_receipt_that_an_observer_makes_up_proves_nothing(tmp_path: Path) -> None:
    script = {**HEALTHY, "sendTransaction": observed.raw("sendTransaction_via_observer")}
    async with running(tmp_path, script) as node:
        with pytest.raises(ChainCallFailed, match=f"{NODE} .* without a block"):
            await probe(node)


async def test_a_transaction_that_hangs_without_a_quorum_fails_in_time(tmp_path: Path) -> None:
    limits = replace(PATIENT, receipt=0.6)
    async with running(tmp_path, {**HEALTHY, "sendTransaction": Deed.HANG}) as node:
        with pytest.raises(ChainCallFailed, match=f"{NODE} does not answer sendTransaction within"):
            await probe(node, limits)


async def test_a_receipt_whose_block_never_shows_proves_nothing(tmp_path: Path) -> None:
    limits = replace(PATIENT, call=1)
    async with running(tmp_path, {**HEALTHY, "getBlockNumber": result(0)}) as node:
        with pytest.raises(ChainCallFailed, match="has no block 1, which its receipt names"):
            await probe(node, limits)


async def test_a_refused_transaction_is_told_in_the_nodes_words(tmp_path: Path) -> None:
    error = b'{"error":{"code":10001,"message":"BlockLimitCheckFail"}}'
    async with running(tmp_path, {**HEALTHY, "sendTransaction": error}) as node:
        with pytest.raises(ChainCallFailed) as caught:
            await probe(node)
    assert str(caught.value) == (
        f"{NODE} answers sendTransaction with an error: BlockLimitCheckFail"
    )


async def test_a_probe_without_an_accounts_key_fails(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        with pytest.raises(ChainCallFailed, match=r"cannot be sent a transaction: account\.pem"):
            await asking().probe(node.endpoint, client(), PrivateFiles({}), chains.plan())


async def test_a_probe_of_a_node_that_is_gone_fails(unused_tcp_port: int) -> None:
    endpoint = NodeEndpoint(NODE, "127.0.0.1", unused_tcp_port, pinned())
    with pytest.raises(ChainCallFailed, match=f"{NODE} refuses connections"):
        await asking().probe(endpoint, client(), ACCOUNT, chains.plan())


def test_a_plan_gives_a_client_of_its_chain() -> None:
    found: ChainClient = connect(chains.plan())
    assert isinstance(found, FiscoBcosClient)
