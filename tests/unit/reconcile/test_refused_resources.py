"""A resource that cannot be followed changes nothing, says why, and hides nothing of the chain."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import ChainKey
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, SERVICE, STATEFUL_SET
from tests import chains
from tests.fakes.operator import Stage
from tests.unit.reconcile.test_membership import FOUNDERS, members

IN_SYNC, UP_TO_DATE = ConditionType.MEMBERSHIP_IN_SYNC, ConditionType.UP_TO_DATE
VALID = ConditionType.SPEC_VALID
BAD: list[Any] = [
    pytest.param({"version": "9.9.9"}, "UnknownVersion", id="unknown-version"),
    pytest.param({"chainId": "not-alnum"}, "Invalid", id="invalid"),
    pytest.param({"chainId": 7}, "Invalid", id="wrong-type"),
    pytest.param({"members": []}, "Invalid", id="no-members"),
]


@pytest.mark.parametrize(("spec", "reason"), BAD)
async def test_a_bad_resource_makes_nothing(
    stage: Stage, spec: dict[str, Any], reason: str
) -> None:
    stage.create()
    stage.edit(**spec)
    await stage.settle()
    assert stage.told(VALID) == f"False/{reason}"
    assert stage.told(ConditionType.READY) == f"False/{reason}"
    assert stage.told(ConditionType.STALLED) == f"True/{reason}"
    assert {write.split()[0] for write in stage.cluster.writes} == {"patch-status"}


@pytest.mark.parametrize(("spec", "reason"), BAD)
async def test_a_bad_edit_leaves_the_chain_running_and_in_view(
    running: Stage, spec: dict[str, Any], reason: str
) -> None:
    running.edit(**spec)
    await running.settle()
    assert running.told(VALID) == f"False/{reason}"
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert {write.split()[0] for write in running.cluster.writes} == {"patch-status"}
    running.nodes.silent = {"trade-huawei-node-0", "trade-webank-node-0"}
    await running.settle()
    assert running.told(ConditionType.QUORUM_HEALTHY) == "False/QuorumLost"
    running.nodes.silent = set()
    running.edit(**{k: chains.resource()["spec"].get(k) for k in spec})
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_an_image_that_nobody_knows_is_asked_for(stage: Stage) -> None:
    stage.create(image={"repository": "registry.example/node"})
    await stage.settle()
    assert stage.told(VALID).startswith("False/")


async def test_a_paused_chain_is_only_looked_at(running: Stage) -> None:
    running.edit(paused=True, fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    running.cluster.delete_by_hand(SERVICE, "trade-webank-node-0")
    running.cluster.delete_by_hand(STATEFUL_SET, "trade-huawei-node-0")
    running.cluster.delete_by_hand(SECRET, "trade-tencent-node-0-identity")
    running.start()
    for _ in range(5):
        await running.settle()
        running.clock.advance(hours=1)
    assert {write.split()[0] for write in running.cluster.writes} <= {"patch-status"}
    assert running.status()["sealers"] == "3/4"


async def test_a_pause_of_a_healthy_chain_keeps_it_ready(running: Stage) -> None:
    members = running.status()["members"]
    for restarted in (False, True):
        running.edit(paused=True)
        if restarted:
            running.start()
        await running.settle()
        assert running.told(ConditionType.READY) == "True/AsExpected"
        assert running.status()["members"] == members


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize(
    ("asked", "condition", "concerned"),
    [
        ({"fiscoBcos": {"config": {"txpool": {"limit": "20000"}}}}, UP_TO_DATE, "webank/node-0"),
        ({"version": "3.15.2"}, UP_TO_DATE, "webank/node-0"),
        (
            {"fiscoBcos": {"onChain": {"systemConfig": {"tx_count_limit": "2000"}}}},
            UP_TO_DATE,
            "tx_count_limit",
        ),
        ({"members": members(*FOUNDERS, "newcomer")}, IN_SYNC, "newcomer/node-0"),
        ({"members": members(*FOUNDERS[1:])}, IN_SYNC, "huawei/node-0"),
    ],
    ids=["settings", "version", "settings of the chain", "joins", "leaves"],
)
async def test_what_a_pause_holds_back_is_not_called_done(
    running: Stage,
    asked: dict[str, Any],
    condition: ConditionType,
    concerned: str,
    is_restarted: bool,
) -> None:
    running.edit(paused=True, **asked)
    if is_restarted:
        running.start()
    await running.settle()
    assert running.told(condition) == "False/Pending"
    assert concerned in running.condition(condition)["message"]
    assert running.told(ConditionType.READY) == "False/Pending"
    assert running.status()["observedGeneration"] == running.body()["metadata"]["generation"]


async def test_a_rollout_that_a_pause_interrupts_is_not_called_done(running: Stage) -> None:
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    for _ in range(3):
        await running.round()
    running.edit(paused=True)
    await running.settle()
    assert running.told(UP_TO_DATE) == "False/Pending"
    running.edit(paused=False)
    await running.settle(rounds=80)
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_chain_that_is_paused_from_the_start_makes_nothing(stage: Stage) -> None:
    stage.create(paused=True)
    await stage.settle()
    assert {write.split()[0] for write in stage.cluster.writes} == {"patch-status"}
    stage.edit(paused=False)
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"


async def test_a_chain_that_another_one_could_replay_is_refused(running: Stage) -> None:
    running.create(name="twin")
    await running.settle(ChainKey("chains", "twin"))
    found = running.condition(VALID, "twin")
    assert (found["status"], found["reason"]) == ("False", "ChainIdNotUnique")
    assert "chains/trade" in found["message"]
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert running.cluster.find(CONFIG_MAP, "twin-genesis") is None


async def test_the_same_chain_id_in_another_group_is_another_chain(running: Stage) -> None:
    running.create(name="twin", fiscoBcos={"groupId": "group1"})
    await running.settle(ChainKey("chains", "twin"))
    assert running.told(ConditionType.READY, "twin") == "True/AsExpected"


async def test_a_group_that_is_not_named_is_the_default_one(running: Stage) -> None:
    """As the CRD fills it in; one that lost its defaults must not open the door."""
    running.create(name="twin", fiscoBcos={"groupId": "group0"})
    await running.settle(ChainKey("chains", "twin"))
    assert running.told(VALID, "twin") == "False/ChainIdNotUnique"


async def test_a_twin_is_founded_once_the_elder_is_gone(running: Stage) -> None:
    running.create(name="twin")
    await running.settle(ChainKey("chains", "twin"))
    running.delete()
    await running.settle(ChainKey("chains", "twin"))
    assert running.told(ConditionType.READY, "twin") == "True/AsExpected"
