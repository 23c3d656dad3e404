"""`spec.fiscoBcos.onChain`: what is refused at once, and what may be brought about when."""

from collections.abc import Mapping
from typing import Any

import pytest

from consortium_operator.chain.changes import SettingChange
from consortium_operator.chain.settings import Step, Verdict, WantedSetting
from tests.unit.engines.fisco_bcos import rendered

ENGINE = rendered.ENGINE
NEW = {"webank/node-0": "3.16.4"}
MIXED = {**NEW, "tencent/node-0": "3.15.0"}


def refused(field: str, version: str = "3.16.4", **spec: Any) -> str:
    found = rendered.problems(version=version, **spec)
    return found[f"spec.fiscoBcos.onChain.{field}"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("3.17.0", "must be at most 3.16.4, the newest that 3.16.4 knows: raise spec.version"),
        ("3.015.0", "must be written 3.15.0"),
        ("3.6.0", "must be at least 3.9.0, with which the chain was founded"),
        ("3.999.0", "numbers of at most 255"),
    ],
)
def test_a_version_that_the_chain_cannot_have_is_refused(wanted: str, message: str) -> None:
    genesis = {"compatibilityVersion": "3.9.0"}
    on_chain = {"compatibilityVersion": wanted}
    assert message in refused("compatibilityVersion", genesis=genesis, onChain=on_chain)


def test_the_newest_version_of_a_tag_may_be_older_than_the_tag() -> None:
    genesis = {"compatibilityVersion": "3.9.0"}
    on_chain = {"compatibilityVersion": "3.10.3"}
    found = refused("compatibilityVersion", "3.10.3", genesis=genesis, onChain=on_chain)
    assert found.startswith("must be at most 3.10.2")


@pytest.mark.parametrize(
    ("flags", "field", "message"),
    [
        (["feature_balanse"], "features[0]", "the nearest is feature_balance"),
        (["feature_balance_policy1"], "features[0]", "needs feature_balance_precompiled beside it"),
        (["feature_rpbft"], "features[0]", "is for chains that were founded with"),
    ],
)
def test_a_feature_that_cannot_be_switched_on_is_refused(
    flags: list[str], field: str, message: str
) -> None:
    assert message in refused(field, onChain={"features": flags})


def test_a_chain_of_webassembly_has_no_governors_to_ask_for_a_balance() -> None:
    flags = {"features": ["feature_balance", "feature_balance_precompiled"]}
    executor = {"wasm": True, "authCheck": False}
    assert "executor.wasm" in refused("features[1]", executor=executor, onChain=flags)


def test_a_feature_may_need_one_of_the_founding() -> None:
    genesis = {"features": ["feature_balance"]}
    found = rendered.problems(
        genesis=genesis, onChain={"features": ["feature_balance_precompiled"]}
    )
    assert found == {}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("tx_count_limit", "0", "must be a whole number from 1"),
        ("tx_count_limit", "007", "must be a whole number"),
        ("tx_count_limit", str(2**62), "must be a whole number from 1 to 1000000"),
        ("tx_gas_limit", "99999", "must be a whole number from 100000"),
        ("tx_gas_price", "0x1", "must be 0x0: with a price, whose account has no balance"),
        ("tx_count_limits", "1", "is no setting of the chain; the nearest is tx_count_limit"),
        ("feature_balance", "1", "list it in onChain.features"),
        ("compatibility_version", "3.16.4", "is set by onChain.compatibilityVersion"),
        ("auth_check_status", "0", "is as founded (executor.authCheck): remove it"),
        ("feature_rpbft_epoch_block_num", "9", "is for consensus.type RPBFT"),
        ("executor_version", "2", "must be 0 or 1"),
    ],
)
def test_a_setting_that_the_chain_cannot_have_is_refused(
    key: str, value: str, message: str
) -> None:
    assert message in refused(f"systemConfig.{key}", onChain={"systemConfig": {key: value}})


@pytest.mark.parametrize("what", ["block", "sealer"])
def test_an_epoch_is_no_longer_than_what_makes_the_turns_can_read(what: str) -> None:
    """It reads 32 bits, and the setting of the chain holds 64."""
    key = f"feature_rpbft_epoch_{what}_num"
    found = refused(
        f"systemConfig.{key}",
        consensus={"type": "RPBFT"},
        onChain={"systemConfig": {key: str(2**32)}},
    )
    assert found == "must be a whole number from 1 to 4294967295"


def test_a_setting_that_the_version_does_not_know_is_refused() -> None:
    found = refused(
        "systemConfig.executor_version",
        "3.14.0",
        onChain={"systemConfig": {"executor_version": "1"}},
    )
    assert found == "is not known to 3.14.0: the node has it from 3.15.0 on"


def test_every_known_setting_is_accepted() -> None:
    settings = {
        "tx_count_limit": "2000",
        "tx_gas_limit": "700000",
        "tx_gas_price": "0x0",
        "consensus_leader_period": "2",
        "feature_rpbft_epoch_block_num": "9",
        "feature_rpbft_epoch_sealer_num": "3",
        "web3_chain_id": "20200",
        "balance_transfer": "1",
        "executor_version": "1",
    }
    assert rendered.problems(consensus={"type": "RPBFT"}, onChain={"systemConfig": settings}) == {}


def test_the_version_comes_first_and_a_feature_after_the_one_it_needs() -> None:
    features = ["feature_balance_policy1", "feature_balance", "feature_balance_precompiled"]
    on_chain = {
        "systemConfig": {"tx_count_limit": "9"},
        "features": features,
        "compatibilityVersion": "3.16.4",
    }
    wanted = ENGINE.wanted_settings(rendered.plan(onChain=on_chain))
    assert [one.change.key for one in wanted] == [
        "compatibility_version",
        "feature_balance",
        "feature_balance_precompiled",
        "feature_balance_policy1",
        "tx_count_limit",
    ]
    assert [one.can_go_back for one in wanted] == [False] * 4 + [True]
    assert [one.backup_first for one in wanted] == [True] + [False] * 4


def judged(
    wanted: WantedSetting,
    values: Mapping[str, str],
    versions: Mapping[str, str],
    serial: bool = True,
    executor: int = 1,
    **ledger: int,
) -> Verdict:
    """On a chain that was founded with this ledger."""
    founded = {"serial": serial, "version": executor}
    seal = rendered.seal(rendered.plan(ledger=ledger, executor=founded))
    return ENGINE.judge_setting(wanted, values, versions, seal)


def setting(key: str, value: str) -> WantedSetting:
    return WantedSetting(SettingChange(key, value), "spec.fiscoBcos.onChain")


@pytest.mark.parametrize(
    ("wanted", "now", "versions", "step", "why"),
    [
        ("3.16.4", "3.15.0", NEW, Step.SEND, ""),
        ("3.6.0", "3.6", NEW, Step.NONE, ""),
        ("3.15.0", "3.16.4", NEW, Step.REFUSE_LOWER, "the chain is at 3.16.4"),
        ("3.16.4", "3.15.0", MIXED, Step.WAIT, "tencent/node-0 runs 3.15.0, which knows none"),
        ("3.16.4", "3.15.0", {"a/b-0": "4.0.0"}, Step.WAIT, "node a/b-0 runs 4.0.0"),
        ("3.16.4", "3.15.0", {"a/b-0": ""}, Step.WAIT, "runs an unknown version"),
        ("3.16.4", None, NEW, Step.WAIT, "is no version"),
    ],
)
def test_the_chain_is_raised_to_what_every_running_node_knows(
    wanted: str, now: str | None, versions: dict[str, str], step: Step, why: str
) -> None:
    values = {} if now is None else {"compatibility_version": now}
    verdict = judged(setting("compatibility_version", wanted), values, versions)
    assert verdict.step is step
    assert why in verdict.why


@pytest.mark.parametrize(
    ("key", "value", "now", "versions", "step"),
    [
        ("feature_balance_policy2", "1", None, NEW, Step.SEND),
        ("feature_balance_policy2", "1", "1", {}, Step.NONE),
        ("feature_balance_policy2", "1", None, {"a/b-0": "3.13.0"}, Step.WAIT),
        ("tx_count_limit", "9", "8", MIXED, Step.SEND),
        ("tx_count_limit", "9", "9", MIXED, Step.NONE),
        ("executor_version", "1", "0", {"a/b-0": "3.14.0"}, Step.WAIT),
        ("tx_count_limit", "9", "8", {"a/b-0": "?"}, Step.WAIT),
    ],
)
def test_a_setting_waits_for_nodes_that_do_not_know_it(
    key: str, value: str, now: str | None, versions: dict[str, str], step: Step
) -> None:
    values = {"compatibility_version": "3.16.4"} | ({} if now is None else {key: now})
    assert judged(setting(key, value), values, versions).step is step


@pytest.mark.parametrize(
    ("key", "value", "least", "before"),
    [
        ("tx_gas_price", "0x1", "3.6.0", "3.5.0"),
        ("web3_chain_id", "7", "3.9.0", "3.8.0"),
        ("balance_transfer", "1", "3.10.2", "3.10.0"),
        ("executor_version", "1", "3.15.0", "3.14.0"),
        ("web3_chain_id", "7", "3.9.0", ""),
    ],
)
def test_a_setting_waits_for_a_chain_that_takes_it(
    key: str, value: str, least: str, before: str
) -> None:
    """The chain judges by its own version, whatever its nodes are (SystemConfigPrecompiled.cpp)."""
    wanted = setting(key, value)
    assert judged(wanted, {"compatibility_version": least}, NEW).step is Step.SEND
    verdict = judged(wanted, {"compatibility_version": before}, NEW)
    assert verdict.step is Step.WAIT
    if before:
        assert f"the chain is at {before}, and takes it from compatibility version {least} on" in (
            verdict.why
        )


@pytest.mark.parametrize(
    ("pages", "founded", "now", "value", "why"),
    [
        (10240, 0, "0", "1", "pages of 10240 bytes"),
        (0, 0, "0", "1", ""),
        (0, 0, None, "1", ""),
        (0, 1, "1", "0", "each that restarts would execute otherwise"),
        (0, 1, None, "0", "each that restarts would execute otherwise"),
        (0, 0, "1", "0", "each that restarts would execute otherwise"),
        (10240, 1, None, "1", ""),
        (10240, 1, "0", "0", ""),
    ],
)
def test_an_executor_gives_way_only_to_the_newer_one_and_where_that_finds_the_state(
    pages: int, founded: int, now: str | None, value: str, why: str
) -> None:
    """A running node takes 1 from the chain and never 0, a starting one takes either
    (LedgerStorage.cpp, Initializer.cpp)."""
    values = {"compatibility_version": "3.16.4"} | (
        {} if now is None else {"executor_version": now}
    )
    wanted = setting("executor_version", value)
    verdict = judged(wanted, values, NEW, keyPageSize=pages, executor=founded)
    assert why in verdict.why
    assert (verdict.step is Step.WAIT) == bool(why)


@pytest.mark.parametrize(
    ("has", "key", "value", "step"),
    [
        ({}, "feature_raw_address", "1", Step.WAIT),
        ({"feature_raw_address": "1"}, "feature_raw_address", "1", Step.NONE),
        (
            {"feature_raw_address": "1", "executor_version": "0"},
            "executor_version",
            "1",
            Step.WAIT,
        ),
        ({"feature_raw_address": "1"}, "executor_version", "1", Step.SEND),
        ({"feature_raw_address": "1"}, "tx_count_limit", "9", Step.SEND),
    ],
)
def test_no_account_is_moved_from_where_its_contract_is(
    has: dict[str, str], key: str, value: str, step: Step
) -> None:
    """EVMAccount.h: the flag names an account's table otherwise, and nothing moves the old one."""
    wanted = setting(key, value)
    verdict = judged(wanted, {"compatibility_version": "3.16.4"} | has, NEW)
    assert verdict.step is step
    assert (step is Step.WAIT) == ("every contract would be lost" in verdict.why)


@pytest.mark.parametrize(
    ("serial", "has", "wanted", "step"),
    [
        (True, {"executor_version": "0"}, "feature_balance_policy1", Step.WAIT),
        (True, {}, "feature_balance_policy1", Step.SEND),  # founded with executor 1
        (False, {"executor_version": "0"}, "feature_balance_policy1", Step.SEND),
        (
            False,
            {"executor_version": "0", "feature_balance_policy1": "1"},
            "feature_dmc2serial",
            Step.WAIT,
        ),
    ],
)
def test_nothing_is_sent_after_which_only_accounts_with_a_balance_could_act(
    serial: bool, has: dict[str, str], wanted: str, step: Step
) -> None:
    """Executor 0 asks every sender for a balance, at a price of 0 too (ExecutiveSerialFlow.cpp)."""
    verdict = judged(setting(wanted, "1"), {"compatibility_version": "3.16.4"} | has, NEW, serial)
    assert verdict.step is step
    assert (step is Step.WAIT) == ("no balance" in verdict.why)


@pytest.mark.parametrize(
    ("founded", "wanted", "auth", "is_refused"),
    [
        ("3.2.0", "3.3.0", True, True),
        ("3.2.0", "3.2.7", True, False),
        ("3.2.0", "3.3.0", False, False),
        ("3.3.0", "3.16.4", True, False),
    ],
)
def test_no_chain_is_raised_where_its_nodes_would_take_auth_for_off(
    founded: str, wanted: str, auth: bool, is_refused: bool
) -> None:
    """What block 0 does not hold is off from 3.3.0 on (TransactionExecutor.cpp)."""
    found = rendered.problems(
        genesis={"compatibilityVersion": founded},
        executor={"version": 0, "authCheck": auth},
        onChain={"compatibilityVersion": wanted},
    )
    assert list(found) == ["spec.fiscoBcos.onChain.compatibilityVersion"] * is_refused


def test_a_chain_of_executor_0_is_not_given_raw_addresses() -> None:
    """Its nodes look for a nonce by the bytes of an address, and begin it by the digits."""
    now = {"compatibility_version": "3.16.4", "executor_version": "0"}
    verdict = judged(setting("feature_raw_address", "1"), now, NEW)
    assert verdict.step is Step.WAIT
    assert "would stop at the next contract that makes another" in verdict.why


def test_what_every_chain_takes_is_not_held_against_its_version() -> None:
    asked = {"tx_count_limit": "9", "web3_chain_id": "7"}
    every, newer = ENGINE.wanted_settings(rendered.plan(onChain={"systemConfig": asked}))
    assert (every.judged_by, newer.judged_by) == ((), ("compatibility_version",))
    assert judged(every, {}, NEW).step is Step.SEND
