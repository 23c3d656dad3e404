"""A restart that stops the chain waits for a person, and each word of theirs is good for one."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.journal import Journal
from consortium_operator.chain.naming import ACCEPT_PAUSE_ANNOTATION
from consortium_operator.kube.errors import ApiError
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    POD,
    POD_DISRUPTION_BUDGET,
    JsonObject,
    ObjectKey,
)
from tests import chains
from tests.fakes.faults import Fault, Killed, Mode, at_write
from tests.fakes.objects import OPERATOR
from tests.fakes.operator import Stage
from tests.unit.reconcile.conftest import check

UP_TO_DATE, READY = ConditionType.UP_TO_DATE, ConditionType.READY
HUAWEI, WEBANK = "trade-huawei-node-0", "trade-webank-node-0"


def _setting(limit: int) -> dict[str, Any]:
    return {"config": {"txpool": {"limit": str(limit)}}}


HEAVY: list[Stage] = []


@pytest.fixture
async def heavy() -> AsyncIterator[Stage]:
    """Weights 3, 1, 1, 1: without huawei no block is made. A setting has been changed, and reached
    all other nodes."""
    if not HEAVY:
        stage = Stage()
        light = [chains.member(name) for name in ("ping-an", "tencent", "webank")]
        stage.create(chains.member("huawei", chains.node("node", weight=3)), *light)
        await stage.settle()
        stage.edit(fiscoBcos=_setting(20000))
        await stage.settle(rounds=80)
        HEAVY.append(stage)
    stage = HEAVY[0].copy()
    yield stage
    check(stage)


def _accept(stage: Stage, word: str | None) -> None:
    stage.annotate(ACCEPT_PAUSE_ANNOTATION, word)


def _budgets(stage: Stage) -> dict[str, list[str]]:
    return {
        b["metadata"]["name"]: b["spec"]["selector"]["matchExpressions"][0]["values"]
        for b in stage.cluster.all(POD_DISRUPTION_BUDGET)
    }


def _asked_word(stage: Stage) -> str:
    """What the message tells people to set."""
    message = stage.condition(UP_TO_DATE)["message"]
    found = re.search(rf"kubectl annotate .* --overwrite {ACCEPT_PAUSE_ANNOTATION}=(\S+)$", message)
    assert found is not None, message
    return found[1]


async def test_it_waits_last_and_says_how_to_accept(heavy: Stage) -> None:
    assert len(heavy.cluster.evictions) == 0
    assert heavy.told(UP_TO_DATE) == "False/AwaitingAcceptance"
    assert heavy.told(ConditionType.STALLED) == "True/AwaitingAcceptance"
    assert heavy.condition(UP_TO_DATE)["message"] == (
        "node huawei/node-0 changes; it waits for a person: huawei/node-0 has weight 3, and of 6 "
        "only 1 may fail: no block is made while it restarts. To accept that: kubectl annotate "
        "consortiumchain trade --namespace chains --overwrite "
        "consortium.dev/accept-pause=trade-huawei-node-0@2"
    )


async def test_an_accepted_node_is_restarted_once_and_all_is_well(heavy: Stage) -> None:
    _accept(heavy, _asked_word(heavy))
    await heavy.settle()
    assert heavy.cluster.evictions == [f"{HUAWEI}-0"]
    assert heavy.told(READY) == "True/AsExpected"
    assert _budgets(heavy)["trade-heavy-sealers"] == [HUAWEI]


async def test_it_leaves_its_budget_before_it_goes(heavy: Stage) -> None:
    seen = len(heavy.cluster.history)
    _accept(heavy, _asked_word(heavy))
    await heavy.settle()
    steps = [
        f"{event.type} {event.key}"
        for event in heavy.cluster.history[seen:]
        if event.actor == OPERATOR and event.key.kind in (POD, POD_DISRUPTION_BUDGET, CONFIG_MAP)
    ]
    journal = steps.index("MODIFIED ConfigMap chains/trade-journal")
    budget = steps.index("DELETED PodDisruptionBudget chains/trade-heavy-sealers")
    assert journal < budget < steps.index(f"DELETED Pod chains/{HUAWEI}-0")


async def test_the_resource_itself_is_never_written(heavy: Stage) -> None:
    before = heavy.body()
    _accept(heavy, _asked_word(heavy))
    await heavy.settle()
    after = heavy.body()
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"] == {ACCEPT_PAUSE_ANNOTATION: f"{HUAWEI}@2"}


async def test_an_acceptance_that_was_used_is_no_acceptance(heavy: Stage) -> None:
    """Nothing of it is left to use: not for the next change, and not for the same change again."""
    word = _asked_word(heavy)
    _accept(heavy, word)
    await heavy.settle()
    heavy.edit(fiscoBcos=_setting(30000))
    await heavy.settle(rounds=80)
    assert heavy.cluster.evictions.count(f"{HUAWEI}-0") == 1
    assert heavy.told(UP_TO_DATE) == "False/AwaitingAcceptance"
    assert _asked_word(heavy) == f"{HUAWEI}@3"
    assert _budgets(heavy)["trade-heavy-sealers"] == [HUAWEI]


async def test_a_second_restart_in_one_generation_asks_for_a_new_word(heavy: Stage) -> None:
    """As after an upgrade of the operator: the template changes though the resource does not."""
    _accept(heavy, _asked_word(heavy))
    await heavy.settle()
    _foreign_template(heavy)
    await heavy.settle(rounds=80)
    assert _asked_word(heavy) == f"{HUAWEI}@3"
    _accept(heavy, f"{HUAWEI}@3")
    await heavy.settle()
    assert heavy.cluster.evictions == [f"{HUAWEI}-0"] * 2
    assert heavy.told(READY) == "True/AsExpected"
    heavy.edit(fiscoBcos=_setting(30000))  # the resource's generation 3 comes after that
    await heavy.settle(rounds=80)
    assert _asked_word(heavy) == f"{HUAWEI}@4"


def _foreign_template(stage: Stage) -> None:
    """Its pod is of an older template than the StatefulSet's."""

    def outdate(pod: JsonObject) -> None:
        pod["metadata"]["labels"]["controller-revision-hash"] = "older"

    stage.cluster.edit(POD, f"{HUAWEI}-0", outdate, actor="controller")


@pytest.mark.parametrize(
    "word",
    [
        f"{HUAWEI}@1",
        f"{HUAWEI}@3",
        f"{HUAWEI}@02",
        f"{HUAWEI}@",
        HUAWEI,
        "huawei/node-0@2",
        f"{WEBANK}@2",
        "",
        "*",
        "@2",
    ],
)
async def test_any_other_word_accepts_nothing(heavy: Stage, word: str) -> None:
    before = _budgets(heavy)
    _accept(heavy, word)
    await heavy.settle()
    assert heavy.cluster.evictions == []
    assert _budgets(heavy) == before


@pytest.mark.campaign
async def test_several_words_are_taken_one_after_the_other(stage: Stage) -> None:
    """Three sealers, f = 0: each restart stops the chain."""
    members = ("huawei", "ping-an", "webank")
    stage.create(*(chains.member(name) for name in members))
    await stage.settle()
    stage.edit(fiscoBcos=_setting(20000))
    await stage.settle()
    assert stage.cluster.evictions == []
    assert stage.told(UP_TO_DATE) == "False/AwaitingAcceptance"
    _accept(stage, ",".join(f"trade-{name}-node-0@2" for name in members))
    for _ in range(60):
        await stage.round()
        assert len(stage.cluster.all(POD)) >= 2
    assert sorted(stage.cluster.evictions) == [f"trade-{name}-node-0-0" for name in members]
    assert stage.told(READY) == "True/AsExpected"


async def test_an_accepted_node_waits_until_all_others_are_live(heavy: Stage) -> None:
    heavy.nodes.silent = {WEBANK}
    _accept(heavy, f"{HUAWEI}@2")
    await heavy.settle()
    assert heavy.cluster.evictions == []
    assert _budgets(heavy)["trade-heavy-sealers"] == [HUAWEI]
    assert "webank/node-0 is not live" in heavy.condition(UP_TO_DATE)["message"]
    heavy.nodes.silent = set()
    await heavy.settle()
    assert heavy.cluster.evictions == [f"{HUAWEI}-0"]


async def test_taking_the_change_back_ends_the_acceptance(heavy: Stage) -> None:
    heavy.cluster.refuses_evictions = "not now"
    _accept(heavy, f"{HUAWEI}@2")
    for _ in range(5):
        await heavy.round()
    assert "trade-heavy-sealers" not in _budgets(heavy)
    heavy.cluster.refuses_evictions = None
    heavy.edit(fiscoBcos=None)
    heavy.controllers.lazy = True
    await heavy.settle(rounds=80)
    assert _budgets(heavy)["trade-heavy-sealers"] == [HUAWEI]
    assert f"{HUAWEI}-0" not in heavy.cluster.evictions


async def test_taking_the_word_back_protects_the_node_again(heavy: Stage) -> None:
    heavy.cluster.refuses_evictions = "not now"
    _accept(heavy, f"{HUAWEI}@2")
    for _ in range(5):
        await heavy.round()
    assert "trade-heavy-sealers" not in _budgets(heavy)
    _accept(heavy, None)
    await heavy.settle()
    assert _budgets(heavy)["trade-heavy-sealers"] == [HUAWEI]


async def test_a_drain_may_take_an_accepted_node_once(heavy: Stage) -> None:
    _accept(heavy, f"{HUAWEI}@2")
    await heavy.settle()
    assert _budgets(heavy)["trade-heavy-sealers"] == [HUAWEI]
    _accept(heavy, f"{HUAWEI}@3")
    await heavy.settle()
    assert "trade-heavy-sealers" not in _budgets(heavy)
    heavy.cluster.remove(ObjectKey(POD, "chains", f"{HUAWEI}-0"))
    await heavy.settle()
    assert _budgets(heavy)["trade-heavy-sealers"] == [HUAWEI]
    assert heavy.told(READY) == "True/AsExpected"


async def test_a_sealer_that_may_fail_needs_no_word_and_keeps_its_budget(running: Stage) -> None:
    _accept(running, f"{WEBANK}@1")
    await running.settle()
    assert WEBANK in _budgets(running)["trade-sealers"]
    assert "paused" not in _journal(running)[WEBANK]


@pytest.mark.campaign
async def test_a_resource_made_anew_starts_where_the_journal_stands(heavy: Stage) -> None:
    """Its generation begins at 1 again, and the old annotation is in somebody's files."""
    _accept(heavy, f"{HUAWEI}@2")
    await heavy.settle()
    old = heavy.delete()
    await heavy.settle()
    old["spec"]["fiscoBcos"] = _setting(40000)
    for name in ("uid", "resourceVersion", "managedFields", "creationTimestamp"):
        old["metadata"].pop(name, None)
    heavy.cluster.put(old | {"metadata": old["metadata"] | {"generation": 1}})
    await heavy.settle(rounds=80)
    heavy.edit(fiscoBcos=_setting(50000))
    await heavy.settle(rounds=80)
    assert heavy.body()["metadata"]["generation"] == 2
    assert heavy.cluster.evictions.count(f"{HUAWEI}-0") == 1
    assert _asked_word(heavy) == f"{HUAWEI}@3"


def _journal(stage: Stage) -> dict[str, str]:
    found = stage.cluster.find(CONFIG_MAP, "trade-journal")
    assert found is not None
    data: dict[str, str] = found["data"]
    Journal.from_data(data)
    return data


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, id=mode.name, marks=[pytest.mark.campaign] * (mode is not Mode.AFTER))
        for mode in Mode
    ],
)
@pytest.mark.parametrize("number", range(1, 7))
async def test_cut_off_anywhere_one_word_is_one_restart(
    heavy: Stage, mode: Mode, number: int
) -> None:
    fault = Fault(at_write(number), mode=mode)
    heavy.cluster.faults.append(fault)
    _accept(heavy, f"{HUAWEI}@2")
    while True:
        try:
            await heavy.settle()
            break
        except Killed:
            heavy.start()
        except ApiError:
            continue
    assert fault.spent
    assert heavy.cluster.evictions == [f"{HUAWEI}-0"]
    assert heavy.told(READY) == "True/AsExpected"
    _foreign_template(heavy)
    await heavy.settle()
    assert heavy.cluster.evictions == [f"{HUAWEI}-0"]
