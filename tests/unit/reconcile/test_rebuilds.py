"""A node whose volume is lost is built anew from its peers: never a sealer that has forgotten its
votes, never two at once, and what it was it is again."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.changes import Standing
from consortium_operator.kube.kinds import (
    PERSISTENT_VOLUME_CLAIM,
    POD,
    ObjectKey,
)
from tests import chains
from tests.fakes.operator import Stage
from tests.unit.reconcile.rebuilding import (
    BACK_AND_FORTH,
    HUAWEI,
    IN_SYNC,
    NODES,
    READY,
    TENCENT,
    WEBANK,
    as_observer,
    asked,
    changes,
    entry,
    lose,
    mounted,
    restored,
    say,
    still_syncing,
    told,
    until_made,
    volumes,
    weight,
)

# A lost volume.


async def test_a_sealer_without_its_volume_is_an_observer_until_it_has_caught_up(
    running: Stage,
) -> None:
    lose(running, WEBANK)
    still_syncing(running, WEBANK)
    await until_made(running, WEBANK, 2)
    for _ in range(5):
        await running.round()
    assert weight(running, WEBANK) is None
    assert mounted(running, WEBANK) == "g2"
    assert running.told(IN_SYNC) == "False/CatchingUp"
    assert running.condition(IN_SYNC)["message"] == (
        "node webank/node-0 becomes a sealer of weight 1 again once it has caught up on "
        "trade-webank-node-0-data-g2; no other may fail meanwhile"
    )
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/NoFaultTolerance"
    assert entry(running, WEBANK).rebuilding == 2
    running.nodes.scripted.clear()
    await running.settle()
    assert weight(running, WEBANK) == 1
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert running.told(READY) == "True/AsExpected"
    now = entry(running, WEBANK)
    assert (now.rebuilding, now.former_weight, now.weight, now.volume) == (None, None, 1, 2)


async def test_it_never_has_an_empty_volume_while_it_votes(running: Stage) -> None:
    lose(running, WEBANK)
    for _ in range(20):
        await running.round()
        if weight(running, WEBANK) is not None and volumes(running, WEBANK):
            break
        assert weight(running, WEBANK) is None or not volumes(running, WEBANK)
    assert changes(running, WEBANK) == BACK_AND_FORTH


async def test_what_became_of_the_node_is_told_in_events(running: Stage) -> None:
    running.clock.advance(minutes=11)  # the Events of the founding count no more
    lose(running, WEBANK)
    await running.settle()
    assert told(running, "NodeDemoted") == [
        "node webank/node-0 becomes an observer until it is rebuilt: without it 3 of 3 weight are "
        "live and 3 needed, so that no other may fail meanwhile"
    ]
    assert told(running, "NodePromoted") == [
        "node webank/node-0 becomes a sealer of weight 1 again"
    ]
    assert "made volume trade-webank-node-0-data-g2 for node webank/node-0" in told(
        running, "VolumeMade"
    )


async def test_an_observer_without_its_volume_is_rebuilt_by_itself(running: Stage) -> None:
    await as_observer(running, WEBANK)
    lose(running, WEBANK)
    await running.settle()
    assert volumes(running, WEBANK) == ["g2"]
    assert running.nodes.enacted == []
    assert entry(running, WEBANK).rebuilding is None
    assert running.told(NODES) == "True/AsExpected"


async def test_a_chain_that_refuses_is_told_and_gets_no_empty_sealer(running: Stage) -> None:
    running.nodes.refusal = "no permission"
    lose(running, WEBANK)
    for _ in range(6):
        await running.round()
    assert volumes(running, WEBANK) == []
    assert running.told(IN_SYNC) == "False/Pending"
    assert running.condition(IN_SYNC)["message"] == (
        "node webank/node-0 becomes an observer until it is rebuilt: the chain refuses it: no "
        "permission"
    )
    assert running.told(NODES) == "False/VolumeLost"
    assert (
        "the volume trade-webank-node-0-data-g1 of node webank/node-0 is gone or going, and its "
        "pod is left alone: as a sealer it becomes an observer first"
    ) in running.condition(NODES)["message"]
    running.nodes.refusal = None
    running.clock.advance(minutes=10)
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


async def test_a_volume_that_comes_back_is_used(running: Stage) -> None:
    """Before the new one is there, it is the better one: the node still knows its votes."""
    running.nodes.refusal = "later"
    claim = lose(running, WEBANK)
    for _ in range(6):
        await running.round()
    assert entry(running, WEBANK).rebuilding == 2
    running.cluster.put(restored(claim))
    running.nodes.refusal = None
    await running.settle()
    assert volumes(running, WEBANK) == ["g1"]
    assert weight(running, WEBANK) == 1
    assert entry(running, WEBANK).rebuilding is None
    assert running.told(READY) == "True/AsExpected"


async def test_a_volume_that_only_the_watch_has_lost_is_not_rebuilt(running: Stage) -> None:
    claim = running.store.get(ObjectKey(PERSISTENT_VOLUME_CLAIM, "chains", f"{WEBANK}-data-g1"))
    assert claim is not None
    running.store.lose(claim)
    await running.act()
    await running.act()
    assert entry(running, WEBANK).rebuilding is None
    assert running.nodes.enacted == []


@pytest.mark.campaign
async def test_the_number_of_a_lost_volume_is_never_used_again(running: Stage) -> None:
    for generation in (1, 2):
        lose(running, WEBANK, generation=generation)
        await running.settle()
    assert volumes(running, WEBANK) == ["g3"]
    assert entry(running, WEBANK).volume == 3
    assert running.told(READY) == "True/AsExpected"


async def test_a_node_that_starts_twice_before_it_has_synced_starts_over(running: Stage) -> None:
    lose(running, WEBANK)
    still_syncing(running, WEBANK)
    await until_made(running, WEBANK, 2)
    for _ in range(3):
        await running.round()
    running.cluster.remove(ObjectKey(POD, "chains", f"{WEBANK}-0"))
    await until_made(running, WEBANK, 3)
    running.nodes.scripted.clear()
    await running.settle()
    assert mounted(running, WEBANK) == "g3"
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.campaign
async def test_a_weight_of_two_is_a_weight_of_two_again(stage: Stage) -> None:
    members = [chains.member("webank", chains.node("node", weight=2))]
    members += [
        chains.member(name, chains.node("node", weight=2)) for name in ("huawei", "tencent")
    ]
    stage.create(*members, chains.member("ping-an"))
    await stage.settle()
    lose(stage, WEBANK)
    await stage.settle()
    assert changes(stage, WEBANK) == [(Standing.OBSERVER, 1), (Standing.SEALER, 2)]
    assert weight(stage, WEBANK) == 2


# Two at once, or one that the chain cannot do without.


async def test_two_lost_volumes_wait_for_a_person(stage: Stage) -> None:
    """Though a chain of seven could spare both."""
    await seven(stage)
    lose(stage, "trade-m1-node-0", "trade-m2-node-0")
    await stage.settle()
    assert stage.told(NODES) == "False/VolumeLost"
    assert stage.told(ConditionType.STALLED) == "True/VolumeLost"
    assert (
        "the volume trade-m1-node-0-data-g1 of node m1/node-0 is gone or going, and its pod is "
        "left alone: the volumes of 2 sealers are lost: m1/node-0, m2/node-0. Restore the "
        "PersistentVolumeClaim, or have the node rebuilt from the others: kubectl annotate "
        "consortiumchain trade --namespace chains --overwrite "
        "consortium.dev/move-node=trade-m1-node-0@2"
    ) in stage.condition(NODES)["message"]
    assert stage.nodes.enacted == []
    say(stage, "trade-m1-node-0@2,trade-m2-node-0@2")
    await stage.settle(rounds=80)
    assert stage.told(READY) == "True/AsExpected"
    for node in ("trade-m1-node-0", "trade-m2-node-0"):
        assert changes(stage, node) == BACK_AND_FORTH
    standings = [one.standing for one in asked(stage)]
    assert standings == [Standing.OBSERVER, Standing.SEALER] * 2  # one after the other


async def seven(stage: Stage) -> None:
    stage.create(*(chains.member(f"m{number}") for number in range(1, 8)))
    await stage.settle()


async def test_where_no_block_can_be_made_a_person_is_asked(stage: Stage) -> None:
    stage.create(*(chains.member(name) for name in ("huawei", "tencent", "webank")))
    await stage.settle()
    lose(stage, WEBANK)
    await stage.settle()
    assert stage.told(NODES) == "False/VolumeLost"
    assert (
        "the volume trade-webank-node-0-data-g1 of node webank/node-0 is gone or going, and its "
        "pod is left alone: no block can be made without it. Restore the PersistentVolumeClaim, "
        "or have the node rebuilt from the others: kubectl annotate consortiumchain trade "
        "--namespace chains --overwrite consortium.dev/move-node=trade-webank-node-0@2"
    ) in stage.condition(NODES)["message"]
    assert volumes(stage, WEBANK) == []
    say(stage, f"{WEBANK}@2")
    await stage.settle()
    assert stage.nodes.enacted == []
    assert volumes(stage, WEBANK) == ["g2"]
    assert weight(stage, WEBANK) == 1
    assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/NoFaultTolerance"


async def test_without_a_quorum_it_is_rebuilt_only_if_it_is_the_only_one_down(
    running: Stage,
) -> None:
    lose(running, WEBANK)
    running.nodes.silent = {TENCENT}
    say(running, f"{WEBANK}@2")
    for _ in range(10):
        await running.round()
    assert volumes(running, WEBANK) == []
    assert running.told(NODES) == "False/VolumeLost"
    assert (
        "tencent/node-0 is down too, and has to be back first"
        in (running.condition(NODES)["message"])
    )
    running.nodes.silent = set()
    await running.settle()
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert running.told(READY) == "True/AsExpected"


async def test_a_chain_that_lost_its_quorum_is_rebuilt_by_words_for_each(running: Stage) -> None:
    """The first starts empty as a sealer, which a person has answered for; then there is a quorum
    to make the second an observer."""
    lose(running, TENCENT, WEBANK)
    for _ in range(10):
        await running.round()
    assert running.told(ConditionType.QUORUM_HEALTHY) == "False/QuorumLost"
    assert volumes(running, TENCENT) == volumes(running, WEBANK) == []
    say(running, f"{TENCENT}@2,{WEBANK}@2")
    await running.settle(rounds=80)
    assert changes(running, TENCENT) == []
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert running.told(READY) == "True/AsExpected"


async def test_one_that_is_lost_while_another_is_rebuilt_needs_a_person(running: Stage) -> None:
    lose(running, WEBANK)
    still_syncing(running, WEBANK)
    await until_made(running, WEBANK, 2)
    lose(running, TENCENT)
    for _ in range(10):
        await running.round()
    assert volumes(running, TENCENT) == []
    assert "no block can be made without it" in running.condition(NODES)["message"]
    say(running, f"{TENCENT}@2")
    for _ in range(5):
        await running.round()
    assert volumes(running, TENCENT) == ["g2"]
    running.nodes.scripted.clear()
    await running.settle()
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert running.told(READY) == "True/AsExpected"


async def test_one_that_was_stopped_meanwhile_holds_up_no_other(stage: Stage) -> None:
    def entries(**eye: str) -> list[dict[str, Any]]:
        names, role = ("huawei", "ping-an", "tencent", "webank"), {"role": "Observer"}
        eyes = [chains.node("eye", **role, **eye), chains.node("lens", **role)]
        return [*map(chains.member, names), chains.member("auditor", *eyes)]

    stage.create(*entries())
    await stage.settle()
    lose(stage, "trade-auditor-eye-0")
    await stage.round()
    assert entry(stage, "trade-auditor-eye-0").rebuilding == 2
    stage.edit(members=entries(state="Stopped"))
    await stage.settle()
    lose(stage, "trade-auditor-lens-0")
    await stage.settle()
    assert mounted(stage, "trade-auditor-lens-0") == "g2"
    stage.edit(members=entries())
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
    assert mounted(stage, "trade-auditor-eye-0") == "g2"


async def test_nothing_is_rebuilt_while_nodes_disagree(running: Stage) -> None:
    running.nodes.scripted[HUAWEI] = {"latest_hash": "0xother"}
    lose(running, WEBANK)
    say(running, f"{WEBANK}@2")
    for _ in range(10):
        await running.round()
    assert running.told(ConditionType.CHAIN_CONSISTENT) == "False/ChainSplit"
    assert running.nodes.enacted == []
    assert volumes(running, WEBANK) == []


# What a person writes.


async def test_a_word_with_another_number_than_the_next_moves_nothing_and_is_told(
    running: Stage,
) -> None:
    say(running, f"{WEBANK}@3")
    await running.settle()
    assert volumes(running, WEBANK) == ["g1"]
    assert running.told(ConditionType.SPEC_VALID) == "False/Invalid"
    assert running.condition(ConditionType.SPEC_VALID)["message"] == (
        "metadata.annotations[consortium.dev/move-node]: trade-webank-node-0@3 moves nothing, "
        "since the next volume of node webank/node-0 is 2: kubectl annotate consortiumchain trade "
        "--namespace chains --overwrite consortium.dev/move-node=trade-webank-node-0@2"
    )
    say(running, f"{WEBANK}@2")
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


async def test_a_claim_whose_disk_is_lost_waits_for_a_person(running: Stage) -> None:
    def lose_disk(claim: dict[str, Any]) -> None:
        claim["status"]["phase"] = "Lost"

    running.cluster.edit(PERSISTENT_VOLUME_CLAIM, f"{WEBANK}-data-g1", lose_disk)
    await running.settle()
    assert running.told(NODES) == "False/VolumeLost"
    message = running.condition(NODES)["message"]
    assert "trade-webank-node-0-data-g1 of node webank/node-0 is gone or going" in message
    assert "its claim is Lost" in message
    say(running, f"{WEBANK}@2")
    await running.settle()
    assert (mounted(running, WEBANK), changes(running, WEBANK)) == ("g2", BACK_AND_FORTH)
    assert running.told(READY) == "True/AsExpected"
