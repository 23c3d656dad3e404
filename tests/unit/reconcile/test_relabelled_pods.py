"""A pod whose labels or image somebody changed is restarted as it should be, under the guard."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import POD, STATEFUL_SET, JsonObject
from tests.fakes.operator import Stage

NODE = "trade-webank-node-0"
LABELS = ("chain", "member", "node", "part")


def _uid(stage: Stage) -> str:
    pod = stage.cluster.find(POD, f"{NODE}-0")
    assert pod is not None
    return str(pod["metadata"]["uid"])


def _without(label: str, stage: Stage) -> None:
    def strip(pod: JsonObject) -> None:
        del pod["metadata"]["labels"][f"consortium.dev/{label}"]

    stage.cluster.edit(POD, f"{NODE}-0", strip)


@pytest.mark.parametrize("label", LABELS)
async def test_a_pod_that_lost_a_label_is_another_one_with_it(running: Stage, label: str) -> None:
    before = _uid(running)
    _without(label, running)
    await running.settle()
    pod = running.cluster.find(POD, f"{NODE}-0")
    assert pod is not None
    assert pod["metadata"]["uid"] != before
    assert {f"consortium.dev/{one}" for one in LABELS} <= set(pod["metadata"]["labels"])
    assert running.told(ConditionType.READY) == "True/AsExpected"


def _set_image(pod: JsonObject) -> None:
    """As `kubectl set image pod/…` does."""
    pod["spec"]["containers"][0]["image"] = "somebodys"
    image: JsonObject = {"f:spec": {"f:containers": {'k:{"name":"node"}': {"f:image": {}}}}}
    pod["metadata"]["managedFields"] = [{"manager": "kubectl-set", "fieldsV1": image}]


async def test_a_pod_with_an_image_set_by_hand_is_another_one_with_the_right_image(
    running: Stage,
) -> None:
    before = _uid(running)
    running.cluster.edit(POD, f"{NODE}-0", _set_image)
    await running.settle()
    assert _uid(running) != before
    pod = running.cluster.find(POD, f"{NODE}-0")
    assert pod is not None
    assert pod["spec"]["containers"][0]["image"] != "somebodys"
    assert running.told(ConditionType.READY) == "True/AsExpected"


@pytest.mark.parametrize("label", LABELS)
async def test_it_stays_as_long_as_the_chain_cannot_spare_it(running: Stage, label: str) -> None:
    """Also where no watch shows it any more: it takes part as before, and is asked and counted."""
    before = _uid(running)
    running.nodes.silent.add("trade-huawei-node-0")
    _without(label, running)
    await running.settle()
    assert _uid(running) == before
    assert running.told(ConditionType.UP_TO_DATE) == "False/RollingOut"
    assert running.status()["quorum"]["live"] == 3
    running.nodes.silent.clear()
    await running.settle()
    assert _uid(running) != before
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_pod_of_somebody_else_is_told_and_left_alone(running: Stage) -> None:
    running.controllers.skip.add(NODE)
    pod = running.cluster.delete_by_hand(POD, f"{NODE}-0")
    metadata = {name: pod["metadata"][name] for name in ("name", "namespace")}
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "theirs"}}]
    running.cluster.put(pod | {"metadata": metadata, "spec": {"volumes": volumes}})
    foreign = _uid(running)
    await running.settle()
    assert _uid(running) == foreign
    assert running.told(ConditionType.SPEC_VALID) == "False/NameConflict"
    assert f"Pod {NODE}-0" in running.condition(ConditionType.SPEC_VALID)["message"]
    assert running.cluster.find(STATEFUL_SET, NODE) is not None


async def test_one_that_is_changed_again_and_again_is_left_for_a_while(running: Stage) -> None:
    """Else its chain would restart for ever, and hold up the rollouts of all others: also where the
    operator itself restarts meanwhile."""
    for number in range(30):
        if number % 5 == 0:
            running.start()
        running.controllers.run()
        running.cluster.edit(POD, f"{NODE}-0", _set_image)
        await running.round()
    assert running.cluster.evictions == [f"{NODE}-0"]
    assert running.told(ConditionType.UP_TO_DATE) == "False/RolloutStuck"
    assert f"image of pod {NODE}-0" in running.condition(ConditionType.UP_TO_DATE)["message"]
    assert running.reconciler._world.slot.holder is None
    running.clock.advance(minutes=5)
    await running.settle()
    assert running.cluster.evictions == 2 * [f"{NODE}-0"]
    assert running.told(ConditionType.READY) == "True/AsExpected"
