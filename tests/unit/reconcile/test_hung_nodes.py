"""A node whose process runs and takes no part is noticed, and restarted under the guard."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.journal import Journal
from consortium_operator.kube.kinds import CONFIG_MAP, POD, SECRET, JsonObject
from consortium_operator.reconcile.hangs import BETWEEN_NODES, TOLD_AFTER
from consortium_operator.reconcile.repeats import FIRST_PAUSE, LONGEST_PAUSE, Repeats
from consortium_operator.reconcile.suspicions import (
    BEHIND_FOR,
    NOTED_EVERY,
    SILENT_FOR,
)
from tests import chains
from tests.campaigns import few_of
from tests.fakes.operator import Stage
from tests.unit.reconcile.hanging import (
    HUAWEI,
    JOURNAL,
    NODES,
    READY,
    ROUND,
    SILENT,
    WEBANK,
    entry_of,
    hang,
    look_for,
)


async def test_a_hung_node_is_told_with_its_name_and_since_when(running: Stage) -> None:
    hang(running, WEBANK)
    noticed = running.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    await running.round()
    assert running.told(NODES) == "False/NodeDown"
    await look_for(running, TOLD_AFTER)
    await running.round()
    assert running.told(NODES) == "False/NodeHung"
    assert running.condition(NODES)["message"] == (
        f"node webank/node-0 hangs since {noticed}: it does not answer getPeers within 5 s: its "
        "gateway hangs"
    )
    assert running.told(READY) == "False/NodeHung"
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert running.cluster.evictions == []


async def test_the_words_on_a_hang_do_not_change_from_round_to_round(running: Stage) -> None:
    hang(running, WEBANK)
    await look_for(running, TOLD_AFTER + ROUND)
    running.cluster.forget_calls()
    await look_for(running, timedelta(minutes=1))
    journal = f"apply ConfigMap chains/{JOURNAL}"
    assert running.cluster.writes == [journal] * (timedelta(minutes=1) // NOTED_EVERY)


async def test_it_is_restarted_after_a_while_and_all_is_well(running: Stage) -> None:
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR - ROUND)
    assert running.cluster.evictions == []
    await look_for(running, 4 * ROUND)
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


async def test_a_node_that_answers_again_is_left_alone(running: Stage) -> None:
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR - 2 * ROUND)
    running.nodes.hung.clear()
    await running.round()
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR - 2 * ROUND)
    assert running.cluster.evictions == []


async def test_time_in_which_nobody_looked_does_not_count(running: Stage) -> None:
    """The operator stood still, or the clock jumped: forth, or back."""
    hang(running, WEBANK)
    for jump in (timedelta(hours=1), timedelta(hours=-2), timedelta(hours=3)):
        await running.round()
        await running.round()
        running.clock.now += jump
        await running.round()
        assert running.cluster.evictions == []


async def test_one_that_hangs_again_and_again_is_restarted_ever_less_often(running: Stage) -> None:
    now, restarts, pauses = running.clock.now, Repeats(), []
    for number in range(8):
        restarts = restarts.again(f"pod {number}", now)
        earliest = restarts.not_before("the one after", now)
        assert earliest is not None
        pauses.append(earliest - now)
        now = earliest
    assert pauses[0] == FIRST_PAUSE
    assert pauses[1] == 2 * FIRST_PAUSE
    assert all(later >= earlier for earlier, later in pairwise(pauses))
    assert pauses[-1] == LONGEST_PAUSE


async def test_that_it_hung_is_kept_though_a_person_asks_for_the_same_restart(
    running: Stage,
) -> None:
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR - ROUND)
    running.annotate("consortium.dev/restart", f"{WEBANK}@1")
    running.clock.now += 4 * ROUND
    await running.round()
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    assert (entry_of(running).hangs, entry_of(running).restarted) == (1, "1")


async def test_while_it_may_not_be_restarted_again_the_status_says_until_when(
    running: Stage,
) -> None:
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR + 3 * ROUND)
    running.start()  # what a new process knows of it is in the journal
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR + 3 * ROUND)
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    assert (
        "restarted for the same reason 1 times, and is not again before 2026-01-02T03:"
        in (running.condition(NODES)["message"])
    )


@pytest.mark.campaign
async def test_one_that_was_well_for_long_starts_anew(running: Stage) -> None:
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR + 3 * ROUND)
    await running.settle()
    assert entry_of(running).hangs == 1
    running.clock.advance(hours=24)
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR + 3 * ROUND)
    assert running.cluster.evictions == [f"{WEBANK}-0"] * 2
    assert entry_of(running).hangs == 1


async def test_a_restart_that_a_budget_refuses_is_tried_again_without_noise(
    running: Stage,
) -> None:
    running.cluster.refuses_evictions = "not now"
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR + 3 * ROUND)
    assert "not now" in running.condition(NODES)["message"]
    running.cluster.forget_calls()
    await look_for(running, 4 * ROUND)
    assert {write.split()[0] for write in running.cluster.writes} == {"evict"}
    running.cluster.refuses_evictions = None
    await look_for(running, 2 * ROUND)
    assert running.cluster.evictions == [f"{WEBANK}-0"]
    assert entry_of(running).hangs == 1


async def test_a_restart_noted_in_the_future_does_not_keep_a_node_from_help(
    running: Stage,
) -> None:
    """A clock was wrong."""
    entry = replace(entry_of(running), hangs=3, hung_pod="gone", hung_at="2099-01-01T00:00:00Z")

    def note(journal: JsonObject) -> None:
        journal["data"] |= Journal({WEBANK: entry}).to_data()

    running.cluster.edit(CONFIG_MAP, JOURNAL, note)
    hang(running, WEBANK)
    await look_for(running, SILENT_FOR + 3 * ROUND)
    assert running.cluster.evictions == [f"{WEBANK}-0"]


async def test_two_that_hang_are_restarted_one_after_the_other(running: Stage) -> None:
    """The quorum is lost, and one of them brings it back."""
    hang(running, WEBANK, HUAWEI)
    await look_for(running, SILENT_FOR - ROUND)
    assert running.told(ConditionType.QUORUM_HEALTHY) == "False/QuorumLost"
    await look_for(running, 3 * ROUND)
    assert running.cluster.evictions == [f"{HUAWEI}-0"]
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    await look_for(running, BETWEEN_NODES)
    await running.settle()
    assert running.cluster.evictions == [f"{HUAWEI}-0", f"{WEBANK}-0"]
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.campaign
async def test_where_all_seem_to_hang_it_is_a_matter_of_one_in_five_minutes(
    running: Stage,
) -> None:
    """An operator that starves sees them so, while they serve."""
    for _ in range(60):
        hang(running, *(p["metadata"]["name"][:-2] for p in running.cluster.all(POD)))
        before = len(running.cluster.evictions)
        await running.round()
        running.clock.now += ROUND
        assert len(running.cluster.evictions) - before <= 1
    assert 2 <= len(running.cluster.evictions) <= 3


async def test_a_sole_sealer_that_hangs_is_restarted(stage: Stage) -> None:
    """No other node answers, but its own kernel does: the operator is not cut off."""
    stage.create(chains.member("webank"))
    await stage.settle()
    hang(stage, WEBANK)
    await look_for(stage, SILENT_FOR + 3 * ROUND)
    await stage.settle()
    assert stage.cluster.evictions == [f"{WEBANK}-0"]
    assert stage.told(READY) == "True/AsExpected"


async def test_a_node_that_the_others_see_is_not_restarted_though_we_cannot_reach_it(
    running: Stage,
) -> None:
    running.nodes.scripted[WEBANK] = SILENT
    await look_for(running, 3 * SILENT_FOR)
    assert running.cluster.evictions == []
    assert running.told(NODES) == "False/NodeDown"


async def test_a_node_that_nobody_can_reach_is_restarted(running: Stage) -> None:
    ids = {m["name"]: m["nodes"][0]["nodeId"] for m in running.status()["members"]}
    running.nodes.scripted[WEBANK] = SILENT
    for name in ids.keys() - {"webank"}:
        peers = frozenset(ids.values()) - {ids[name], ids["webank"]}
        running.nodes.scripted[f"trade-{name}-node-0"] = {"peers": peers}
    await look_for(running, SILENT_FOR + 3 * ROUND)
    assert running.cluster.evictions == [f"{WEBANK}-0"]


async def test_where_nobody_can_be_reached_nobody_is_restarted(running: Stage) -> None:
    for member in ("huawei", "ping-an", "tencent", "webank"):
        running.nodes.scripted[f"trade-{member}-node-0"] = SILENT
    await look_for(running, 3 * SILENT_FOR)
    assert running.cluster.evictions == []


async def test_a_node_that_still_starts_does_not_hang(running: Stage) -> None:
    running.controllers.lazy = True

    def starting(pod: JsonObject) -> None:
        pod["status"]["containerStatuses"][0]["started"] = False

    running.cluster.edit(POD, f"{WEBANK}-0", starting, actor="controller", subresource="status")
    hang(running, WEBANK)
    await look_for(running, 3 * SILENT_FOR)
    assert running.cluster.evictions == []
    assert running.told(NODES) == "False/NodeDown"


@pytest.mark.parametrize("progress", [0, 1])
async def test_far_behind_without_progress_is_a_hang(running: Stage, progress: int) -> None:
    running.nodes.heights["trade"] = 10_000
    end = running.clock.now + BEHIND_FOR + 3 * ROUND
    height = 100
    while running.clock.now < end and not running.cluster.evictions:
        height += progress
        running.nodes.scripted[WEBANK] = {"height": height, "latest_hash": f"0xblock{height}"}
        await running.round()
        running.clock.now += ROUND
    if progress:
        assert running.cluster.evictions == []
        assert running.told(NODES) == "False/NodeDown"
    else:
        assert running.cluster.evictions == [f"{WEBANK}-0"]


async def test_a_node_without_a_key_is_not_restarted(running: Stage) -> None:
    """Its process has the key in memory, and may recover; a new pod could not start."""
    running.clock.advance(days=1)
    running.cluster.delete_by_hand(SECRET, f"{WEBANK}-identity")
    running.start()
    await running.settle()
    assert running.told(ConditionType.IDENTITIES_INTACT) == "False/NodeKeyMissing"
    hang(running, WEBANK)
    await look_for(running, 2 * SILENT_FOR)
    assert running.cluster.evictions == []


async def test_a_paused_chain_is_only_told(running: Stage) -> None:
    running.edit(paused=True)
    hang(running, WEBANK)
    await look_for(running, 2 * SILENT_FOR)
    assert running.told(NODES) == "False/NodeHung"
    assert running.cluster.evictions == []


async def test_a_split_chain_is_left_alone(running: Stage) -> None:
    running.nodes.scripted[HUAWEI] = {"latest_hash": "0xother"}
    hang(running, WEBANK)
    await look_for(running, 2 * SILENT_FOR)
    assert running.cluster.evictions == []
    assert "the nodes disagree about the chain" in running.condition(NODES)["message"]


# Before the first block.


@pytest.mark.parametrize("count", few_of([1, 2, 4], quick=[2]))
async def test_nodes_that_hang_during_the_founding_end_in_one_chain(
    stage: Stage, count: int
) -> None:
    """On new volumes: started again on the old ones, the others would refuse them."""
    stage.create()
    stage.nodes.refuses_probes = True
    for _ in range(4):
        await stage.round()
    members = ("huawei", "ping-an", "tencent", "webank")[:count]
    hang(stage, *(f"trade-{member}-node-0" for member in members))
    await look_for(stage, SILENT_FOR + 4 * ROUND)
    stage.nodes.refuses_probes = False
    await look_for(stage, 2 * SILENT_FOR)
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
    assert len({stage.nodes.genesis_hash(pod) for pod in stage.cluster.all(POD)}) == 1


# Crashes.
