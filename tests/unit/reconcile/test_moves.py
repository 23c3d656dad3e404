"""A node moves to a new volume by a person's word, and is built anew there from its peers."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.changes import Standing
from consortium_operator.kube.kinds import (
    PERSISTENT_VOLUME_CLAIM,
    POD,
)
from tests import chains
from tests.fakes.operator import Stage
from tests.unit.reconcile.rebuilding import (
    BACK_AND_FORTH,
    IN_SYNC,
    READY,
    TENCENT,
    UP_TO_DATE,
    WEBANK,
    changes,
    entry,
    lose,
    mounted,
    say,
    still_syncing,
    until_made,
    volumes,
    weight,
)


async def test_a_node_moves_to_a_new_volume_and_keeps_the_old_one(running: Stage) -> None:
    placement = {"nodeSelector": {"city": "beijing"}}
    say(running, f"{WEBANK}@2")
    running.edit(nodeDefaults={"storage": {"size": "10Gi", "storageClassName": "fast"}})
    members = running.body()["spec"]["members"]
    for member in members:
        member["nodes"][0]["placement"] = placement if member["name"] == "webank" else {}
        if member["name"] != "webank":
            member["nodes"][0]["storage"] = {"size": "20Gi"}
    running.edit(members=members)
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert volumes(running, WEBANK) == ["g1", "g2"]
    claim = running.cluster.find(PERSISTENT_VOLUME_CLAIM, f"{WEBANK}-data-g2")
    assert claim is not None
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi"
    pod = running.cluster.find(POD, f"{WEBANK}-0")
    assert pod is not None
    assert pod["spec"]["nodeSelector"]["city"] == "beijing"
    assert mounted(running, WEBANK) == "g2"
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert running.cluster.evictions == [f"{WEBANK}-0"]


async def test_the_word_is_good_once(running: Stage) -> None:
    say(running, f"{WEBANK}@2")
    await running.settle()
    running.start()
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    await running.settle(rounds=80)
    assert volumes(running, WEBANK) == ["g1", "g2"]
    assert changes(running, WEBANK) == BACK_AND_FORTH


@pytest.mark.parametrize("words", [f"{WEBANK}@1", f"{WEBANK}@3", f"{WEBANK}@", "webank/node-0@2"])
async def test_another_number_or_name_moves_nothing(running: Stage, words: str) -> None:
    say(running, words)
    await running.settle()
    assert [write for write in running.cluster.writes if "status" not in write] == []


async def test_until_it_has_moved_its_pod_is_left_as_it_is(running: Stage) -> None:
    """Also by a new setting, and by a placement where its old volume cannot be."""
    running.nodes.refusal = "later"
    say(running, f"{WEBANK}@2")
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    for _ in range(60):
        await running.round()
    assert f"{WEBANK}-0" not in running.cluster.evictions
    assert len(running.cluster.evictions) == 3
    assert running.told(UP_TO_DATE) == "False/RollingOut"
    assert (
        "node webank/node-0 is rebuilt on the volume trade-webank-node-0-data-g2: as a sealer it "
        "becomes an observer first"
    ) in running.condition(UP_TO_DATE)["message"]


async def test_a_word_taken_back_in_time_leaves_the_node_where_it_is(running: Stage) -> None:
    running.nodes.refusal = "later"
    say(running, f"{WEBANK}@2")
    for _ in range(5):
        await running.round()
    assert entry(running, WEBANK).rebuilding == 2
    say(running, None)
    running.nodes.refusal = None
    await running.settle()
    assert volumes(running, WEBANK) == ["g1"]
    assert weight(running, WEBANK) == 1
    assert running.told(READY) == "True/AsExpected"


async def test_a_sealer_does_not_move_while_the_chain_cannot_spare_its_vote(stage: Stage) -> None:
    """Five may lose one; without the one that moves, four need three and the silent one is none."""
    stage.create(*(chains.member(f"m{number}") for number in range(1, 5)))
    await stage.settle()
    stage.nodes.silent = {"trade-m4-node-0"}
    say(stage, "trade-m1-node-0@2")
    for _ in range(6):
        await stage.round()
    assert stage.told(IN_SYNC) == "False/QuorumUnsafe"
    assert stage.condition(IN_SYNC)["message"] == (
        "node m1/node-0 cannot become an observer now: without it 2 of 3 weight are live and 3 "
        "needed"
    )
    assert stage.nodes.enacted == []
    stage.nodes.silent = set()
    await stage.settle()
    assert mounted(stage, "trade-m1-node-0") == "g2"
    assert stage.told(READY) == "True/AsExpected"


async def test_a_move_that_waits_makes_way_for_a_volume_that_is_lost(running: Stage) -> None:
    """Without that node the chain cannot spare the vote of the one that moves, and only one node is
    rebuilt at a time: each waited for the other."""
    running.nodes.silent = {WEBANK}
    say(running, f"{TENCENT}@2")
    for _ in range(5):
        await running.round()
    assert entry(running, TENCENT).rebuilding == 2
    lose(running, WEBANK)
    running.nodes.silent.clear()
    await running.settle(rounds=80)
    assert running.told(READY) == "True/AsExpected"
    assert mounted(running, WEBANK) == mounted(running, TENCENT) == "g2"


async def test_a_word_for_the_volume_after_next_waits_until_the_node_is_back(
    running: Stage,
) -> None:
    """In force between the making of a volume and the restart on it, it kept the node from both."""
    lose(running, WEBANK)
    say(running, f"{WEBANK}@3")
    await running.settle(rounds=80)
    assert mounted(running, WEBANK) == "g3"
    assert weight(running, WEBANK) == 1
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.campaign
async def test_two_nodes_move_one_after_the_other(running: Stage) -> None:
    say(running, f"{WEBANK}@2 {TENCENT}@2")
    most = 0
    for _ in range(60):
        await running.round()
        sealers = running.nodes.members("trade", "chains").sealers
        most = max(most, 4 - len(sealers))
    assert most == 1
    assert mounted(running, WEBANK) == mounted(running, TENCENT) == "g2"
    assert running.told(READY) == "True/AsExpected"


async def test_a_volume_lost_after_the_move_is_not_replaced_by_the_older_one(
    running: Stage,
) -> None:
    say(running, f"{WEBANK}@2")
    await running.settle()
    lose(running, WEBANK, generation=2)
    await running.settle()
    assert volumes(running, WEBANK) == ["g1", "g3"]
    assert mounted(running, WEBANK) == "g3"
    assert changes(running, WEBANK) == BACK_AND_FORTH * 2


async def test_a_node_that_is_given_up_meanwhile_leaves(running: Stage) -> None:
    lose(running, WEBANK)
    still_syncing(running, WEBANK)
    await until_made(running, WEBANK, 2)
    others = [one for one in running.body()["spec"]["members"] if one["name"] != "webank"]
    running.edit(members=others)
    for _ in range(6):
        await running.round()
    left = [(Standing.OBSERVER, 1), (Standing.OUTSIDE, 1)]
    assert changes(running, WEBANK) == left
    assert entry(running, WEBANK).rebuilding is None


@pytest.mark.parametrize("number", ["9" * 5000, "²"])
async def test_a_word_that_is_no_number_is_told(running: Stage, number: str) -> None:
    running.annotate("consortium.dev/move-node", f"trade-webank-node-0@{number}")
    await running.round()
    assert running.told(ConditionType.SPEC_VALID) == "False/Invalid"
