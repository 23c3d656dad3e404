"""config.genesis: one text for all nodes, made once from the founding members."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.api.chain import Role
from consortium_operator.chain.genesis import Seal
from consortium_operator.engines.fisco_bcos import ini
from consortium_operator.engines.fisco_bcos.genesis import Genesis
from consortium_operator.engines.fisco_bcos.genesis_keys import GENESIS_KEYS
from consortium_operator.engines.fisco_bcos.version_number import Version
from consortium_operator.engines.protocol import InvalidMaterial
from tests import chains
from tests.unit.engines.fisco_bcos import rendered


def test_keys_whose_default_in_the_node_differs_from_build_chains_are_always_written() -> None:
    """Trap 28: is_serial_execute false, executor.version 0, compatibility_version 3.0.0-rc4."""
    ours = rendered.genesis_of(rendered.plan())
    for section, key in GENESIS_KEYS:
        written = key.build_chain_at(Version(3, 16, 4))
        if written is not None and written != key.code:
            assert key.name in ours[section.name], key.name


def test_booleans_are_in_lower_case() -> None:
    """Trap 11: a node reads "True" as its default without a word."""
    for authority in (True, False):
        executor = rendered.genesis_of(rendered.plan(executor={"authCheck": authority}))["executor"]
        assert executor["is_auth_check"] == str(authority).lower()
        assert executor["is_wasm"] == "false"
        assert executor["is_serial_execute"] == "true"


def test_every_value_is_one_that_the_node_reads_as_meant() -> None:
    ours = rendered.genesis_of(rendered.plan())
    for section, keys in ours.items():
        for name, value in keys.items():
            key = GENESIS_KEYS.key(section, name)
            assert key is not None
            assert key.kind.complaint(value) is None, (section, name)


def test_nodes_stand_in_the_order_of_their_ids_also_where_there_are_more_than_ten() -> None:
    """Trap 25: the node sorts them so; its order decides who is node.0."""
    plan = rendered.plan(chains.member("webank", chains.node("shenzhen", count=12)))
    consensus = rendered.genesis_of(plan)["consensus"]
    nodes = {key: value for key, value in consensus.items() if key.startswith("node.")}
    assert list(nodes) == [f"node.{i}" for i in range(12)]
    assert list(nodes.values()) == [f"{i}: 1" for i in sorted(map(rendered.node_id, plan.nodes))]


def test_weights_are_in_the_genesis_and_in_the_founders_table() -> None:
    plan = rendered.plan(
        chains.member("huawei", chains.node("archive", weight=3)), chains.member("webank")
    )
    sealed = rendered.seal(plan)
    assert f"{rendered.node_id(plan.nodes[0])}: 3" in ini.parse(sealed.text)["consensus"].values()
    assert [(f.member, f.node, f.weight) for f in sealed.founders] == [
        ("huawei", "archive-0", 3),
        ("webank", "node-0", 1),
    ]


def test_founding_observers_are_not_in_the_genesis() -> None:
    plan = rendered.plan()
    observer = plan.nodes[0]
    mixed = replace(plan, nodes=(replace(observer, role=Role.OBSERVER), *plan.nodes[1:]))
    sealed = rendered.ENGINE.seal(mixed, rendered.node_ids(mixed), rendered.ADMIN)
    assert rendered.node_id(observer) not in sealed.text
    assert sealed.founder(observer.member, observer.name) is None
    assert len(sealed.founders) == 3


@given(st.permutations(["huawei", "ping-an", "tencent", "webank"]), st.booleans())
def test_the_order_of_members_and_nodes_in_the_resource_never_matters(
    order: list[str], swapped: bool
) -> None:
    entries = [chains.node("beijing", weight=2), chains.node("shenzhen", count=2)]
    members = [chains.member(name, *entries[:: -1 if swapped else 1]) for name in order]
    expected = [chains.member(name, *entries) for name in sorted(order)]
    assert rendered.seal(rendered.plan(*members)) == rendered.seal(rendered.plan(*expected))


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert rendered.seal(rendered.plan()).sha256 == rendered.seal(rendered.plan()).sha256


def test_the_spec_decides_every_founding_value() -> None:
    plan = rendered.plan(
        groupId="group7",
        consensus={"blockTxCountLimit": 500},
        genesis={
            "compatibilityVersion": "3.15.2",
            "gasLimit": 300000001,
            "blockLimit": 600,
            "web3ChainId": "77",
        },
        executor={"authCheck": False, "authAdminAccount": "0x" + "Cd" * 20, "version": 0},
    )
    genesis = Genesis.read(rendered.seal(plan).text)
    assert (genesis.group_id, genesis.block_tx_count_limit) == ("group7", 500)
    assert (genesis.gas_limit, genesis.block_limit) == (300000001, 600)
    assert (genesis.web3_chain_id, genesis.executor_version) == ("77", 0)
    assert genesis.compatibility_version == Version(3, 15, 2)
    assert (genesis.is_auth_check, genesis.auth_admin_account) == (False, "0x" + "Cd" * 20)


def test_the_admin_account_is_kept_as_it_is_written() -> None:
    """Trap 10: block 0 holds it verbatim, so its case matters."""
    assert rendered.genesis_of(rendered.plan())["executor"]["auth_admin_account"] == rendered.ADMIN


@pytest.mark.parametrize("auth_check", [True, False])
@pytest.mark.parametrize("admin", ["", "0x12", "ab" * 20, "0x" + "g" * 40, "0x" + "a" * 40 + "\n"])
def test_there_is_no_genesis_without_an_admin_account(auth_check: bool, admin: str) -> None:
    """Trap 2: a node refuses an empty one also with auth off."""
    plan = rendered.plan(executor={"authCheck": auth_check})
    with pytest.raises(InvalidMaterial, match="first governor"):
        rendered.ENGINE.seal(plan, rendered.node_ids(plan), admin)


def test_there_is_no_genesis_before_all_founders_are_known() -> None:
    """Trap 27: one made from a partial list is another chain."""
    plan = rendered.plan()
    some = rendered.node_ids(plan)
    del some["tencent/node-0"]
    with pytest.raises(InvalidMaterial, match="tencent/node-0 has no node id"):
        rendered.ENGINE.seal(plan, some, rendered.ADMIN)


def test_two_nodes_with_one_id_are_refused() -> None:
    """Trap 15: the node accepts them and its quorum then counts ghosts."""
    plan = rendered.plan()
    ids = rendered.node_ids(plan)
    ids["webank/node-0"] = ids["huawei/node-0"]
    with pytest.raises(InvalidMaterial, match="huawei/node-0 and webank/node-0 have one node id"):
        rendered.ENGINE.seal(plan, ids, rendered.ADMIN)


@pytest.mark.parametrize(
    "node_id", ["a" * 512, "a" * 127, "A" * 128, "0x" + "a" * 126, "", "g" * 128]
)
def test_an_id_that_is_no_node_id_is_refused(node_id: str) -> None:
    """Traps 15 and 16: 512 digits are a TLS id; the node checks neither length nor alphabet."""
    plan = rendered.plan()
    ids = rendered.node_ids(plan) | {"webank/node-0": node_id}
    with pytest.raises(InvalidMaterial, match="webank/node-0 has no node id"):
        rendered.ENGINE.seal(plan, ids, rendered.ADMIN)


def test_features_stand_in_one_fixed_order_whatever_the_version_and_the_resource() -> None:
    wanted = ["feature_balance_precompiled", "bugfix_revert", "feature_balance"]
    for version in ("3.7.3", "3.16.4"):
        for listed in (wanted, wanted[::-1]):
            plan = rendered.plan(version=version, genesis={"features": listed})
            assert rendered.genesis_of(plan)["features"] == {
                "bugfix_revert": "true",
                "feature_balance": "true",
                "feature_balance_precompiled": "true",
            }
            assert list(rendered.genesis_of(plan)["features"]) == sorted(wanted)


def test_an_rpbft_chain_has_its_epochs_and_a_wasm_chain_its_flags() -> None:
    plan = rendered.plan(
        consensus={"type": "RPBFT", "epochSealerNum": 7, "epochBlockNum": 50},
        executor={"wasm": True, "authCheck": False},
    )
    genesis = rendered.genesis_of(plan)
    consensus = genesis["consensus"]
    assert consensus["consensus_type"] == "rpbft"
    assert (consensus["epoch_sealer_num"], consensus["epoch_block_num"]) == ("7", "50")
    assert genesis["executor"]["is_wasm"] == "true"
    assert (
        rendered.genesis_of(rendered.plan(executor={"serial": False}))["executor"][
            "is_serial_execute"
        ]
        == "false"
    )


def test_the_sealed_settings_resolve_what_the_version_decides() -> None:
    assert rendered.seal(rendered.plan()).settings == {
        "version": "3.16.4",
        "compatibilityVersion": "3.16.4",
        "executorVersion": "1",
        "web3ChainId": "20200",
        "keyPageSize": "0",
        "separateBlockState": "false",
        "storageType": "RocksDB",
        "dataPath": "data",
    }
    chosen = rendered.plan(ledger={"keyPageSize": 10240}, executor={"version": 0})
    settings = rendered.seal(chosen).settings
    assert (settings["keyPageSize"], settings["executorVersion"]) == ("10240", "0")


def test_a_seal_survives_its_config_map() -> None:
    sealed = rendered.seal(rendered.plan())
    assert Seal.from_data(sealed.to_data()) == sealed


@pytest.mark.parametrize(
    ("version", "page_size", "executor"),
    [("3.6.0", "10240", "0"), ("3.15.2", "10240", "0"), ("3.15.3", "0", "1")],
)
def test_a_chain_that_leaves_them_open_is_sealed_with_what_its_version_writes(
    version: str, page_size: str, executor: str
) -> None:
    settings = rendered.seal(rendered.plan(version=version)).settings
    assert (settings["keyPageSize"], settings["executorVersion"]) == (page_size, executor)
    assert settings["compatibilityVersion"] == version


def test_sealed_settings_stay_when_the_version_changes() -> None:
    """build_chain.sh changed the page size in a patch release; a ledger must keep its own."""
    sealed = rendered.seal(rendered.plan(version="3.15.2"))
    newer = rendered.plan(version="3.16.4")
    assert rendered.problems() == {}
    assert rendered.config_of(newer, sealed)["storage"]["key_page_size"] == "10240"
    assert ini.parse(sealed.text)["executor"]["version"] == "0"
    assert rendered.ENGINE.check_seal(newer, sealed) == ()


def test_an_older_tag_gets_no_key_that_it_does_not_know() -> None:
    plan = rendered.plan(version="3.8.0")
    genesis, config = rendered.genesis_of(plan), rendered.config_of(plan)
    assert "web3" not in genesis
    assert "version" not in genesis["executor"]
    assert "web3_rpc" not in config
    assert "enable_ssl" not in config["rpc"]
    assert config["rpc"]["disable_ssl"] == "false"
    assert "enable_separate_block_state" not in config["storage"]
