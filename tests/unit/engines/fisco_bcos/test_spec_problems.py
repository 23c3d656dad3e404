"""What the engine refuses of a resource that its schema accepts."""

from typing import Any

import pytest

from consortium_operator.api.conditions import Reason
from consortium_operator.api.parse import parse
from consortium_operator.engines.fisco_bcos.suites import sm2_keys
from tests import chains
from tests.unit.engines.fisco_bcos import rendered


def test_a_plain_chain_has_no_problems() -> None:
    assert rendered.problems() == {}


@pytest.mark.parametrize("version", ["3.16.40", "3.17.0", "2.9.0", "9999.0.0"])
def test_an_unknown_version_is_refused_with_the_known_ones(version: str) -> None:
    (problem,) = rendered.ENGINE.problems(parse(chains.resource(version=version)))
    assert (problem.path, problem.reason) == ("spec.version", Reason.UNKNOWN_VERSION)
    assert "3.16.4" in problem.message


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("3.16.5", "must be at most 3.16.4"),  # trap 3
        ("3.17.0", "must be at most 3.16.4"),
        ("4.0.0", "must be at most 3.16.4"),
        ("3.0.0", "must be at least 3.1.0"),
        ("2.9.1", "must be at least 3.1.0"),
        ("3.256.0", "numbers of at most 255"),
        ("3.016.4", "must be written 3.16.4"),
        ("3.9999.0", "X.Y.Z"),
    ],
)
def test_a_compatibility_version_that_the_node_refuses_is_refused(
    version: str, message: str
) -> None:
    found = rendered.problems(genesis={"compatibilityVersion": version})
    assert message in found["spec.fiscoBcos.genesis.compatibilityVersion"]


@pytest.mark.parametrize("version", ["3.3.0", "3.6.0", "3.10.3", "3.16.4"])
def test_an_older_compatibility_version_is_accepted(version: str) -> None:
    assert rendered.problems(genesis={"compatibilityVersion": version}) == {}
    old = {"compatibilityVersion": "3.1.0"}
    assert rendered.problems(genesis=old, executor={"version": 0}) == {}


def test_a_web3_chain_id_without_effect_is_refused() -> None:
    found = rendered.problems(genesis={"compatibilityVersion": "3.8.0", "web3ChainId": "7"})
    assert "has no effect" in found["spec.fiscoBcos.genesis.web3ChainId"]


@pytest.mark.parametrize(("size", "fits"), [(0, True), (1, False), (4095, False), (4096, True)])
def test_a_page_of_keys_is_none_or_large_enough(size: int, fits: bool) -> None:
    found = rendered.problems(ledger={"keyPageSize": size})
    assert ("spec.fiscoBcos.ledger.keyPageSize" not in found) == fits


def features_problems(*flags: str, version: str = "3.16.4", consensus: str = "PBFT") -> list[str]:
    found = rendered.problems(
        version, genesis={"features": list(flags)}, consensus={"type": consensus}
    )
    return [f"{path.removeprefix('spec.fiscoBcos.')}: {text}" for path, text in found.items()]


def test_an_unknown_feature_is_refused_with_the_nearest_known_one() -> None:
    assert features_problems("feature_balance", "feature_balanse") == [
        "genesis.features[1]: is no feature of 3.16.4; the nearest is feature_balance"
    ]


def test_a_feature_that_the_version_does_not_know_is_refused() -> None:
    """A node throws at a flag that is not in its list, and does not start."""
    assert features_problems("bugfix_staticcall_noaddr_return", version="3.7.3") == []
    (message,) = features_problems("bugfix_staticcall_noaddr_return", version="3.8.0")
    assert "is no feature of 3.8.0" in message


def test_a_feature_needs_the_one_that_it_builds_upon() -> None:
    assert features_problems("feature_balance_policy1", "feature_balance") == [
        "genesis.features[0]: needs feature_balance_precompiled beside it"
    ]
    chain = ("feature_balance_policy1", "feature_balance_precompiled", "feature_balance")
    assert features_problems(*chain) == []


def test_no_chain_is_founded_on_which_all_must_pay_and_nobody_can() -> None:
    flags = ["feature_balance", "feature_balance_precompiled", "feature_balance_policy1"]

    def refused(tag: str, /, *more: str, **executor: Any) -> list[str]:
        features = {"features": [*flags, *more]}
        return list(rendered.problems(tag, genesis=features, executor=executor))

    bad = ["spec.fiscoBcos.genesis.features[2]"]
    assert refused("3.16.4") == refused("3.16.4", version=0, serial=False) == []
    assert refused("3.16.4", version=0) == refused("3.14.0") == bad
    assert refused("3.14.0", "feature_dmc2serial", serial=False) == bad
    assert refused("3.14.0", "feature_sharding") == []


@pytest.mark.parametrize(
    ("compatibility", "executor", "auth", "is_refused"),
    [
        ("3.2.7", 1, True, True),
        ("3.3.0", 1, True, False),
        ("3.2.7", 0, True, False),
        ("3.2.7", 1, False, False),
    ],
)
def test_no_chain_is_founded_whose_executor_does_not_know_that_auth_is_on(
    compatibility: str, executor: int, auth: bool, is_refused: bool
) -> None:
    """Block 0 holds it from 3.3.0 on, and executor 1 asks the ledger alone (LedgerMethods.cpp)."""
    found = rendered.problems(
        genesis={"compatibilityVersion": compatibility},
        executor={"version": executor, "authCheck": auth},
    )
    assert list(found) == ["spec.fiscoBcos.genesis.compatibilityVersion"] * is_refused


@pytest.mark.parametrize(
    ("flags", "tag", "compatibility", "is_refused"),
    [
        (("feature_raw_address",), "3.16.4", "3.16.4", True),
        (("feature_raw_address",), "3.16.0", "3.13.0", False),  # begins no nonce, and counts none
        (("feature_raw_address",), "3.15.5", "3.15.5", False),  # does not stop there
        (("bugfix_nonce_not_increase_when_revert",), "3.16.4", "3.13.0", True),
        (("bugfix_nonce_not_increase_when_revert",), "3.16.4", "3.14.0", False),
        (
            (
                "bugfix_nonce_not_increase_when_revert",
                "bugfix_set_contract_nonce_when_create",
            ),
            "3.16.4",
            "3.13.0",
            False,
        ),
        (("feature_evm_address",), "3.16.4", "3.16.0", True),
        (("feature_evm_address",), "3.16.4", "3.15.2", False),  # counts up for the committee too
    ],
)
def test_executor_0_can_make_the_committee_with_these_flags(
    flags: tuple[str, ...], tag: str, compatibility: str, is_refused: bool
) -> None:
    """TransactionExecutive.cpp; with executor 1 no address and no nonce follows from a nonce."""

    def refused(**executor: Any) -> list[str]:
        genesis = {"features": [*flags], "compatibilityVersion": compatibility}
        found = rendered.problems(tag, genesis=genesis, executor=executor)
        return [message for message in found.values() if "executor.version 0" in message]

    assert bool(refused(version=0)) is is_refused
    assert refused(version=1) == []


def test_that_flag_goes_with_executor_0_in_parallel_and_without_a_committee() -> None:
    def refused(**executor: Any) -> bool:
        genesis = {"features": ["feature_evm_address"]}
        return bool(rendered.problems(genesis=genesis, executor={"version": 0} | executor))

    assert refused()
    assert not refused(authCheck=False)
    assert not refused(serial=False)


def test_the_flag_of_rpbft_alone_does_not_make_an_rpbft_chain() -> None:
    (message,) = features_problems("feature_rpbft")
    assert "set that" in message
    assert features_problems("feature_rpbft", consensus="RPBFT") == []


def test_the_transaction_of_rpbfts_turns_must_be_within_the_block_limit() -> None:
    def refused(block_limit: int, consensus: str) -> dict[str, str]:
        return rendered.problems(genesis={"blockLimit": block_limit}, consensus={"type": consensus})

    assert refused(600, "RPBFT") == refused(1, "PBFT") == {}
    assert list(refused(599, "RPBFT")) == ["spec.fiscoBcos.genesis.blockLimit"]


def test_the_turns_of_rpbft_leave_a_place_in_the_block() -> None:
    def refused(limit: int, blocks: int, **settings: str) -> list[str]:
        consensus = {"type": "RPBFT", "blockTxCountLimit": limit, "epochBlockNum": blocks}
        found = rendered.problems(consensus=consensus, onChain={"systemConfig": settings})
        return [path.removeprefix("spec.fiscoBcos.") for path in found]

    assert refused(1, 2) == refused(2, 1) == refused(2, 2, tx_count_limit="1") == []
    assert refused(1, 1) == ["consensus.blockTxCountLimit"]
    assert refused(2, 1, tx_count_limit="1") == ["onChain.systemConfig.tx_count_limit"]
    epoch = "feature_rpbft_epoch_block_num"
    assert refused(1, 2, **{epoch: "1"}) == [f"onChain.systemConfig.{epoch}"]
    assert refused(1, 2, **{epoch: "1"}, tx_count_limit="2") == []


def test_sm_sealers_cannot_prove_their_turns_with_secp256k1() -> None:
    flag = "feature_rpbft_vrf_type_secp256k1"

    def refused(cryptography: str, consensus: str) -> list[str]:
        spec: dict[str, Any] = {"cryptography": cryptography, "consensus": {"type": consensus}}
        at_founding = rendered.problems(genesis={"features": [flag]}, **spec)
        later = rendered.problems(onChain={"features": [flag]}, **spec)
        return [*at_founding.values(), *later.values()]

    assert refused("Standard", "RPBFT") == refused("SM", "PBFT") == []
    founding, later = refused("SM", "RPBFT")
    assert founding == later
    assert "does not go with cryptography: SM" in founding


@pytest.mark.parametrize(
    ("version", "known", "field", "fisco_bcos"),
    [
        ("3.14.0", "3.15.0", "executor.version", {"executor": {"version": 1}}),
        ("3.8.0", "3.9.0", "web3Rpc.enabled", {"web3Rpc": {"enabled": True}}),
        (
            "3.10.3",
            "3.11.0",
            "ledger.separateBlockState",
            {"ledger": {"separateBlockState": True}},
        ),
    ],
)
def test_what_a_version_does_not_know_is_refused(
    version: str, known: str, field: str, fisco_bcos: dict[str, Any]
) -> None:
    """An older node would ignore the key."""
    assert list(rendered.problems(version, **fisco_bcos)) == [f"spec.fiscoBcos.{field}"]
    assert rendered.problems(known, **fisco_bcos) == {}


def test_executor_0_is_what_every_version_has() -> None:
    assert rendered.problems("3.6.0", executor={"version": 0}) == {}


def test_webassembly_needs_executor_0() -> None:
    wasm = {"wasm": True, "authCheck": False}
    assert list(rendered.problems(executor=wasm | {"version": 1})) == [
        "spec.fiscoBcos.executor.version"
    ]
    assert rendered.problems(executor=wasm | {"version": 0}) == {}
    assert rendered.problems(executor=wasm) == {}
    assert rendered.seal(rendered.plan(executor=wasm)).settings["executorVersion"] == "0"


def test_rpbft_needs_a_compatibility_version_that_has_its_epochs() -> None:
    def found(version: str) -> list[str]:
        genesis = {"compatibilityVersion": version}
        return list(rendered.problems(consensus={"type": "RPBFT"}, genesis=genesis))

    assert found("3.4.0") == ["spec.fiscoBcos.consensus.type"]
    assert found("3.5.0") == []


@pytest.mark.parametrize("version", ["3.6.0", "3.10.3", "3.16.0"])
def test_the_compatibility_version_is_held_against_the_tags_own_newest(version: str) -> None:
    newest = {"3.10.3": "3.10.2"}.get(version, version)
    assert rendered.problems(version, genesis={"compatibilityVersion": newest}) == {}
    higher = f"{newest.rpartition('.')[0]}.{int(newest.rpartition('.')[2]) + 1}"
    found = rendered.problems(version, genesis={"compatibilityVersion": higher})
    assert f"must be at most {newest}" in found["spec.fiscoBcos.genesis.compatibilityVersion"]


def test_sm_is_refused_where_its_library_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered.problems(cryptography="SM") == {}
    monkeypatch.setattr(sm2_keys, "is_available", lambda: False)
    found = rendered.problems(cryptography="SM")
    assert list(found) == ["spec.fiscoBcos.cryptography"]
    assert "x86_64" in found["spec.fiscoBcos.cryptography"]
    assert rendered.problems() == {}
