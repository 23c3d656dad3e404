"""A change reaches the pods one at a time, and never at the price of the quorum."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import ApiError, Conflict, EvictionRefused
from consortium_operator.kube.kinds import CONFIG_MAP, POD, STATEFUL_SET
from consortium_operator.reconcile.rollout import STUCK_AFTER
from consortium_operator.reconcile.suspicions import SILENT_FOR
from tests import chains
from tests.campaigns import few_of
from tests.fakes.faults import Call, Fault, Mode, on
from tests.fakes.operator import Stage

UP_TO_DATE = ConditionType.UP_TO_DATE
SETTING = {"config": {"txpool": {"limit": "20000"}}}
NAMES = [f"trade-{member}-node-0" for member in ("huawei", "ping-an", "tencent", "webank")]


def _templates(stage: Stage) -> dict[str, int]:
    return {
        s["metadata"]["name"]: s["metadata"]["generation"] for s in stage.cluster.all(STATEFUL_SET)
    }


async def _watched(stage: Stage, rounds: int = 40) -> int:
    """Runs to the end; the most pods that were ever missing or out of date at once."""
    most = 0
    for _ in range(rounds):
        await stage.round()
        down = 4 - len(stage.cluster.all(POD))
        most = max(most, down)
        assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    return most


async def test_a_new_setting_reaches_all_pods_one_at_a_time(running: Stage) -> None:
    running.edit(fiscoBcos=SETTING)
    assert await _watched(running) == 1
    assert sorted(running.cluster.evictions) == [f"{name}-0" for name in NAMES]
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_while_it_goes_on_the_status_says_so(running: Stage) -> None:
    running.edit(fiscoBcos=SETTING)
    await running.round()
    assert running.told(UP_TO_DATE) == "False/RollingOut"
    assert "4 nodes in all" in running.condition(UP_TO_DATE)["message"]


async def test_a_template_is_written_only_at_its_nodes_turn(running: Stage) -> None:
    before = _templates(running)
    running.edit(fiscoBcos=SETTING)
    running.hear()
    await running.act()
    changed = [
        name for name, generation in _templates(running).items() if generation != before[name]
    ]
    assert len(changed) == 1


async def test_a_node_that_does_not_come_back_stops_the_rest(running: Stage) -> None:
    running.controllers.broken_images.add("registry.example/node:bad")
    running.edit(image={"repository": "registry.example/node", "tag": "bad"})
    for _ in range(20):
        await running.round()
    assert len(running.cluster.evictions) == 1
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert running.told(ConditionType.NODES_READY) == "False/ImagePull"
    assert running.told(UP_TO_DATE) == "False/RolloutStuck"
    assert running.condition(UP_TO_DATE)["message"] == (
        "node huawei/node-0 does not come back: pod trade-huawei-node-0-0 cannot get its image: "
        "ImagePullBackOff: no registry.example/node:bad; node ping-an/node-0 changes, 3 nodes in "
        "all, and waits for it. Mend it, or take the change in the spec back"
    )
    running.edit(image=None)
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert len(running.cluster.evictions) == 2


async def test_a_node_that_stays_away_for_long_stops_the_rollout_with_a_word(
    running: Stage,
) -> None:
    running.edit(fiscoBcos=SETTING)
    while not running.cluster.evictions:
        await running.round()
    running.nodes.silent = {NAMES[0]}
    for _ in range(5):
        await running.round()
    assert running.told(UP_TO_DATE) == "False/RollingOut"
    running.clock.now += STUCK_AFTER
    await running.round()
    assert running.told(UP_TO_DATE) == "False/RolloutStuck"
    message = running.condition(UP_TO_DATE)["message"]
    assert "node huawei/node-0 does not come back: no answer from trade-huawei-node-0" in message
    assert running.cluster.evictions == [f"{NAMES[0]}-0"]
    running.nodes.silent = set()
    await running.settle(rounds=80)
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_one_that_misses_an_answer_does_not_go_while_another_is_away(running: Stage) -> None:
    """Only after it was silent for so long that it hangs."""
    running.edit(fiscoBcos=SETTING)
    while not running.cluster.evictions:
        await running.round()
    hung = running.cluster.find(POD, f"{NAMES[2]}-0")
    assert hung is not None
    running.nodes.silent, running.nodes.hung = {NAMES[0]}, {hung["metadata"]["uid"]}
    begun = running.clock.now
    while running.clock.now - begun < SILENT_FOR:
        await running.round()
        assert running.cluster.evictions == [f"{NAMES[0]}-0"]
        running.clock.advance(seconds=20)
    assert "gives no answer, but may be at work" in running.condition(UP_TO_DATE)["message"]
    for _ in range(3):
        await running.round()
    assert running.cluster.evictions == [f"{NAMES[0]}-0", f"{NAMES[2]}-0"]


async def test_on_an_idle_chain_a_transaction_shows_that_the_sealers_agree(running: Stage) -> None:
    """After each restart that leaves one in an old round of votes, before the next one goes."""
    for number, name in enumerate(NAMES):
        running.nodes.scripted[name] = {"view": number % 2}
    before = len(running.nodes.probes)
    running.edit(fiscoBcos=SETTING)
    running.nodes.refuses_probes = True
    for _ in range(5):
        await running.round()
    assert running.cluster.evictions == []
    assert running.told(ConditionType.QUORUM_HEALTHY) == "Unknown/Unknown"
    assert running.condition(ConditionType.QUORUM_HEALTHY)["message"] == (
        "the sealers are in different rounds of votes, and make no block yet: "
        f"{NAMES[0]} does not answer sendTransaction"
    )
    assert "no block has shown yet" in running.condition(UP_TO_DATE)["message"]
    running.nodes.refuses_probes = False
    running.clock.advance(seconds=30)
    await running.settle(rounds=120)
    assert len(running.cluster.evictions) == 4
    sent = len(running.nodes.probes) - before
    assert sent >= 4
    for _ in range(20):
        await running.round()
    assert len(running.nodes.probes) - before == sent
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_the_furthest_behind_goes_first(running: Stage) -> None:
    running.nodes.heights["trade"] = 100
    for name, height in zip(NAMES, (100, 98, 95, 99), strict=True):
        running.nodes.scripted[name] = {"height": height, "latest_hash": f"0xblock{height}"}
    running.edit(fiscoBcos=SETTING)
    await running.settle(rounds=80)
    assert running.cluster.evictions == [f"{NAMES[number]}-0" for number in (2, 1, 3, 0)]


async def test_settings_with_which_no_node_ever_answers_can_be_corrected(stage: Stage) -> None:
    """Before the first block, when nothing that may be at work is touched."""
    stage.nodes.silent = set(NAMES)
    stage.create()
    for _ in range(5):
        await stage.round()
    started = stage.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    for pod in stage.cluster.peek(POD):
        pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = started
    stage.controllers.lazy = True
    stage.edit(fiscoBcos=SETTING)
    for _ in range(5):
        await stage.round()
    assert stage.cluster.evictions == []
    stage.controllers.lazy = False
    stage.clock.now += SILENT_FOR
    while not stage.cluster.evictions:
        await stage.round()
    stage.nodes.silent = set()
    await stage.settle(rounds=100)
    assert stage.told(ConditionType.READY) == "True/AsExpected"


async def test_observers_go_before_sealers(stage: Stage) -> None:
    """By what they are on the chain, where webank has lost its vote."""
    names = ("huawei", "ping-an", "tencent", "unionpay", "webank")
    stage.create(*(chains.member(name) for name in names))
    await stage.settle()
    ids = {m["name"]: m["nodes"][0]["nodeId"] for m in stage.status()["members"]}
    for name in names:
        sealers = {ids[one]: 1 for one in names if one != "webank"}
        stage.nodes.scripted[f"trade-{name}-node-0"] = {"sealers": sealers}
    stage.edit(fiscoBcos=SETTING)
    await stage.settle(rounds=100)
    assert stage.cluster.evictions[0] == "trade-webank-node-0-0"
    assert len(stage.cluster.evictions) == 5


async def test_those_that_answer_but_fell_behind_go_one_at_a_time(running: Stage) -> None:
    """They may be well, and only read at different moments of a fast chain."""
    running.nodes.heights["trade"] = 100
    for name in NAMES[:2]:
        running.nodes.scripted[name] = {"height": 50, "latest_hash": "0xblock50"}
    running.edit(fiscoBcos=SETTING)
    for _ in range(30):
        await running.round()
        assert len(running.cluster.all(POD)) >= 3


async def test_a_chain_that_can_spare_nobody_waits(running: Stage) -> None:
    running.nodes.silent = {NAMES[3]}
    await running.settle()
    running.edit(fiscoBcos=SETTING)
    for _ in range(20):
        await running.round()
    assert set(running.cluster.evictions) == {f"{NAMES[3]}-0"}
    running.nodes.silent = set()
    await running.settle()
    assert len(running.cluster.evictions) == 4


async def test_nodes_that_are_down_are_changed_together_and_first(running: Stage) -> None:
    """Below the quorum there is nothing left to guard: the change may be the cure."""
    running.nodes.silent = {NAMES[0], NAMES[1]}
    await running.settle()
    running.edit(fiscoBcos=SETTING)
    for _ in range(12):
        await running.round()
    assert set(running.cluster.evictions) == {f"{NAMES[0]}-0", f"{NAMES[1]}-0"}
    running.nodes.silent = set()
    await running.settle()
    assert len(running.cluster.evictions) == 4
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_nodes_that_do_not_see_each_other_are_changed_one_at_a_time(running: Stage) -> None:
    """None is live, but the change may be what connects them."""
    for name in NAMES:
        running.nodes.scripted[name] = {"peers": frozenset()}
    await running.settle()
    assert running.told(ConditionType.QUORUM_HEALTHY) == "False/QuorumLost"
    running.edit(fiscoBcos=SETTING)
    for _ in range(30):
        await running.round()
        assert len(running.cluster.all(POD)) >= 3
    assert len(running.cluster.evictions) == 4


async def test_a_node_that_fell_is_not_held_up_by_one_whose_turn_it_is(running: Stage) -> None:
    running.edit(fiscoBcos=SETTING)
    running.hear()
    await running.act()  # the template of the first is written
    running.nodes.silent = {NAMES[3]}  # and now another falls
    for _ in range(8):
        await running.round()
    assert running.cluster.evictions == [f"{NAMES[3]}-0"]
    running.nodes.silent = set()
    await running.settle()
    assert len(running.cluster.evictions) == 4


async def test_a_budget_that_refuses_is_asked_again(running: Stage) -> None:
    running.cluster.refuses_evictions = "Cannot evict pod: disruption budget"
    running.edit(fiscoBcos=SETTING)
    for _ in range(6):
        await running.round()
    assert "disruption budget" in running.condition(UP_TO_DATE)["message"]
    running.cluster.refuses_evictions = None
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_pod_that_a_second_budget_selects_is_told_with_the_way_out(running: Stage) -> None:
    def two(call: Call) -> ApiError:
        return EvictionRefused(500, "", "more than one PodDisruptionBudget", call.verb, call.key)

    running.cluster.faults.append(Fault(on("evict"), error=two))
    running.edit(fiscoBcos=SETTING)
    for _ in range(4):
        await running.round()
    assert "delete the budget that is not this chain's" in running.condition(UP_TO_DATE)["message"]
    assert running.cluster.evictions == []


async def test_a_pod_that_was_replaced_under_an_eviction_is_no_error(running: Stage) -> None:
    def another(call: Call) -> ApiError:
        return Conflict(409, "Conflict", "another uid", call.verb, call.key)

    fault = Fault(on("evict"), error=another)
    running.cluster.faults.append(fault)
    running.edit(fiscoBcos=SETTING)
    for _ in range(4):
        await running.round()
    running.cluster.faults.clear()
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_pod_that_is_stopping_lets_nobody_else_go(running: Stage) -> None:
    running.cluster.edit(
        POD,
        f"{NAMES[1]}-0",
        lambda pod: pod["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"),
    )
    running.edit(fiscoBcos=SETTING)
    running.controllers.lazy = True
    for _ in range(5):
        await running.round()
    assert running.cluster.evictions == []


@pytest.mark.campaign
async def test_a_restarted_operator_goes_on_where_it_was(running: Stage) -> None:
    running.edit(fiscoBcos=SETTING)
    for _ in range(40):
        running.start()
        await running.round()
    assert len(running.cluster.evictions) == 4
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_what_nobody_needs_any_more_is_deleted_after_the_rollout(running: Stage) -> None:
    before = {c["metadata"]["name"] for c in running.cluster.all(CONFIG_MAP)}
    running.edit(fiscoBcos=SETTING)
    running.hear()
    await running.act()
    assert before <= {c["metadata"]["name"] for c in running.cluster.all(CONFIG_MAP)}
    await running.settle()
    after = {c["metadata"]["name"] for c in running.cluster.all(CONFIG_MAP)}
    assert len(after) == len(before)
    assert {name.rpartition("-")[0] for name in before - after} == {f"{n}-config" for n in NAMES}
    kinds = {call.key.kind.kind for call in running.cluster.calls if call.verb == "delete"}
    assert kinds == {"ConfigMap"}


async def test_a_heavy_sealer_waits_for_a_person(stage: Stage) -> None:
    members = [chains.member(m) for m in ("huawei", "ping-an", "tencent")]
    stage.create(*members, chains.member("webank", chains.node("node", weight=3)))
    await stage.settle()
    assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/NodeHeavierThanF"
    stage.edit(fiscoBcos=SETTING)
    await stage.settle(rounds=80)
    assert "trade-webank-node-0-0" not in stage.cluster.evictions
    assert len(stage.cluster.evictions) == 3


@pytest.mark.parametrize("number", few_of([1, 2, 3, 4], quick=[1]))
async def test_an_eviction_without_an_answer_is_one_eviction(running: Stage, number: int) -> None:
    seen = 0

    def hits(call: Call) -> bool:
        nonlocal seen
        seen += call.verb == "evict"
        return call.verb == "evict" and seen == number

    running.cluster.faults.append(Fault(hits, mode=Mode.LOST))
    running.edit(fiscoBcos=SETTING)
    for _ in range(40):
        try:
            await running.settle()
            break
        except ApiError:
            continue
    assert len(running.cluster.evictions) == 4
    assert running.told(ConditionType.READY) == "True/AsExpected"
