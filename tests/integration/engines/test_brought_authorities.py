"""Nodes and clients whose certificates a member's own CAs signed, as running nodes judge them."""

from collections.abc import Iterator

import pytest

from consortium_operator.chain.private import PrivateFiles
from tests.brought import Brought, ecdsa, node_pem
from tests.integration.engines.fisco_bcos_chain import LocalChain

ROOT = Brought(ecdsa(21), "Consortium root")
HUAWEI, TENCENT = (
    Brought(ecdsa(number), name, under=ROOT)
    for number, name in ((22, "Huawei nodes"), (23, "Tencent nodes"))
)
CLIENT_ROOT = Brought(ecdsa(24), "Huawei client root")
CLIENTS = Brought(ecdsa(25), "Huawei clients", under=CLIENT_ROOT)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalChain]:
    """Two members with intermediate node CAs below one root, one of them also with an intermediate
    client CA and a key of its own; the operator makes the rest."""
    brought = {
        "huawei": {
            "node_ca": HUAWEI.files(root=ROOT),
            "client_ca": CLIENTS.files(CLIENT_ROOT),
            "node_key": PrivateFiles({"node.pem": node_pem(21)}),
        },
        "tencent": {"node_ca": TENCENT.files(ROOT)},
    }
    found = LocalChain(tmp_path_factory.mktemp("chain"), brought)
    try:
        found.start()
        yield found
    finally:
        found.stop()


async def test_all_nodes_connect_and_agree(chain: LocalChain) -> None:
    view = await chain.settled()
    assert [node.problem for node in view.nodes] == [None] * 4
    assert view.live == frozenset(chain.weights)


async def test_a_client_below_an_intermediate_opens_its_own_node_and_no_other(
    chain: LocalChain,
) -> None:
    await chain.settled()
    for node in chain.nodes:
        view = await chain.client.view(chain.endpoint(node), chain.identity("huawei"))
        assert view.answers == (node.member == "huawei"), view.problem
