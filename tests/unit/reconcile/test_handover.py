"""The committee that the spec asks for: brought about, waited for, and left to others."""

import base64
from collections.abc import Iterable
from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.changes import GovernorChange, RatesChange, SettingChange
from consortium_operator.chain.committee import Committee, OpenProposal
from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.kube.kinds import SECRET
from tests import chains
from tests.fakes.operator import Stage

HANDED_OVER, READY = ConditionType.GOVERNANCE_HANDED_OVER, ConditionType.READY
ENGINE = FiscoBcos()
KEYS = [ENGINE.new_account() for _ in range(3)]
FIRST, SECOND, FOREIGN = (ENGINE.account_register(key).address for key in KEYS)


def admin(stage: Stage) -> str:
    secret = stage.cluster.find(SECRET, "trade-admin", "chains")
    assert secret is not None
    return ENGINE.account_register(PrivateFiles.from_secret_data(secret["data"])).address


def bring(stage: Stage, name: str, key: PrivateFiles) -> None:
    stage.cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "chains"},
            "data": key.to_secret_data(),
        }
    )


def governors(*brought: str) -> list[dict[str, Any]]:
    """All three; the named ones with Secrets."""
    names = {FIRST: "first", SECOND: "second", FOREIGN: "foreign"}
    return [
        {"address": one, **({"secretName": names[one]} if one in brought else {})} for one in names
    ]


def ask_for(stage: Stage, listed: Iterable[dict[str, Any]], **more: Any) -> None:
    rates = {"participation": 51, "win": 51}
    stage.edit(fiscoBcos={"governors": list(listed), "governanceRates": rates, **more})


@pytest.fixture
def governed(running: Stage) -> Stage:
    running.nodes.committees["trade"] = Committee({admin(running): 1}, 0, 0)
    bring(running, "first", KEYS[0])
    bring(running, "second", KEYS[1])
    return running


async def test_the_committee_is_handed_over_step_by_step(governed: Stage) -> None:
    ask_for(governed, governors(FIRST, SECOND))
    await governed.settle()
    added = [GovernorChange(one, 1) for one in sorted([FIRST, SECOND])]
    assert governed.nodes.enacted == [
        *added,
        GovernorChange(FOREIGN, 1),
        GovernorChange(admin(governed), 0),
        RatesChange(51, 51),
    ]
    assert governed.told(HANDED_OVER) == "True/AsExpected"
    assert governed.told(READY) == "True/AsExpected"
    reads = governed.nodes.committee_reads
    await governed.round()
    assert governed.nodes.committee_reads == reads


async def test_a_pause_after_the_handover_keeps_the_chain_ready(governed: Stage) -> None:
    ask_for(governed, governors(FIRST, SECOND))
    await governed.settle()
    governed.edit(paused=True)
    governed.start()
    await governed.settle()
    assert governed.told(READY) == "True/AsExpected"
    done = len(governed.nodes.enacted)
    ask_for(governed, governors(FIRST, SECOND)[:2])
    await governed.settle()
    assert governed.told(HANDED_OVER) == "False/Pending"
    assert "while spec.paused is true" in governed.condition(HANDED_OVER)["message"]
    assert len(governed.nodes.enacted) == done


async def test_without_another_key_the_admin_waits_for_others(governed: Stage) -> None:
    ask_for(governed, governors())
    await governed.settle()
    assert governed.told(HANDED_OVER) == "False/AwaitingVotes"
    assert governed.condition(HANDED_OVER)["message"] == (
        f"governor {admin(governed)} is to leave, which another governor proposes by "
        f"createUpdateGovernorProposal(address,uint32,uint256) with {admin(governed)}, 0, 10000 "
        "to 0x0000000000000000000000000000000000010001"
    )
    assert governed.told(READY) == "False/AwaitingVotes"


@pytest.mark.parametrize(
    ("slot", "way_out"),
    [
        (OpenProposal(7, FOREIGN, is_ours=False), "governors decide it, or its proposer revokes"),
        (
            OpenProposal(7, FOREIGN, is_ours=False, was_ours=True),
            "That is no governor with a key here any more, so that nobody revokes it: the "
            "governors decide it, each by `consortium vote 7 --rpc HOST:PORT",
        ),
    ],
    ids=["of somebody else", "of a former governor of ours"],
)
async def test_another_proposal_in_the_slot_is_told_with_its_way_out(
    governed: Stage, slot: OpenProposal, way_out: str
) -> None:
    governed.nodes.slot = slot
    ask_for(governed, governors(), onChain={"systemConfig": {"tx_count_limit": "2000"}})
    await governed.settle()
    assert governed.told(HANDED_OVER) == "False/ProposalSlotBusy"
    message = governed.condition(HANDED_OVER)["message"]
    assert "proposal 7" in message
    assert FOREIGN in message
    assert way_out in message


async def test_a_setting_waits_for_votes_and_names_the_call(governed: Stage) -> None:
    governed.nodes.committees["trade"] = Committee({FIRST: 1, FOREIGN: 1}, 51, 51)
    only = [one for one in governors(FIRST) if one["address"] != SECOND]
    ask_for(governed, only, onChain={"systemConfig": {"tx_count_limit": "2000"}})
    await governed.settle()
    assert governed.told(ConditionType.UP_TO_DATE) == "False/AwaitingVotes"
    assert (
        "proposal 7 waits for the votes of other governors, each by `consortium vote 7 "
        "--rpc HOST:PORT --tls DIR --key FILE` or a vote"
        in (governed.condition(ConditionType.UP_TO_DATE)["message"])
    )
    assert set(governed.nodes.enacted) == {SettingChange("tx_count_limit", "2000")}


async def test_what_the_resource_asks_for_no_more_is_revoked(governed: Stage) -> None:
    """Though nothing else is proposed: somebody could still vote for it."""
    governed.nodes.committees["trade"] = Committee({FIRST: 1, FOREIGN: 1}, 51, 51)
    only = [one for one in governors(FIRST) if one["address"] != SECOND]
    members = governed.body()["spec"]["members"]
    heavier = [chains.member("webank", chains.node("node", weight=2))]
    governed.edit(members=[*(one for one in members if one["name"] != "webank"), *heavier])
    ask_for(governed, only)
    await governed.settle()
    assert governed.told(ConditionType.MEMBERSHIP_IN_SYNC) == "False/AwaitingVotes"
    assert set(governed.nodes.proposals) == {"MemberChange"}
    for _ in range(3):
        await governed.round()
    assert set(governed.nodes.proposals) == {"MemberChange"}
    governed.edit(members=members)
    await governed.settle()
    assert governed.nodes.proposals == {}
    assert governed.told(READY) == "True/AsExpected"
    events = [one["message"] for one in governed.cluster.events]
    assert "revoked proposal 7, which the resource does not ask for any more" in events


async def test_a_proposal_that_cannot_be_revoked_is_told(governed: Stage) -> None:
    governed.nodes.committees["trade"] = Committee({FIRST: 1, FOREIGN: 1}, 51, 51)
    only = [one for one in governors(FIRST) if one["address"] != SECOND]
    ask_for(governed, only, onChain={"systemConfig": {"tx_count_limit": "2000"}})
    await governed.settle()
    governed.nodes.refusal = "proposal 7 can only be revoked by another"
    ask_for(governed, only)
    await governed.settle()
    assert governed.told(ConditionType.UP_TO_DATE) == "False/Pending"
    assert governed.condition(ConditionType.UP_TO_DATE)["message"] == (
        "a proposal of the operator's is open and not asked for any more: "
        "proposal 7 can only be revoked by another"
    )


async def test_a_secret_that_is_missing_is_named(governed: Stage) -> None:
    governed.nodes.committees["trade"] = Committee({admin(governed): 1}, 0, 0)
    governed.cluster.delete_by_hand(SECRET, "second", "chains")
    governed.nodes.refusal = "not now"
    ask_for(governed, governors(FIRST, SECOND))
    await governed.round()
    assert governed.told(ConditionType.IDENTITIES_INTACT) == "False/SecretNotFound"
    message = governed.condition(ConditionType.IDENTITIES_INTACT)["message"]
    assert message == (
        f"Secret second of governor {SECOND} does not exist: create it with the key account.pem"
    )


async def test_nothing_is_signed_with_a_key_of_another_chain(governed: Stage) -> None:
    governed.cluster.edit(
        SECRET, "second", lambda obj: obj["metadata"].update(labels={CHAIN_LABEL: "elder"})
    )
    ask_for(governed, governors(FIRST, SECOND))
    await governed.round()
    assert governed.told(ConditionType.IDENTITIES_INTACT) == "False/Invalid"
    message = governed.condition(ConditionType.IDENTITIES_INTACT)["message"]
    assert message.startswith(f"Secret second of governor {SECOND} is a key of chain elder")


async def test_a_secret_with_another_key_is_refused(governed: Stage) -> None:
    governed.cluster.delete_by_hand(SECRET, "second", "chains")
    bring(governed, "second", KEYS[2])
    ask_for(governed, governors(FIRST, SECOND))
    await governed.round()
    assert governed.told(ConditionType.IDENTITIES_INTACT) == "False/Invalid"
    message = governed.condition(ConditionType.IDENTITIES_INTACT)["message"]
    assert message == f"Secret second of governor {SECOND} holds the key of {FOREIGN}"
    told = str(governed.body())
    assert base64.b64encode(KEYS[2]["account.pem"]).decode() not in told


async def test_what_others_changed_is_told_and_not_undone(governed: Stage) -> None:
    ask_for(governed, governors(FIRST, SECOND))
    await governed.settle()
    enacted = len(governed.nodes.enacted)
    governed.nodes.committees["trade"] = Committee({FIRST: 1, SECOND: 1}, 51, 51)
    governed.clock.advance(minutes=11)
    await governed.settle()
    assert governed.told(HANDED_OVER) == "False/ChangedOnChain"
    assert f"governor {FOREIGN} has weight 0, not 1" in governed.condition(HANDED_OVER)["message"]
    assert len(governed.nodes.enacted) == enacted


async def test_a_member_and_its_governor_leave_by_one_edit(governed: Stage) -> None:
    four = [chains.member(name) for name in ("huawei", "ping-an", "tencent", "webank")]
    governed.edit(members=[*four, chains.member("newcomer")])
    ask_for(governed, [*governors(FIRST, SECOND)[:2], {"address": FOREIGN, "member": "newcomer"}])
    await governed.settle()
    assert governed.told(READY) == "True/AsExpected"
    rates = {"participation": 51, "win": 51}
    left = {"governors": governors(FIRST, SECOND)[:2], "governanceRates": rates}
    governed.edit(members=four, fiscoBcos=left)
    await governed.settle(rounds=120)
    assert governed.nodes.committees["trade"].governors == {FIRST: 1, SECOND: 1}
    assert len(governed.nodes.members("trade", "chains").sealers) == 4
    assert governed.told(HANDED_OVER) == "True/AsExpected"
    assert governed.told(READY) == "True/AsExpected"
