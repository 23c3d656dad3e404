"""Members join, change and leave after the founding: by transactions, one at a time, each read
back, and never so that the chain could stop."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.changes import MemberChange, Standing
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SECRET,
    SERVICE,
    STATEFUL_SET,
)
from tests import chains
from tests.fakes.operator import Stage

FOUNDERS = ("huawei", "ping-an", "tencent", "webank")
SYNC = ConditionType.MEMBERSHIP_IN_SYNC


def members(*names: str, **nodes: Any) -> list[dict[str, Any]]:
    """`nodes`: the node entry of a member that has another than one sealer."""
    return [
        chains.member(name, *([nodes[name]] if name in nodes else []))
        for name in (*names, *(one for one in nodes if one not in names))
    ]


def node_id(stage: Stage, node: str) -> str:
    register = stage.cluster.find(CONFIG_MAP, f"{node}-identity")
    assert register is not None
    found: str = register["data"]["node_id"]
    return found


def enacted(stage: Stage) -> list[tuple[Standing, int]]:
    changes = [one for one in stage.nodes.enacted if isinstance(one, MemberChange)]
    return [(change.standing, change.weight) for change in changes]


def on_chain(stage: Stage) -> tuple[dict[str, int], set[str]]:
    found = stage.nodes.members("trade", "chains")
    return dict(found.sealers), set(found.observers)


def pods(stage: Stage) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in stage.cluster.all(POD)}


async def five_members(stage: Stage) -> None:
    stage.edit(members=members(*FOUNDERS, "newcomer"))
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"


# Joining.


async def test_a_new_organisation_joins_and_nobody_restarts(running: Stage) -> None:
    before = pods(running)
    await five_members(running)
    assert enacted(running) == [(Standing.SEALER, 1), (Standing.SEALER, 1)]
    sealers, observers = on_chain(running)
    assert sealers[node_id(running, "trade-newcomer-node-0")] == 1
    assert (len(sealers), observers) == (5, set())
    after = pods(running)
    assert {name: after[name] for name in before} == before
    assert running.status()["sealers"] == "5/5"
    assert running.status()["memberCount"] == 5


async def test_a_joiner_is_an_observer_until_it_keeps_up(running: Stage) -> None:
    running.edit(members=members(*FOUNDERS, "newcomer"))
    running.nodes.scripted["trade-newcomer-node-0"] = {"height": 0}
    await running.settle()
    assert running.told(SYNC) == "False/CatchingUp"
    sealers, observers = on_chain(running)
    assert observers == {node_id(running, "trade-newcomer-node-0")}
    assert len(sealers) == 4
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    running.nodes.scripted.clear()
    await running.settle()
    assert running.told(SYNC) == "True/AsExpected"
    assert len(on_chain(running)[0]) == 5


async def test_a_joiner_that_does_not_run_is_not_taken_in(running: Stage) -> None:
    running.nodes.silent.add("trade-newcomer-node-0")
    running.edit(members=members(*FOUNDERS, "newcomer"))
    await running.settle()
    assert running.told(SYNC) == "False/Joining"
    assert "newcomer/node-0" in running.condition(SYNC)["message"]
    assert enacted(running) == []
    assert running.told(ConditionType.NODES_READY).startswith("True")


async def test_an_observer_of_the_founding_joins_once_blocks_come(stage: Stage) -> None:
    stage.create(*members(*FOUNDERS, auditor=chains.node("eye", role="Observer")))
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    assert enacted(stage) == [(Standing.OBSERVER, 1)]
    assert on_chain(stage)[1] == {node_id(stage, "trade-auditor-eye-0")}


async def test_more_nodes_join_one_after_the_other(running: Stage) -> None:
    running.edit(members=members(*FOUNDERS, webank=chains.node("node", count=4)))
    await running.settle(rounds=80)
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert enacted(running) == [(Standing.SEALER, 1)] * 6
    assert len(on_chain(running)[0]) == 7


async def test_a_new_weight_is_set(running: Stage) -> None:
    running.edit(members=members(*FOUNDERS, webank=chains.node("node", weight=2)))
    await running.settle()
    assert enacted(running) == [(Standing.SEALER, 2)]
    assert running.status()["quorum"]["totalWeight"] == 5


async def test_what_the_chain_refuses_is_told(running: Stage) -> None:
    running.nodes.refusal = "the account is no governor of the chain"
    running.edit(members=members(*FOUNDERS, "newcomer"))
    for _ in range(12):
        await running.round()
    assert "no governor" in running.condition(SYNC)["message"]
    assert len(on_chain(running)[0]) == 4


async def test_nothing_is_sent_while_the_quorum_is_lost(running: Stage) -> None:
    running.nodes.silent |= {"trade-webank-node-0", "trade-tencent-node-0"}
    running.edit(members=members(*FOUNDERS, "newcomer"))
    for _ in range(12):
        await running.round()
    assert enacted(running) == []
    assert "once the chain has a quorum" in running.condition(SYNC)["message"]


# Leaving.


async def test_an_organisation_leaves_and_its_keys_and_volume_stay(running: Stage) -> None:
    await five_members(running)
    secrets = {one["metadata"]["name"] for one in running.cluster.all(SECRET)}
    running.edit(members=members(*FOUNDERS))
    await running.settle(rounds=80)
    assert enacted(running)[-1] == (Standing.OUTSIDE, 1)
    assert len(on_chain(running)[0]) == 4
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert running.cluster.find(STATEFUL_SET, "trade-newcomer-node-0") is None
    assert running.cluster.find(SERVICE, "trade-newcomer-node-0") is not None
    assert {one["metadata"]["name"] for one in running.cluster.all(SECRET)} == secrets
    volume = "trade-newcomer-node-0-data-g1"
    assert running.cluster.find(PERSISTENT_VOLUME_CLAIM, volume) is not None


async def test_a_service_goes_minutes_after_the_last_list_that_named_it(running: Stage) -> None:
    await five_members(running)
    running.edit(members=members(*FOUNDERS))
    await running.settle(rounds=80)
    peers = running.cluster.find(CONFIG_MAP, "trade-webank-node-0-peers")
    assert peers is not None
    assert "newcomer" not in str(peers["data"])
    running.clock.advance(minutes=3)
    await running.settle()
    assert running.cluster.find(SERVICE, "trade-newcomer-node-0") is None
    assert running.cluster.find(SERVICE, "trade-newcomer-rpc") is None
    assert running.cluster.find(CONFIG_MAP, "trade-newcomer-node-0-peers") is None


async def test_a_clock_that_is_set_back_keeps_no_service_for_long(running: Stage) -> None:
    await five_members(running)
    running.edit(members=members(*FOUNDERS))
    await running.settle(rounds=80)
    running.clock.advance(minutes=-50)
    await running.settle()
    assert running.cluster.find(SERVICE, "trade-newcomer-node-0") is not None
    running.clock.advance(minutes=3)
    await running.settle()
    assert running.cluster.find(SERVICE, "trade-newcomer-node-0") is None


async def test_nobody_trusts_an_organisation_that_left_and_only_then_it_is_told(
    running: Stage,
) -> None:
    await five_members(running)
    before = pods(running)
    running.edit(members=members(*FOUNDERS))
    for _ in range(80):
        await running.round()
        after = pods(running)
        if any(after.get(name) == uid for name, uid in before.items() if "newcomer" not in name):
            assert "OrganisationRemoved" not in reasons(running)
        elif "OrganisationRemoved" in reasons(running):
            break
    assert not set(pods(running).values()) & set(before.values())
    assert reasons(running).count("OrganisationRemoved") == 1
    trust = running.cluster.find(CONFIG_MAP, "trade-trust")
    assert trust is not None
    assert len(trust["data"]) == 4


def reasons(stage: Stage) -> list[str]:
    return [event["reason"] for event in stage.cluster.events]


async def test_whoever_left_may_come_back_with_its_key_and_ledger(running: Stage) -> None:
    await five_members(running)
    known = node_id(running, "trade-newcomer-node-0")
    running.edit(members=members(*FOUNDERS))
    await running.settle(rounds=80)
    running.clock.advance(minutes=4)
    await running.settle()
    running.edit(members=members(*FOUNDERS, "newcomer"))
    await running.settle(rounds=80)
    assert on_chain(running)[0][known] == 1
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert node_id(running, "trade-newcomer-node-0") == known


async def test_whoever_comes_back_without_its_volume_joins_as_anybody_else(
    running: Stage,
) -> None:
    """It is rebuilt from its peers, who send no blocks to a node that the chain does not have."""
    await five_members(running)
    running.edit(members=members(*FOUNDERS))
    await running.settle(rounds=80)
    running.cluster.delete_by_hand(PERSISTENT_VOLUME_CLAIM, "trade-newcomer-node-0-data-g1")
    running.edit(members=members(*FOUNDERS, "newcomer"))
    await running.settle(rounds=80)
    assert on_chain(running)[0][node_id(running, "trade-newcomer-node-0")] == 1
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_the_fourth_of_four_stays_with_the_arithmetic(running: Stage) -> None:
    running.edit(members=members("huawei", "ping-an", "tencent"))
    await running.settle()
    assert running.told(SYNC) == "False/QuorumUnsafe"
    message = running.condition(SYNC)["message"]
    assert "webank/node-0 leaves the chain: refused, since 3 sealers would be left of 4" in message
    assert enacted(running) == []
    assert "trade-webank-node-0-0" in pods(running)


async def test_a_person_may_insist_once(running: Stage) -> None:
    running.edit(members=members("huawei", "ping-an", "tencent"))
    await running.settle()
    accept(running)
    await running.settle(rounds=80)
    assert enacted(running) == [(Standing.OUTSIDE, 1)]
    assert len(on_chain(running)[0]) == 3
    running.edit(members=members(*FOUNDERS))
    await running.settle(rounds=80)
    assert len(on_chain(running)[0]) == 4
    running.edit(members=members("huawei", "ping-an", "tencent"))
    await running.settle()
    assert running.told(SYNC) == "False/QuorumUnsafe"
    assert len(on_chain(running)[0]) == 4


def accept(stage: Stage) -> None:
    """By the command that the message gives."""
    words = stage.condition(SYNC)["message"].split("--overwrite ")[1].split()[0]
    name, value = words.split("=")
    stage.annotate(name, value)


async def test_one_of_five_may_leave_though_another_is_silent(running: Stage) -> None:
    """Of the four that are left three are live, and that is their quorum."""
    await five_members(running)
    running.nodes.silent |= {"trade-huawei-node-0"}
    await running.settle()
    running.edit(members=members("huawei", "ping-an", "tencent", "webank"))
    await running.settle()
    assert running.told(SYNC) == "True/AsExpected"
    assert len(on_chain(running)[0]) == 4


async def test_a_replacement_joins_before_the_other_leaves(running: Stage) -> None:
    running.edit(members=members("huawei", "ping-an", "tencent", "newcomer"))
    await running.settle(rounds=80)
    standings = [standing for standing, _ in enacted(running)]
    assert standings == [Standing.SEALER, Standing.SEALER, Standing.OUTSIDE]
    assert len(on_chain(running)[0]) == 4
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_sealer_becomes_an_observer_and_runs_on(running: Stage) -> None:
    await five_members(running)
    entry = chains.node("node", role="Observer")
    running.edit(members=members(*FOUNDERS, newcomer=entry))
    await running.settle()
    assert on_chain(running)[1] == {node_id(running, "trade-newcomer-node-0")}
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert "trade-newcomer-node-0-0" in pods(running)


async def test_a_dead_organisation_can_leave_by_what_the_journal_remembers(running: Stage) -> None:
    """Its Secrets are gone with it, which is nobody's business any more."""
    await five_members(running)
    running.nodes.silent.add("trade-newcomer-node-0")
    for one in running.cluster.all(SECRET):
        if "newcomer" in one["metadata"]["name"] and "client" not in one["metadata"]["name"]:
            running.cluster.delete_by_hand(SECRET, one["metadata"]["name"])
    running.start()
    running.edit(members=members(*FOUNDERS))
    await running.settle(rounds=80)
    assert len(on_chain(running)[0]) == 4
    assert running.told(ConditionType.IDENTITIES_INTACT) == "True/AsExpected"
    assert running.told(ConditionType.READY) == "True/AsExpected"


# What others decide.


async def test_what_others_changed_on_chain_is_told_and_left(running: Stage) -> None:
    running.nodes.outvote("trade", node_id(running, "trade-webank-node-0"), Standing.OBSERVER)
    await running.settle()
    assert running.told(SYNC) == "False/ChangedOnChain"
    assert "webank/node-0" in running.condition(SYNC)["message"]
    assert enacted(running) == []
    running.start()
    await running.settle()
    assert running.told(SYNC) == "False/ChangedOnChain"
    assert enacted(running) == []


async def test_a_person_may_have_it_changed_back(running: Stage) -> None:
    running.nodes.outvote("trade", node_id(running, "trade-webank-node-0"), Standing.OBSERVER)
    await running.settle()
    accept(running)
    await running.settle()
    assert enacted(running) == [(Standing.SEALER, 1)]
    assert running.told(SYNC) == "True/AsExpected"


async def test_a_stranger_on_chain_is_told(running: Stage) -> None:
    running.nodes.outvote("trade", "ab" * 64, Standing.OBSERVER)
    await running.settle()
    assert running.told(SYNC) == "False/ChangedOnChain"
    assert "abababab" in running.condition(SYNC)["message"]


# Whatever interrupts.


@pytest.mark.parametrize(
    "restart_every",
    [pytest.param(1, marks=pytest.mark.campaign), 2, pytest.param(3, marks=pytest.mark.campaign)],
)
async def test_an_operator_that_restarts_all_the_time_gets_there_too(
    running: Stage, restart_every: int
) -> None:
    running.edit(members=members("huawei", "ping-an", "tencent", "newcomer"))
    for number in range(80):
        await running.round()
        if number % restart_every == 0:
            running.start()
        if running.told(ConditionType.READY) == "True/AsExpected" and number > 10:
            break
    await running.settle()
    standings = [standing for standing, _ in enacted(running)]
    assert standings == [Standing.SEALER, Standing.SEALER, Standing.OUTSIDE]
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_refused_edit_leaves_the_members_as_they_are(running: Stage) -> None:
    running.edit(members=members("huawei"), version="3.99.0")
    running.cluster.forget_calls()
    await running.settle()
    assert running.told(ConditionType.SPEC_VALID) == "False/UnknownVersion"
    assert {write.split()[0] for write in running.cluster.writes} == {"patch-status"}
    assert running.status()["memberCount"] == 4
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"


async def test_a_resource_made_anew_without_half_of_the_founders_says_who_is_missing(
    running: Stage,
) -> None:
    """Their pods went with the old resource, and two of four cannot vote them out."""
    running.delete()
    await running.settle()
    running.create(*members("huawei", "webank"))
    await running.settle(rounds=60)
    assert running.told(SYNC) == "False/QuorumUnsafe"
    assert running.condition(ConditionType.STALLED)["status"] == "True"
    message = running.condition(SYNC)["message"]
    assert "ping-an/node-0, tencent/node-0: out of the spec" in message
    assert "put them back into the spec" in message
    running.edit(members=members(*FOUNDERS))
    await running.settle(rounds=60)
    assert running.told(ConditionType.READY) == "True/AsExpected"
