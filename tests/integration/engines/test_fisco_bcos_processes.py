"""The engine's keys, certificates, files and client against running node processes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from consortium_operator.chain.quiet import QuietLook, Settled, heights_to_compare
from consortium_operator.engines.fisco_bcos.node.client import FiscoBcosClient
from consortium_operator.engines.fisco_bcos.suites.table import SUITES
from consortium_operator.engines.protocol import ChainCallFailed
from tests.integration.engines.fisco_bcos_chain import LocalChain


@pytest.fixture(scope="module", params=["Standard", pytest.param("SM", marks=pytest.mark.campaign)])
def chain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalChain]:
    found = LocalChain(tmp_path_factory.mktemp("chain"), cryptography=request.param)
    try:
        found.start()
        yield found
    finally:
        found.stop()


async def test_four_members_nodes_connect_and_agree(chain: LocalChain) -> None:
    view = await chain.settled()
    assert [node.problem for node in view.nodes] == [None] * 4
    assert view.foreign_block0 == ()
    assert view.splits == ()
    assert view.live == frozenset(chain.weights)
    assert view.weights == chain.weights
    assert view.has_quorum()
    assert {node.version for node in view.nodes} == {"3.16.4"}
    assert {node.node: node.node_id for node in view.nodes} == {
        node.names.node: founder.node_id
        for node in chain.nodes
        if (founder := chain.seal.founder(node.member, node.name))
    }


async def test_a_probe_through_any_node_makes_a_block_that_all_have(chain: LocalChain) -> None:
    for node in chain.nodes:
        before = (await chain.settled()).height
        await chain.client.probe(
            chain.endpoint(node), chain.identity(node.member), chain.account, chain.plan
        )
        after = await chain.settled(height=before + 1)
        assert after.height == before + 1
        assert after.splits == ()


async def test_a_quiet_look_finds_a_chain_that_is_well_as_it_was(chain: LocalChain) -> None:
    first = chain.nodes[0]
    where = (chain.endpoint(first), chain.identity(first.member))
    await chain.client.probe(*where, chain.account, chain.plan)
    settled = Settled.by(await chain.settled(height=1))
    witnesses = settled.witnesses(0)
    few, all_ = [], []
    for node in chain.nodes:
        if node.names.node not in witnesses:
            few.append(await chain.client.glance(chain.endpoint(node), chain.identity(node.member)))
    heights = heights_to_compare(few)
    for node in chain.nodes:
        if node.names.node in witnesses:
            of = (chain.endpoint(node), chain.identity(node.member))
            all_.append(await chain.client.view(*of, heights))
    nodes = (*all_, *map(settled.now, few))
    text = next(iter(settled.nodes.values())).block0_text
    look = QuietLook(nodes, text, chain.weights, witnesses)
    assert (len(few), len(all_)) == (2, 2)
    assert settled.why_look_closer(look) is None


async def test_a_members_client_opens_no_other_members_node(chain: LocalChain) -> None:
    await chain.settled()
    for node in chain.nodes:
        for other in chain.nodes:
            view = await chain.client.view(chain.endpoint(node), chain.identity(other.member))
            assert view.answers == (node is other), view.problem
            if view.problem is not None:
                assert "client certificate" in view.problem


async def test_a_node_in_anothers_place_is_not_believed(chain: LocalChain) -> None:
    first, second = chain.nodes[:2]
    expected = chain.endpoint(second).tls_fingerprint
    swapped = replace(chain.endpoint(first), tls_fingerprint=expected)
    view = await chain.client.view(swapped, chain.identity(first.member))
    assert view.problem == "shows another TLS key than the one on record"


async def test_a_hung_node_is_noticed_and_comes_back(chain: LocalChain) -> None:
    await chain.settled()
    with chain.hung(chain.nodes[0]):
        view = await chain.view()
        assert not view.nodes[0].answers
        assert len(view.live) == 3
        assert view.has_quorum()
    assert len((await chain.settled()).live) == 4


async def test_the_chain_refuses_a_transaction_of_another_chain(chain: LocalChain) -> None:
    await chain.settled()
    suite = SUITES[chain.plan.spec.fisco_bcos.cryptography]
    stranger = FiscoBcosClient("chain9", "group0", suite=suite)
    node = chain.nodes[0]
    with pytest.raises(ChainCallFailed, match="answers sendTransaction with an error: "):
        await stranger.probe(
            chain.endpoint(node), chain.identity(node.member), chain.account, chain.plan
        )
