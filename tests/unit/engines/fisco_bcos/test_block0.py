"""The text of block 0, held against what a real node answers."""

import re

import pytest

from consortium_operator.chain.genesis import Founder, Seal, TamperedGenesis
from consortium_operator.engines.fisco_bcos import ini
from tests import observed
from tests.unit.engines.fisco_bcos import rendered


def observed_text() -> str:
    block = observed.result("getBlockByNumber_0")
    return bytes.fromhex(block["extraData"].removeprefix("0x")).decode()


def test_our_text_is_what_a_real_node_stored_byte_for_byte() -> None:
    observed = observed_text()
    ids = re.findall(r"node\.\d+:([0-9a-f]{128})", observed)
    account = re.search(r"authAdminAccount:(0x[0-9a-f]{40})", observed)
    assert account is not None
    plan = rendered.plan(
        genesis={"compatibilityVersion": "3.16.0"},
        executor={"authCheck": False, "authAdminAccount": account[1]},
    )
    # Given in another order than block 0's: it is the node that sorts them.
    paths = [node.path for node in reversed(plan.sealers)]

    sealed = rendered.ENGINE.seal(plan, dict(zip(paths, ids, strict=True)), "")

    assert rendered.ENGINE.block0_text(sealed) == observed


def test_a_sealed_text_of_build_chain_gives_the_text_of_its_node() -> None:
    """Comments, blanks, another order of keys and absent keys change nothing."""
    observed = observed_text()
    ids = re.findall(r"node\.\d+:([0-9a-f]{128})", observed)
    nodes = "\n".join(f"node.{9 - i}={node_id}: 1" for i, node_id in enumerate(ids))
    text = f"""
[version]
    ; compatible version
    compatibility_version=3.16
[executor]
  auth_admin_account=0xcd88eaa7157d06f7daad3a3b49107e58a5d9b3e7
  is_serial_execute=true
[chain]
    group_id = group0
    chain_id = chain0
[consensus]
{nodes}
"""
    assert rendered.ENGINE.block0_text(Seal(text, (), {})) == observed


def test_a_pbft_chain_keeps_the_nodes_default_epochs_whatever_the_file_says() -> None:
    plan = rendered.plan(consensus={"epochSealerNum": 7, "epochBlockNum": 50})
    assert rendered.genesis_of(plan)["consensus"]["epoch_sealer_num"] == "7"
    assert "epochSealerNum:4\nepochBlockNum:1000\n" in rendered.ENGINE.block0_text(
        rendered.seal(plan)
    )


def with_values(text: str, **values: str) -> str:
    """`text` with keys (section__key) set to other values."""
    sections = ini.parse(text)
    for name, value in values.items():
        section, _, key = name.partition("__")
        sections.setdefault(section, {})[key] = value
    return ini.write("config.genesis.j2", sections)


def test_an_rpbft_chain_keeps_its_own_epochs() -> None:
    text = with_values(
        rendered.seal(rendered.plan()).text,
        consensus__consensus_type="rpbft",
        consensus__epoch_sealer_num="7",
        consensus__epoch_block_num="50",
    )
    block0 = rendered.ENGINE.block0_text(Seal(text, (), {}))
    assert "consensus_type: rpbft\n" in block0
    assert "epochSealerNum:7\nepochBlockNum:50\n" in block0


def test_epochs_are_no_part_of_block_0_before_3_5() -> None:
    text = with_values(rendered.seal(rendered.plan()).text, version__compatibility_version="3.4.0")
    assert "epoch" not in rendered.ENGINE.block0_text(Seal(text, (), {}))


def test_features_stand_between_the_executor_and_the_nodes_in_the_order_of_the_file() -> None:
    text = with_values(
        rendered.seal(rendered.plan()).text,
        features__feature_balance="true",
        features__bugfix_revert="false",
    )
    block0 = rendered.ENGINE.block0_text(Seal(text, (), {}))
    assert "epochBlockNum:1000\n[features]\nfeature_balance:1\nbugfix_revert:0\nnode.0:" in block0


@pytest.mark.parametrize(
    "changed",
    [
        {"chain__chain_id": "other"},
        {"chain__group_id": "other"},
        {"chain__sm_crypto": "true"},
        {"consensus__block_tx_count_limit": "2000"},
        {"version__compatibility_version": "3.15.0"},
        {"tx__gas_limit": "300001"},
        {"executor__is_wasm": "true"},
        {"executor__is_auth_check": "false"},
        {"executor__auth_admin_account": "0x" + "b" * 40},
        {"executor__is_serial_execute": "false"},
        {"consensus__node.0": "f" * 128 + ": 1"},
    ],
)
def test_every_field_that_a_node_compares_changes_the_text(changed: dict[str, str]) -> None:
    sealed = rendered.seal(rendered.plan())
    other = Seal(with_values(sealed.text, **changed), (), {})
    assert rendered.ENGINE.block0_text(other) != rendered.ENGINE.block0_text(sealed)


@pytest.mark.parametrize(
    "changed",
    [
        {"web3__chain_id": "1"},
        {"executor__version": "0"},
        {"chain__block_limit": "600"},
        {"consensus__leader_period": "3"},
    ],
)
def test_what_block_0_leaves_out_still_changes_the_seals_fingerprint(
    changed: dict[str, str],
) -> None:
    sealed = rendered.seal(rendered.plan())
    other = Seal(with_values(sealed.text, **changed), sealed.founders, sealed.settings)
    assert rendered.ENGINE.block0_text(other) == rendered.ENGINE.block0_text(sealed)
    assert other.sha256 != sealed.sha256


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[chain]\nchain_id=a-b\n",
        "[chain]\n[chain]\n",
        "[consensus]\nnode.0=abc:1\n",
        "[version]\ncompatibility_version=v3.16.4\n",
        "[executor]\nis_auth_check=True\n",
        "no key",
    ],
)
def test_a_text_that_we_cannot_have_sealed_is_reported_as_tampered(text: str) -> None:
    with pytest.raises(TamperedGenesis):
        rendered.ENGINE.block0_text(Seal(text, (Founder("a", "b-0", "0" * 128, 1),), {}))


def test_a_genesis_older_than_3_1_is_refused() -> None:
    text = with_values(rendered.seal(rendered.plan()).text, version__compatibility_version="3.0.0")
    with pytest.raises(TamperedGenesis, match=r"3\.0\.0 is below 3\.1\.0"):
        rendered.ENGINE.block0_text(Seal(text, (), {}))
