"""Settings of the running chain: one transaction at a time, read back, never against others."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.changes import SettingChange
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import CONFIRM_BACKUP_ANNOTATION
from consortium_operator.kube.kinds import CONFIG_MAP
from tests.fakes.operator import Stage

UP_TO_DATE, READY = ConditionType.UP_TO_DATE, ConditionType.READY
LIMIT = SettingChange("tx_count_limit", "2000")
RAISED = SettingChange("compatibility_version", "3.16.4")
HUAWEI = "trade-huawei-node-0"


@pytest.fixture
def running(running: Stage) -> Stage:
    running.nodes.settings_made["trade"] = {
        "compatibility_version": "3.15.0",
        "tx_count_limit": "1000",
    }
    return running


def reads(stage: Stage) -> int:
    return stage.nodes.settings_asked.count("tx_count_limit")


def ask_for(stage: Stage, **on_chain: Any) -> None:
    stage.edit(fiscoBcos={"onChain": on_chain})


def on_chain(stage: Stage) -> dict[str, str]:
    return stage.nodes.settings_made["trade"]


def noted(stage: Stage) -> dict[str, str]:
    found = stage.cluster.find(CONFIG_MAP, "trade-journal", "chains")
    assert found is not None
    return dict(Journal.from_data(found["data"]).chain.settings)


async def test_a_setting_is_brought_about_once_and_noted(running: Stage) -> None:
    ask_for(running, systemConfig={"tx_count_limit": "2000"})
    await running.settle()
    assert running.nodes.enacted == [LIMIT]
    assert running.told(READY) == "True/AsExpected"
    assert noted(running) == {"tx_count_limit": "2000"}
    assert any("has tx_count_limit 2000 now" in one["message"] for one in running.cluster.events)


async def test_what_the_chain_is_too_old_for_is_not_sent(running: Stage) -> None:
    on_chain(running)["compatibility_version"] = "3.8.0"
    ask_for(running, systemConfig={"web3_chain_id": "7"})
    await running.settle()
    assert running.nodes.enacted == []
    message = running.condition(UP_TO_DATE)["message"]
    assert "takes it from compatibility version 3.9.0 on" in message


async def test_what_stands_is_neither_sent_nor_asked_for_again(running: Stage) -> None:
    ask_for(running, systemConfig={"tx_count_limit": "1000"})
    await running.settle()
    before = reads(running)
    for _ in range(3):
        await running.round()
    assert (running.nodes.enacted, reads(running)) == ([], before)
    running.clock.advance(minutes=11)
    await running.round()
    assert reads(running) == before + 1
    running.clock.advance(minutes=-30)  # a clock that was wrong is put right
    await running.round()
    assert reads(running) == before + 2


async def test_several_settings_go_one_in_a_round(running: Stage) -> None:
    ask_for(running, features=["feature_balance"], systemConfig={"tx_count_limit": "2000"})
    await running.round()
    assert running.nodes.enacted == [SettingChange("feature_balance", "1")]
    assert running.told(UP_TO_DATE) == "False/Pending"
    await running.settle()
    assert running.nodes.enacted == [SettingChange("feature_balance", "1"), LIMIT]
    assert running.told(READY) == "True/AsExpected"


async def test_the_version_waits_for_a_backup_with_the_command(running: Stage) -> None:
    ask_for(running, compatibilityVersion="3.16.4")
    await running.settle()
    assert running.told(UP_TO_DATE) == "False/AwaitingApproval"
    assert running.condition(UP_TO_DATE)["message"].endswith(
        "kubectl annotate consortiumchain trade --namespace chains --overwrite "
        "consortium.dev/confirm-backup=3.16.4"
    )
    assert running.nodes.enacted == []
    running.annotate(CONFIRM_BACKUP_ANNOTATION, "3.15.0")
    await running.settle()
    assert running.nodes.enacted == []
    running.annotate(CONFIRM_BACKUP_ANNOTATION, "3.16.4")
    await running.settle()
    assert running.nodes.enacted == [RAISED]
    assert running.told(READY) == "True/AsExpected"


async def test_the_version_waits_for_a_node_that_does_not_know_it(running: Stage) -> None:
    running.nodes.scripted[HUAWEI] = {"version": "3.15.0"}
    ask_for(running, compatibilityVersion="3.16.4")
    running.annotate(CONFIRM_BACKUP_ANNOTATION, "3.16.4")
    await running.settle()
    assert "huawei/node-0 runs 3.15.0" in running.condition(UP_TO_DATE)["message"]
    assert running.nodes.enacted == []
    del running.nodes.scripted[HUAWEI]
    await running.settle()
    assert running.nodes.enacted == [RAISED]


async def test_what_has_no_way_back_waits_for_silent_nodes(running: Stage) -> None:
    running.nodes.silent.add(HUAWEI)
    ask_for(running, features=["feature_balance"], systemConfig={"tx_count_limit": "2000"})
    await running.settle()
    assert running.nodes.enacted == [LIMIT]
    assert "silent: huawei/node-0" in running.condition(UP_TO_DATE)["message"]


async def test_a_lower_version_is_refused(running: Stage) -> None:
    await running.settle()
    on_chain(running)["compatibility_version"] = "3.16.4"
    ask_for(running, compatibilityVersion="3.15.0")
    running.annotate(CONFIRM_BACKUP_ANNOTATION, "3.15.0")
    await running.settle()
    assert running.told(UP_TO_DATE) == "False/DowngradeRefused"
    assert "the chain is at 3.16.4" in running.condition(UP_TO_DATE)["message"]
    assert running.nodes.enacted == []


async def test_what_others_changed_is_reported_and_not_undone(running: Stage) -> None:
    ask_for(running, systemConfig={"tx_count_limit": "2000"})
    await running.settle()
    on_chain(running)["tx_count_limit"] = "3000"
    running.clock.advance(minutes=11)
    await running.settle()
    assert running.told(UP_TO_DATE) == "False/ChangedOnChain"
    assert "changed to 3000 on chain by others" in running.condition(UP_TO_DATE)["message"]
    assert running.nodes.enacted == [LIMIT]


async def test_a_setting_that_is_asked_for_anew_is_a_new_wish(running: Stage) -> None:
    ask_for(running, systemConfig={"tx_count_limit": "2000"})
    await running.settle()
    on_chain(running)["tx_count_limit"] = "3000"
    ask_for(running)
    await running.settle()
    assert (noted(running), on_chain(running)["tx_count_limit"]) == ({}, "3000")
    assert running.told(READY) == "True/AsExpected"
    ask_for(running, systemConfig={"tx_count_limit": "2000"})
    running.clock.advance(minutes=11)
    await running.settle()
    assert running.nodes.enacted == [LIMIT, LIMIT]


async def test_a_feature_that_is_no_longer_listed_stays_and_is_told(running: Stage) -> None:
    ask_for(running, features=["feature_balance"])
    await running.settle()
    ask_for(running)
    await running.settle()
    assert on_chain(running)["feature_balance"] == "1"
    assert any("feature_balance stays 1" in one["message"] for one in running.cluster.events)


async def test_a_refusal_is_told_and_not_tried_every_round(running: Stage) -> None:
    running.nodes.refusal = "the setting cannot have this value"
    ask_for(running, systemConfig={"tx_count_limit": "2000"})
    await running.settle()
    assert running.told(UP_TO_DATE) == "False/Pending"
    assert running.condition(UP_TO_DATE)["message"] == (
        "spec.fiscoBcos.onChain.systemConfig: tx_count_limit to 2000: the chain refuses it: "
        "the setting cannot have this value"
    )
    assert running.told(ConditionType.STALLED) == "True/Pending"
    await running.round()
    assert running.nodes.enacted == [LIMIT]
    running.nodes.refusal = None
    running.clock.advance(minutes=11)
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


async def test_a_refused_change_is_tried_again_when_the_resource_changes(running: Stage) -> None:
    running.nodes.refusal = "the committee has voted against proposal 7"
    ask_for(running, systemConfig={"tx_count_limit": "2000"})
    await running.settle()
    assert running.nodes.enacted == [LIMIT]
    running.edit(displayName=None)
    await running.round()
    assert running.nodes.enacted == [LIMIT, LIMIT]


@pytest.mark.parametrize("names", [1, 2])
async def test_nothing_is_sent_without_a_quorum(running: Stage, names: int) -> None:
    down = ["trade-huawei-node-0", "trade-webank-node-0"][:names]
    running.nodes.silent.update(down)
    ask_for(running, systemConfig={"tx_count_limit": "2000"})
    await running.settle()
    assert running.nodes.enacted == ([LIMIT] if names == 1 else [])


async def test_nothing_is_sent_while_the_chain_is_split(running: Stage) -> None:
    running.nodes.scripted[HUAWEI] = {"latest_hash": "0xother"}
    ask_for(running, systemConfig={"tx_count_limit": "2000"})
    await running.settle()
    assert running.nodes.enacted == []


async def test_a_paused_chain_is_left_alone(running: Stage) -> None:
    running.edit(paused=True, fiscoBcos={"onChain": {"systemConfig": {"tx_count_limit": "2000"}}})
    await running.settle()
    assert running.nodes.enacted == []
