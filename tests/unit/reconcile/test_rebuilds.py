"""A node whose volume is lost, or that moves, is built anew from its peers: never a sealer that has
forgotten its votes, never two at once, and what it was it is again."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.changes import MemberChange, Members, Standing
from consortium_operator.chain.journal import Journal, JournalEntry
from consortium_operator.kube.errors import ApiError
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    JsonObject,
    ObjectKey,
)
from tests import chains
from tests.fakes.faults import Fault, Killed, Mode, at_write
from tests.fakes.operator import Stage

WEBANK, TENCENT, HUAWEI = (f"trade-{name}-node-0" for name in ("webank", "tencent", "huawei"))
NODES, READY = ConditionType.NODES_READY, ConditionType.READY
IN_SYNC, UP_TO_DATE = ConditionType.MEMBERSHIP_IN_SYNC, ConditionType.UP_TO_DATE


def lose(stage: Stage, *nodes: str, generation: int = 1) -> JsonObject:
    """The claims and all that was on them, and the pods with them. Returns the last claim."""
    for node in nodes:
        claim = stage.cluster.delete_by_hand(PERSISTENT_VOLUME_CLAIM, f"{node}-data-g{generation}")
        stage.cluster.remove(ObjectKey(POD, "chains", f"{node}-0"))
    return claim


def restored(claim: JsonObject) -> JsonObject:
    metadata = {k: claim["metadata"][k] for k in ("name", "namespace", "labels", "annotations")}
    return claim | {"metadata": metadata}


def say(stage: Stage, words: str | None) -> None:
    def change(body: JsonObject) -> None:
        annotations = body["metadata"].setdefault("annotations", {})
        annotations.pop("consortium.dev/move-node", None)
        if words is not None:
            annotations["consortium.dev/move-node"] = words

    stage.cluster.edit(CONSORTIUM_CHAIN, "trade", change)


def node_id(stage: Stage, node: str) -> str:
    register = stage.cluster.find(CONFIG_MAP, f"{node}-identity")
    assert register is not None
    found: str = register["data"]["node_id"]
    return found


def weight(stage: Stage, node: str) -> int | None:
    """On the chain; None for an observer."""
    return stage.nodes.members("trade", "chains").sealers.get(node_id(stage, node))


def volumes(stage: Stage, node: str) -> list[str]:
    names = [claim["metadata"]["name"] for claim in stage.cluster.all(PERSISTENT_VOLUME_CLAIM)]
    return [name.removeprefix(f"{node}-data-") for name in names if name.startswith(node)]


def mounted(stage: Stage, node: str) -> str:
    pod = stage.cluster.find(POD, f"{node}-0")
    assert pod is not None
    claim: str = next(
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    )
    return claim.removeprefix(f"{node}-data-")


def entry(stage: Stage, node: str) -> JournalEntry:
    found = stage.cluster.find(CONFIG_MAP, "trade-journal")
    assert found is not None
    return Journal.from_data(found["data"]).of(node)


def changes(stage: Stage, node: str) -> list[tuple[Standing, int]]:
    """What was asked of the chain for the node."""
    its = node_id(stage, node)
    return [(one.standing, one.weight) for one in asked(stage) if one.node_id == its]


def asked(stage: Stage) -> list[MemberChange]:
    return [one for one in stage.nodes.enacted if isinstance(one, MemberChange)]


def still_syncing(stage: Stage, node: str) -> None:
    stage.nodes.scripted[node] = {"height": 0, "latest_hash": ""}


async def until_made(stage: Stage, node: str, generation: int) -> None:
    for _ in range(20):
        if f"g{generation}" in volumes(stage, node):
            return
        await stage.round()
    raise AssertionError(stage.status())


def told(stage: Stage, reason: str) -> list[str]:
    return [event["message"] for event in stage.cluster.events if event["reason"] == reason]


async def as_observer(stage: Stage, node: str) -> None:
    """Somebody has made it one; the operator has seen that."""
    its, before = node_id(stage, node), stage.nodes.members("trade", "chains")
    sealers = {one: weight for one, weight in before.sealers.items() if one != its}
    stage.nodes._members["chains", "trade"] = Members(sealers, frozenset({its}))
    await stage.settle()


BACK_AND_FORTH = [(Standing.OBSERVER, 1), (Standing.SEALER, 1)]


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


async def test_nothing_is_rebuilt_while_nodes_disagree(running: Stage) -> None:
    running.nodes.scripted[HUAWEI] = {"latest_hash": "0xother"}
    lose(running, WEBANK)
    say(running, f"{WEBANK}@2")
    for _ in range(10):
        await running.round()
    assert running.told(ConditionType.CHAIN_CONSISTENT) == "False/ChainSplit"
    assert running.nodes.enacted == []
    assert volumes(running, WEBANK) == []


# Moving.


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


# Crashes.


def _lost(stage: Stage) -> None:
    lose(stage, WEBANK)


def _moved(stage: Stage) -> None:
    say(stage, f"{WEBANK}@2")


@pytest.mark.parametrize("begin", [_lost, _moved])
@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, id=mode.name, marks=[pytest.mark.campaign] * (mode is not Mode.AFTER))
        for mode in Mode
    ],
)
@pytest.mark.parametrize("number", range(1, 8))
async def test_cut_off_anywhere_a_node_is_rebuilt_once(
    running: Stage, number: int, mode: Mode, begin: Any
) -> None:
    running.cluster.faults.append(Fault(at_write(number), mode=mode))
    begin(running)
    while True:
        try:
            await running.settle()
            break
        except Killed:
            running.start()
        except ApiError:
            continue
    assert running.cluster.faults[0].spent
    assert mounted(running, WEBANK) == "g2"
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert entry(running, WEBANK).rebuilding is None
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.parametrize("begin", [_lost, _moved])
async def test_an_operator_that_is_new_in_each_round_rebuilds_it(
    running: Stage, begin: Any
) -> None:
    begin(running)
    for _ in range(30):
        running.start()
        await running.round()
    await running.settle()
    assert mounted(running, WEBANK) == "g2"
    assert changes(running, WEBANK) == BACK_AND_FORTH
    assert running.told(READY) == "True/AsExpected"
