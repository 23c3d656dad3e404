"""A pod that has just been made is left in peace, whatever order its news come in."""

import pytest

from consortium_operator.kube.kinds import POD, STATEFUL_SET, JsonObject
from tests.fakes.objects import CONTROLLER
from tests.fakes.operator import Stage


def _without_status(stateful_set: JsonObject) -> None:
    stateful_set.pop("status")


async def test_a_pod_is_not_evicted_before_its_controller_has_told_of_it(stage: Stage) -> None:
    """The controller makes the pod first and writes observedGeneration afterwards."""
    stage.create()
    await stage.round()
    stage.controllers.run()
    stateful_sets = [one["metadata"]["name"] for one in stage.cluster.all(STATEFUL_SET)]
    assert len(stateful_sets) == 4
    for name in stateful_sets:
        stage.cluster.edit(STATEFUL_SET, name, _without_status, actor=CONTROLLER)
    stage.nodes.silent = set(stateful_sets)
    stage.hear()
    await stage.act()
    assert stage.cluster.verbs["evict"] == 0


async def test_a_pod_of_an_old_template_waits_until_its_controller_knows_the_new_one(
    running: Stage,
) -> None:
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    running.hear()
    await running.act()  # writes the template of the first node
    running.hear()
    await running.act()
    assert running.cluster.verbs["evict"] == 0
    running.controllers.run()
    running.hear()
    await running.act()
    assert running.cluster.verbs["evict"] == 1


async def test_a_pod_that_was_replaced_while_the_round_went_on_is_not_evicted(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its round judged the old pod of that name; the API server is asked for other nodes in
    between."""
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    running.hear()
    await running.act()  # writes the template of the first node
    running.controllers.run()
    running.start()  # remembers nothing, and so asks
    ask = running.cluster.apply

    async def ask_while_a_pod_is_replaced(manifest: JsonObject, **how: bool) -> JsonObject:
        if manifest["metadata"]["name"] == "trade-webank-node-0" and how.get("dry_run"):
            running.cluster.delete_by_hand(POD, "trade-huawei-node-0-0")
            running.controllers.run()
            running.hear()
        return await ask(manifest, **how)

    monkeypatch.setattr(running.cluster, "apply", ask_while_a_pod_is_replaced)
    await running.act()
    replaced = running.cluster.find(POD, "trade-huawei-node-0-0")
    assert replaced is not None
    assert "deletionTimestamp" not in replaced["metadata"]
    assert running.cluster.verbs["evict"] == 1
