"""A resource held against the genesis that its chain was founded with."""

from dataclasses import replace
from typing import Any

import pytest

from consortium_operator.api.conditions import Reason
from consortium_operator.api.fisco_bcos import Cryptography
from consortium_operator.chain.genesis import Seal, TamperedGenesis
from consortium_operator.chain.plan import Plan
from tests import chains
from tests.unit.engines.fisco_bcos import rendered


def problems(plan: Plan, seal: Seal) -> dict[str, str]:
    found = rendered.ENGINE.check_seal(plan, seal)
    assert all(problem.reason is Reason.RETAINED_DATA_CONFLICT for problem in found)
    return {problem.path: problem.message for problem in found}


def test_the_plan_that_founded_the_chain_agrees_with_its_seal() -> None:
    plan = rendered.plan()
    assert problems(plan, rendered.seal(plan)) == {}


def test_what_the_spec_leaves_open_agrees_with_any_founding() -> None:
    founding = rendered.plan(
        genesis={"compatibilityVersion": "3.15.0", "web3ChainId": "7"},
        executor={"version": 0, "authAdminAccount": "0x" + "1" * 40},
        ledger={"keyPageSize": 10240},
    )
    assert problems(rendered.plan(), rendered.seal(founding)) == {}


@pytest.mark.parametrize(
    ("field", "fisco_bcos", "founded"),
    [
        ("groupId", {"groupId": "group1"}, "group0"),
        ("consensus.blockTxCountLimit", {"consensus": {"blockTxCountLimit": 1}}, "1000"),
        ("genesis.gasLimit", {"genesis": {"gasLimit": 100001}}, "3000000000"),
        ("genesis.blockLimit", {"genesis": {"blockLimit": 5000}}, "1000"),
        ("genesis.compatibilityVersion", {"genesis": {"compatibilityVersion": "3.15.0"}}, "3.16.4"),
        ("genesis.web3ChainId", {"genesis": {"web3ChainId": "1"}}, "20200"),
        ("executor.authCheck", {"executor": {"authCheck": False}}, "true:"),
        ("executor.version", {"executor": {"version": 0}}, "1"),
        (
            "executor.authAdminAccount",
            {"executor": {"authAdminAccount": "0x" + "1" * 40}},
            "0x" + "ab" * 20,
        ),
        ("ledger.keyPageSize", {"ledger": {"keyPageSize": 10240}}, "0"),
        ("genesisSha256", {"genesisSha256": "0" * 64}, ""),
    ],
)
def test_a_founding_field_that_says_something_else_is_named(
    field: str, fisco_bcos: dict[str, Any], founded: str
) -> None:
    """Traps 10 and 23: rendering it anew would be another chain."""
    found = problems(rendered.plan(**fisco_bcos), rendered.seal(rendered.plan()))
    assert list(found) == [f"spec.fiscoBcos.{field}"]
    assert f"founded with {founded}" in found[f"spec.fiscoBcos.{field}"]


def test_another_chain_id_is_named() -> None:
    other = chains.plan(chainId="other")
    assert list(problems(other, rendered.seal(rendered.plan()))) == ["spec.chainId"]


@pytest.mark.parametrize(
    ("field", "fisco_bcos"),
    [
        ("consensus.type", {"consensus": {"type": "RPBFT"}}),
        ("genesis.features", {"genesis": {"features": ["feature_balance"]}}),
        ("executor.serial", {"executor": {"serial": False}}),
        ("ledger.separateBlockState", {"ledger": {"separateBlockState": True}}),
    ],
)
def test_a_changed_switch_is_named(field: str, fisco_bcos: dict[str, Any]) -> None:
    found = problems(rendered.plan(**fisco_bcos), rendered.seal(rendered.plan()))
    assert list(found) == [f"spec.fiscoBcos.{field}"]


def test_a_changed_machine_is_named() -> None:
    wasm = rendered.plan(executor={"wasm": True, "authCheck": False})
    sealed = rendered.seal(rendered.plan(executor={"authCheck": False, "version": 0}))
    assert list(problems(wasm, sealed)) == ["spec.fiscoBcos.executor.wasm"]


def test_another_cryptography_is_named() -> None:
    plan = rendered.plan()
    sm = rendered.unchecked(plan, cryptography=Cryptography.SM)
    assert list(problems(sm, rendered.seal(plan))) == ["spec.fiscoBcos.cryptography"]


def test_epochs_count_for_rpbft_only() -> None:
    other = rendered.plan(consensus={"epochSealerNum": 9})
    assert problems(other, rendered.seal(rendered.plan())) == {}


def test_one_account_in_another_case_is_the_same_account() -> None:
    again = rendered.plan(executor={"authAdminAccount": rendered.ADMIN.lower()})
    assert problems(again, rendered.seal(rendered.plan())) == {}


def test_the_pinned_genesis_is_the_sealed_one() -> None:
    sealed = rendered.seal(rendered.plan())
    assert problems(rendered.plan(genesisSha256=sealed.sha256), sealed) == {}


def test_members_are_no_part_of_the_comparison() -> None:
    assert problems(chains.plan(chains.member("huawei")), rendered.seal(rendered.plan())) == {}


@pytest.mark.parametrize(
    "tamper",
    [
        lambda seal: replace(seal, text=seal.text.replace(": 1", ": 2", 1)),
        lambda seal: replace(seal, founders=seal.founders[1:]),
        lambda seal: replace(seal, settings=dict(seal.settings) | {"executorVersion": "0"}),
        lambda seal: replace(seal, settings=dict(seal.settings) | {"web3ChainId": "1"}),
        lambda seal: replace(seal, settings={}),
        lambda seal: replace(seal, text="nonsense"),
    ],
)
def test_a_seal_that_contradicts_itself_is_tampered(tamper: Any) -> None:
    plan = rendered.plan()
    with pytest.raises(TamperedGenesis):
        rendered.ENGINE.check_seal(plan, tamper(rendered.seal(plan)))
