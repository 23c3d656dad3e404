"""A resource held against the genesis that its chain was founded with."""

from dataclasses import replace
from typing import Any

import pytest

from consortium_operator.api.chain import Role
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


def founders(plan: Plan, seal: Seal) -> dict[str, str]:
    found = rendered.ENGINE.founders_differ(plan, seal)
    assert all(problem.reason is Reason.NOT_SUPPORTED_YET for problem in found)
    return {problem.path: problem.message for problem in found}


def test_founders_that_are_all_still_there_do_not_differ() -> None:
    plan = rendered.plan()
    assert founders(plan, rendered.seal(plan)) == {}


def test_a_member_that_did_not_found_the_chain_is_named() -> None:
    plan = rendered.plan(chains.member("webank"), chains.member("baidu"))
    sealed = rendered.seal(rendered.plan(chains.member("webank")))
    found = founders(plan, sealed)
    assert list(found) == ["spec.members[1].nodes[0]"]
    assert "baidu/node-0 did not found the chain" in found["spec.members[1].nodes[0]"]


def test_a_founder_that_is_gone_is_named() -> None:
    both = [chains.member("huawei"), chains.member("webank", chains.node("a"), chains.node("b"))]
    sealed = rendered.seal(rendered.plan(*both))
    without_node = rendered.plan(both[0], chains.member("webank", chains.node("a")))
    without_member = rendered.plan(both[1])
    assert "webank/b-0" in founders(without_node, sealed)["spec.members[1].nodes"]
    assert "huawei/node-0" in founders(without_member, sealed)["spec.members"]


def test_a_smaller_count_takes_the_highest_founder() -> None:
    def webank(count: int) -> Plan:
        return rendered.plan(chains.member("webank", chains.node("shenzhen", count=count)))

    found = founders(webank(1), rendered.seal(webank(2)))
    assert list(found) == ["spec.members[0].nodes[0]"]
    assert "webank/shenzhen-1" in found["spec.members[0].nodes[0]"]


def test_a_changed_weight_or_role_is_named() -> None:
    plan = rendered.plan(chains.member("webank", chains.node("node", weight=2)))
    sealed = rendered.seal(rendered.plan(chains.member("webank")))
    assert "weight 1" in founders(plan, sealed)["spec.members[0].nodes[0].weight"]
    observer = replace(plan, nodes=(replace(plan.nodes[0], role=Role.OBSERVER),))
    assert list(founders(observer, sealed)) == ["spec.members[0].nodes[0].role"]
