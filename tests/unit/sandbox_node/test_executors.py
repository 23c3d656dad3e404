"""Two executors: which one a node has, and what each looks for where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from consortium_sandbox.node import abi
from consortium_sandbox.node.executor.calls import SYSTEM_CONFIG_ADDRESS, Place
from consortium_sandbox.node.executor.run import call
from consortium_sandbox.node.executor.system_config import SET
from consortium_sandbox.node.failure import Abort
from consortium_sandbox.node.genesis import FoundingSealer, Genesis
from consortium_sandbox.node.keys import STANDARD
from consortium_sandbox.node.ledger import Ledger, open_ledger
from consortium_sandbox.node.releases import release
from consortium_sandbox.node.state import State, genesis_changes
from consortium_sandbox.node.transaction import TransactionData, decode, sign
from tests.unit.sandbox_node.test_contracts import (
    COMMITTEE,
    GOVERNOR,
    KEY,
    NEW,
    RULES,
    SET_VALUE,
    World,
)
from tests.unit.sandbox_node.test_genesis import genesis, text_of


def node(directory: Path, version: str = "3.16.0", executor: int = 1) -> Ledger:
    directory.mkdir(exist_ok=True)
    text = text_of(version=version).replace("\nversion=1", f"\nversion={executor}")
    founding = replace(genesis(text), sealers=(FoundingSealer(KEY.node_id, 1),))
    return open_ledger(founding, str(directory), str(directory), RULES.release, print)


def make_block(ledger: Ledger, nonce: int, *values: str) -> None:
    """With a setting."""
    data = abi.selector(SET, STANDARD) + abi.encode(abi.parameters(SET), values)
    made = TransactionData(
        chain_id="chain0",
        group_id="group0",
        block_limit=100,
        nonce=str(nonce),
        to=SYSTEM_CONFIG_ADDRESS,
        input=data,
    )
    ledger.commit(ledger.propose([decode(sign(made, KEY, STANDARD), STANDARD)], nonce, KEY))


@pytest.mark.parametrize("executor", [0, 1])
def test_a_chain_too_old_to_hold_an_executor_has_that_of_the_file(
    executor: int, tmp_path: Path
) -> None:
    assert node(tmp_path, "3.10.0", executor).rules.executor == executor


def test_nodes_change_together_to_executor_1_and_apart_back_to_0(tmp_path: Path) -> None:
    """A running node takes no 0 (LedgerStorage.cpp), a starting one does (Initializer.cpp)."""
    runs, restarts = (node(tmp_path / name, executor=0) for name in ("one", "other"))
    for each in (runs, restarts):
        make_block(each, 1, "executor_version", "1")
        assert each.rules.executor == 1
        make_block(each, 2, "executor_version", "0")
    assert runs.head_hash == restarts.head_hash
    restarts.close()
    restarts = node(tmp_path / "other", executor=0)
    assert (runs.rules.executor, restarts.rules.executor) == (1, 0)
    assert restarts.execute(runs.propose([], 3, KEY).block) is None


def test_a_flag_makes_executor_1_look_elsewhere_for_every_contract() -> None:
    """From the block after it on, and no proposal takes it back (EVMAccount.h)."""
    world, flag = World(auth=True), "feature_raw_address"
    assert world.call(COMMITTEE, SET_VALUE, flag, "1", 10).status == 0
    assert world.call(COMMITTEE, "_committee()").status == 0
    world.block += 1
    assert world.call(COMMITTEE, SET_VALUE, "tx_count_limit", "5", 10).status == 16
    assert world.call(0x10F01, "getCommitteeInfo()").status == 19
    # What is built in stays, and obeys nobody but the committee.
    assert world.code("addObserver(string)", NEW) == -50000


@pytest.mark.parametrize(("executor", "status"), [(1, 0), (0, 16)])
def test_a_chain_founded_with_that_flag_has_its_committee(executor: int, status: int) -> None:
    """Founded by executor 1; executor 0 looks for digits."""
    text = text_of("[features]", "feature_raw_address=true")
    state = State(genesis_changes(genesis(text), RULES.release))
    place = Place(replace(RULES, executor=executor), 1)
    data = abi.selector("_committee()", STANDARD)
    assert call(state, place, GOVERNOR, f"{COMMITTEE:040x}", data).status == status


RAW, BY_NONCE = "feature_raw_address", "feature_evm_address"


@pytest.mark.parametrize(
    ("flag", "executor", "serial", "version", "made"),
    [
        (BY_NONCE, 1, True, "3.16.0", True),
        (BY_NONCE, 0, True, "3.16.0", False),
        (BY_NONCE, 0, True, "3.15.2", True),
        (BY_NONCE, 0, False, "3.16.0", True),
        (RAW, 0, True, "3.13.0", True),
    ],
)
def test_block_0_holds_the_committee_unless_both_its_contracts_get_one_address(
    flag: str, executor: int, serial: bool, version: str, made: bool
) -> None:
    founded = of_block_0(flag, executor, version, serial=serial)
    assert ("governors" in genesis_changes(founded, RULES.release)) is made


def test_executor_0_aborts_at_a_nonce_that_it_looks_for_elsewhere() -> None:
    founded = of_block_0(RAW, 0, "3.14.0")
    assert "governors" in genesis_changes(founded, release("3.15.5"))
    with pytest.raises(Abort, match="NonceNotInitialized"):
        genesis_changes(founded, release("3.16.0"))


def of_block_0(flag: str, executor: int, version: str, *, serial: bool = True) -> Genesis:
    text = text_of("[features]", f"{flag}=true", version=version)
    text = text.replace("\nversion=1", f"\nversion={executor}")
    return genesis(
        text.replace("is_serial_execute=true", f"is_serial_execute={str(serial).lower()}")
    )


@pytest.mark.parametrize(
    ("executor", "tag", "before", "after"),
    [(1, "3.16.4", False, False), (0, "3.16.4", True, False), (0, "3.11.0", True, True)],
)
def test_a_chain_older_than_3_3_does_not_hold_that_auth_is_on(
    executor: int, tag: str, before: bool, after: bool
) -> None:
    text = text_of(version="3.2.0").replace("is_auth_check=false", "is_auth_check=true")
    founding = genesis(text.replace("\nversion=1", f"\nversion={executor}"))
    state = State(genesis_changes(founding, release(tag)))
    assert state.auth_is_on() is before
    data = abi.selector(SET, STANDARD)
    data += abi.encode(abi.parameters(SET), ["compatibility_version", "3.3.0"])
    place = Place(replace(RULES, release=release(tag), executor=executor), 1)
    assert call(state, place, f"{COMMITTEE:040x}", SYSTEM_CONFIG_ADDRESS, data).status == 0
    assert state.auth_is_on() is after
