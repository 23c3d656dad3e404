"""A second opinion on what we render: the stand-in node reads it as the node of that version does.

The stand-in shares no code with the engine, so a fact that one of them has wrong shows here.
"""

from dataclasses import replace

import pytest

from consortium_operator.chain.plan import Plan
from consortium_operator.engines.fisco_bcos.versions import VERSIONS
from consortium_sandbox.node import versions as numbers
from consortium_sandbox.node.genesis import Genesis, read_genesis
from consortium_sandbox.node.ini import Tree, parse
from consortium_sandbox.node.releases import TAGS, release
from consortium_sandbox.node.settings import log_settings, node_settings, p2p_settings
from tests.unit.engines.fisco_bcos import rendered
from tests.unit.engines.fisco_bcos.node_facts import SM
from tests.unit.engines.fisco_bcos.test_matrix import Case, cases


def test_both_know_the_same_releases_versions_and_flags() -> None:
    assert tuple(VERSIONS) == tuple(TAGS)
    for tag, row in VERSIONS.items():
        assert set(release(tag).flags) == set(row.features), tag
        assert release(tag).max_version == numbers.to_number(str(row.max_compatibility)), tag


def config_tree(plan: Plan, tls_ids: tuple[str, ...] = ()) -> Tree:
    """config.ini of the first node, as the plan's version reads it."""
    material = replace(rendered.material(plan.nodes[0]), chain_tls_ids=tls_ids)
    engine = rendered.ENGINE.for_chain(plan)
    files = engine.node_files(plan, rendered.seal(plan), material)
    text = next(file.content for file in files if file.path == "config/config.ini")
    assert text is not None
    return release(plan.spec.version).as_read(parse(text.encode(), "config.ini"))


def genesis_of(plan: Plan) -> Genesis:
    text = rendered.seal(plan).text
    tree = parse(text.encode(), "config.genesis")
    return read_genesis(tree, config_tree(plan), release(plan.spec.version))


@cases
def test_block_0_has_the_same_text(case: Case) -> None:
    plan = case.plan()
    ours = rendered.ENGINE.block0_text(rendered.seal(plan))
    assert genesis_of(plan).block_zero_text() == ours


@cases
def test_the_genesis_is_read_as_it_was_meant(case: Case) -> None:
    plan = case.plan()
    genesis = genesis_of(plan)
    assert (genesis.chain.sm_crypto, genesis.chain.block_limit) == (case.world == SM, 600)
    assert genesis.consensus_type == case.consensus.lower()
    assert genesis.compatibility_text == str(VERSIONS[case.version].max_compatibility)
    flags = genesis.executor
    assert (flags.auth_check, flags.serial, flags.admin) == (case.auth, True, rendered.ADMIN)
    assert str(flags.version) == rendered.seal(plan).settings["executorVersion"]
    assert {s.node_id: s.weight for s in genesis.sealers} == {
        rendered.node_id(node): node.weight for node in plan.sealers
    }


@cases
def test_the_settings_are_read_as_they_were_meant(case: Case) -> None:
    plan = case.plan()
    config = config_tree(plan)
    p2p, settings = p2p_settings(config), node_settings(config, "group7")
    assert (p2p.listen_port, p2p.sm_tls, p2p.verify) == (30300, case.world == SM, True)
    assert p2p.nodes_file == "/etc/fisco-bcos/peers/nodes.json"
    assert (p2p.deny, p2p.allow) == (frozenset(), None)
    assert (settings.rpc.listen_port, settings.rpc.tls, settings.rpc.sm_tls) == (21000, True, False)
    assert settings.web3.enabled is False
    assert settings.pool.limit == 20000
    assert log_settings(config).level == "info"


@pytest.mark.parametrize("tag", ["3.6.0", "3.11.0", "3.12.0", "3.16.4"])
@pytest.mark.parametrize("tls", [True, False])
def test_the_switches_of_rpc_tls_mean_the_same_to_every_version(tag: str, tls: bool) -> None:
    plan = rendered.plan(version=tag)
    rpc = plan.spec.fisco_bcos.rpc.model_copy(update={"tls": tls})
    found = node_settings(config_tree(rendered.unchecked(plan, rpc=rpc)), "group0")
    assert found.rpc.tls is tls


def test_listed_peers_are_obeyed() -> None:
    plan = rendered.plan(peers={"mode": "Listed", "allow": ["1" * 512], "deny": ["2" * 512]})
    p2p = p2p_settings(config_tree(plan, tls_ids=("a" * 512,)))
    assert p2p.allow == frozenset(("1" * 512, "A" * 512))
    assert p2p.deny == frozenset(("2" * 512,))


def test_limits_that_the_operator_takes_start_the_node() -> None:
    limits = {
        "enable": "true",
        "time_window_sec": "3",
        "modules_without_bw_limit": "raft,pbft,cons_txs_sync",
        "total_outgoing_bw_limit": "10",
        "conn_outgoing_bw_limit": "2.5",
        "conn_outgoing_bw_limit_10.0.0.1": "3",
        "group_outgoing_bw_limit_group0": "0.5",
        "incoming_p2p_basic_msg_type_list": "1,2",
        "incoming_module_qps_limit_65534": "1",
    }
    plan = rendered.plan(config={"flow_control": limits})
    assert rendered.problems(config={"flow_control": limits}) == {}
    assert p2p_settings(config_tree(plan)).listen_port == 30300
