"""The text of block 0 and the genesis hash, against a real node's block 0."""

from __future__ import annotations

import pytest

from consortium_sandbox.node.block import Block
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.genesis import Genesis, read_genesis
from consortium_sandbox.node.ini import parse
from consortium_sandbox.node.keys import STANDARD
from consortium_sandbox.node.ledger import genesis_header
from consortium_sandbox.node.releases import release
from consortium_sandbox.node.rpc import shapes
from tests import observed

IDS = [sealer["nodeID"] for sealer in observed.result("getSealerList")]
RELEASE = release("3.16.4")
ADMIN = "0xcd88eaa7157d06f7daad3a3b49107e58a5d9b3e7"


def text_of(*lines: str, nodes: list[str] | None = None, version: str = "3.16.0") -> str:
    listed = nodes if nodes is not None else [f"{node_id}: 1" for node_id in IDS]
    return "\n".join(
        [
            "[chain]",
            "sm_crypto=false",
            "group_id=group0",
            "chain_id=chain0",
            "[web3]",
            "chain_id=20200",
            "[consensus]",
            "consensus_type=pbft",
            "block_tx_count_limit=1000",
            "leader_period=1",
            *(f"node.{i}={line}" for i, line in enumerate(listed)),
            "[version]",
            f"compatibility_version={version}",
            "[tx]",
            "gas_limit=3000000000",
            "[executor]",
            "is_wasm=false",
            "is_auth_check=false",
            f"auth_admin_account={ADMIN}",
            "is_serial_execute=true",
            "version=1",
            *lines,
        ]
    )


def genesis(text: str, config: str = "[p2p]\nx=1\n") -> Genesis:
    return read_genesis(
        parse(text.encode(), "config.genesis"), parse(config.encode(), "config.ini"), RELEASE
    )


def test_block_0_of_a_real_node_is_rebuilt_byte_for_byte() -> None:
    block = observed.result("getBlockByNumber_0")
    ours = genesis(text_of()).block_zero_text()
    assert "0x" + ours.encode().hex() == block["extraData"]


def test_the_hash_of_block_0s_header_is_the_real_one() -> None:
    block = observed.result("getBlockByNumber_0")
    header = genesis_header(genesis(text_of()))
    assert "0x" + header.hash(STANDARD).hex() == block["hash"]
    assert header.version == block["version"]


def test_block_0_is_shown_as_the_real_node_shows_it() -> None:
    header = genesis_header(genesis(text_of()))
    shown = shapes.header(Block(header), header.hash(STANDARD)) | {"transactions": []}
    assert shown == observed.result("getBlockByNumber_0")


def test_the_order_of_nodes_and_the_case_of_ids_make_no_difference() -> None:
    shuffled = [f"{node_id.upper()}:1" for node_id in reversed(IDS)]
    assert genesis(text_of(nodes=shuffled)) == genesis(text_of())


def test_weights_and_term_weights_are_read_and_only_the_weight_is_in_block_0() -> None:
    read = genesis(text_of(nodes=[f"{IDS[0]}: 3 : 2"]))
    assert (read.sealers[0].weight, read.sealers[0].term_weight) == (3, 2)
    assert read.block_zero_text().endswith(f"node.0:{IDS[0]},3\n")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("chain_id=20200", "chain_id=", "The web3ChainId must be number string"),
        (f"{IDS[0]}: 1", f"{IDS[0]}: {2**63}", "bad lexical cast"),
    ],
)
def test_numbers_that_are_none_stop_the_node(old: str, new: str, what: str) -> None:
    with pytest.raises(StartFailed, match=what):
        changed(old, new)


def test_features_stand_in_file_order_before_the_nodes() -> None:
    read = genesis(text_of("[features]", "feature_balance=true", "bugfix_revert=false"))
    assert "[features]\nfeature_balance:1\nbugfix_revert:0\nnode.0:" in read.block_zero_text()


def test_leader_period_is_always_1_in_block_0() -> None:
    changed = text_of().replace("leader_period=1", "leader_period=9")
    assert genesis(changed).block_zero_text() == genesis(text_of()).block_zero_text()


def test_a_chain_before_3_5_has_no_epochs_in_block_0() -> None:
    assert "epoch" not in genesis(text_of(version="3.4.0")).block_zero_text()


def test_a_chain_before_3_1_takes_its_identity_from_config_ini() -> None:
    read = genesis(text_of(version="3.0.0"), "[chain]\nchain_id=old\ngroup_id=g\n")
    assert (read.chain.chain_id, read.chain.group_id) == ("old", "g")
    assert read.block_zero_text().startswith(f"1000-1-3000000000-3.0.0-0-0-{ADMIN}-1{IDS[0]},1;")


def changed(old: str, new: str) -> Genesis:
    return genesis(text_of().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("chain_id=chain0", "chain_id=chain1"),
        ("group_id=group0", "group_id=group1"),
        (ADMIN, ADMIN.replace("cd", "CD")),
        ("is_auth_check=false", "is_auth_check=true"),
        ("compatibility_version=3.16.0", "compatibility_version=3.16.4"),
    ],
)
def test_the_genesis_hash_changes_with_five_values(old: str, new: str) -> None:
    ours, other = (
        g.genesis_hash(b"", executed_again=False) for g in (genesis(text_of()), changed(old, new))
    )
    assert ours != other


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gas_limit=3000000000", "gas_limit=3000000001"),
        ("block_tx_count_limit=1000", "block_tx_count_limit=999"),
        (f"{IDS[0]}: 1", f"{IDS[0]}: 2"),
        ("chain_id=20200", "chain_id=1"),
    ],
)
def test_and_with_nothing_else(old: str, new: str) -> None:
    """Section 12: the genesis hash is no fingerprint of the genesis."""
    ours, other = (
        g.genesis_hash(b"", executed_again=False) for g in (genesis(text_of()), changed(old, new))
    )
    assert ours == other


def test_executing_block_0_again_gives_one_other_hash() -> None:
    read = genesis(text_of())
    assert read.genesis_hash(b"", executed_again=True) != read.genesis_hash(
        b"", executed_again=False
    )


def test_with_executor_version_0_the_genesis_hash_is_the_headers() -> None:
    read = changed("version=1", "version=0")
    for again in (True, False):
        assert read.genesis_hash(b"header", executed_again=again) == b"header"
