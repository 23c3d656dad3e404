"""A volume grows where its class lets it; it never shrinks, and never changes its class."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import Forbidden, QuotaExceeded
from consortium_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM, JsonObject
from tests.fakes.faults import Call, Fault, Mode, on
from tests.fakes.operator import Stage

SPEC_VALID, NODES, READY = (
    ConditionType.SPEC_VALID,
    ConditionType.NODES_READY,
    ConditionType.READY,
)
CLAIM = "trade-webank-node-0-data-g1"
GROWTH = [
    f"grow PersistentVolumeClaim chains/trade-{member}-node-0-data-g1"
    for member in ("huawei", "ping-an", "tencent", "webank")
]


def claim(stage: Stage, name: str = CLAIM) -> JsonObject:
    found = stage.cluster.find(PERSISTENT_VOLUME_CLAIM, name)
    assert found is not None
    return found


def size(stage: Stage, name: str = CLAIM) -> str:
    asked: str = claim(stage, name)["spec"]["resources"]["requests"]["storage"]
    return asked


def tell_phase(stage: Stage, name: str, phase: str) -> None:
    stage.cluster.edit(
        PERSISTENT_VOLUME_CLAIM,
        name,
        lambda found: found["status"].update(phase=phase),
        subresource="status",
    )


def _cannot_resize(call: Call) -> Exception:
    message = (
        f'persistentvolumeclaims "{call.key.name}" is forbidden: only dynamically provisioned pvc '
        "can be resized and the storageclass that provisions the pvc must support resize"
    )
    return Forbidden(403, "Forbidden", message, call.verb, call.key)


async def test_a_larger_size_reaches_every_volume_and_no_pod(running: Stage) -> None:
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})
    await running.settle()
    assert [write for write in running.cluster.writes if "status" not in write] == GROWTH
    assert size(running) == "30Gi"
    assert running.cluster.evictions == []
    assert running.told(READY) == "True/AsExpected"


async def test_nothing_but_the_size_changes(running: Stage) -> None:
    before = claim(running)
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})
    await running.settle()
    after = claim(running)
    after["spec"]["resources"] = before["spec"]["resources"]
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]


async def test_a_volume_that_has_grown_costs_no_call(running: Stage) -> None:
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})
    await running.settle()
    running.cluster.forget_calls()
    await running.settle()
    assert running.cluster.calls == []


async def test_it_is_told_until_the_volume_has_its_size(running: Stage) -> None:
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})

    def has(capacity: str) -> None:
        running.cluster.edit(
            PERSISTENT_VOLUME_CLAIM,
            CLAIM,
            lambda found: found["status"].update(capacity={"storage": capacity}),
            subresource="status",
        )

    has("20Gi")
    await running.settle()
    assert running.told(NODES) == "False/Pending"
    assert running.condition(NODES)["message"] == f"volume {CLAIM} grows from 20Gi to 30Gi"
    has("30Gi")
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


async def test_a_volume_without_a_disk_yet_is_asked_for_later(running: Stage) -> None:
    """The API server changes no claim that is not bound."""
    tell_phase(running, CLAIM, "Pending")
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})
    await running.settle()
    assert size(running) == "20Gi"
    tell_phase(running, CLAIM, "Bound")
    await running.settle()
    assert size(running) == "30Gi"


async def test_a_class_that_cannot_grow_is_named_and_the_chain_runs_on(running: Stage) -> None:
    running.cluster.faults.append(Fault(on("grow"), error=_cannot_resize))
    running.edit(
        nodeDefaults={"storage": {"size": "30Gi"}},
        fiscoBcos={"config": {"txpool": {"limit": "20000"}}},
    )
    await running.settle(rounds=80)
    assert running.told(SPEC_VALID) == "False/Invalid"
    assert (
        f"spec.nodeDefaults.storage.size: volume {CLAIM} of node webank/node-0 cannot grow from "
        "20Gi to 30Gi, since its class none does not let volumes grow (allowVolumeExpansion): put "
        "the size back, or move the node to a new volume, of another class: kubectl annotate "
        "consortiumchain trade --namespace chains --overwrite "
        "consortium.dev/move-node=trade-webank-node-0@2" in running.condition(SPEC_VALID)["message"]
    )
    assert len(running.cluster.evictions) == 4
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"


async def test_a_class_is_asked_again_after_a_while(running: Stage) -> None:
    running.cluster.faults.append(Fault(on("grow"), error=_cannot_resize))
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})
    await running.settle()
    assert running.cluster.verbs["grow"] == 4
    running.cluster.faults.clear()
    await running.settle()
    assert running.cluster.verbs["grow"] == 4
    running.clock.advance(minutes=5)
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


async def test_what_else_the_api_server_refuses_is_told_as_it_says_it(running: Stage) -> None:
    def no_quota(call: Call) -> Exception:
        return QuotaExceeded(403, "Forbidden", "exceeded quota: disks", call.verb, call.key)

    running.cluster.faults.append(Fault(on("grow"), error=no_quota))
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})
    await running.settle()
    assert running.told(NODES) == "False/QuotaExceeded"
    assert f"PersistentVolumeClaim {CLAIM} cannot be" in running.condition(NODES)["message"]
    running.cluster.faults.clear()
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
async def test_cut_off_while_volumes_grow_all_of_them_grow(running: Stage, mode: Mode) -> None:
    running.cluster.faults.append(Fault(on("grow", name="ping-an"), mode=mode))
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})
    deaths = await running.settle_with_restarts() if mode is not Mode.LOST else 0
    if mode is Mode.LOST:
        with pytest.raises(Exception, match="connection broke"):
            await running.settle()
        await running.settle()
    assert deaths == (mode is not Mode.LOST)
    assert {size(running, write.partition("/")[2]) for write in GROWTH} == {"30Gi"}
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        (
            {"size": "10Gi"},
            "spec.nodeDefaults.storage.size: volume trade-huawei-node-0-data-g1 of node "
            "huawei/node-0 has 20Gi and cannot shrink to 10Gi: put the size back",
        ),
        (
            {"storageClassName": "fast"},
            "spec.nodeDefaults.storage.storageClassName: volume trade-huawei-node-0-data-g1 of "
            "node huawei/node-0 is of class none and cannot become one of fast: put the class "
            "back, or move the node to a new volume: kubectl annotate consortiumchain trade "
            "--namespace chains --overwrite consortium.dev/move-node=trade-huawei-node-0@2",
        ),
    ],
    ids=["smaller", "another class"],
)
async def test_a_changed_volume_is_refused_and_the_chain_runs_on(
    running: Stage, storage: dict[str, str], said: str
) -> None:
    running.edit(nodeDefaults={"storage": storage})
    await running.settle()
    assert running.told(SPEC_VALID) == "False/Invalid"
    assert said in running.condition(SPEC_VALID)["message"]
    assert running.condition(ConditionType.QUORUM_HEALTHY)["status"] == "True"
    assert set(running.cluster.writes) <= {"patch-status ConsortiumChain chains/trade"}


async def test_what_never_got_a_disk_is_deleted_by_a_person_and_made_anew(stage: Stage) -> None:
    """A class that the cluster does not have: nothing was founded on it yet."""
    stage.controllers.lazy = True
    stage.create(nodeDefaults={"storage": {"storageClassName": "fastt"}})
    await stage.settle()
    for one in stage.cluster.all(PERSISTENT_VOLUME_CLAIM):
        tell_phase(stage, one["metadata"]["name"], "Pending")
    stage.edit(nodeDefaults={"storage": {"storageClassName": "fast"}})
    await stage.settle()
    message = stage.condition(SPEC_VALID)["message"]
    assert "move-node" not in message  # it has no blocks to build it from
    command = f"kubectl delete persistentvolumeclaim {CLAIM} --namespace chains"
    assert command in message
    for one in stage.cluster.all(PERSISTENT_VOLUME_CLAIM):
        stage.cluster.delete_by_hand(PERSISTENT_VOLUME_CLAIM, one["metadata"]["name"])
    stage.controllers.lazy = False
    await stage.settle()
    assert stage.told(READY) == "True/AsExpected"
    assert claim(stage)["spec"]["storageClassName"] == "fast"


async def test_the_field_of_an_override_is_named(running: Stage) -> None:
    members = running.body()["spec"]["members"]
    members[1]["nodes"][0]["storage"] = {"size": "10Gi"}
    running.edit(members=members)
    await running.settle()
    message = running.condition(SPEC_VALID)["message"]
    assert message.startswith("spec.members[1].nodes[0].storage.size: volume trade-")
    assert message.endswith("has 20Gi and cannot shrink to 10Gi: put the size back")


async def test_the_same_size_in_other_words_is_no_change(running: Stage) -> None:
    running.edit(nodeDefaults={"storage": {"size": "20480Mi"}})
    await running.settle()
    assert running.told(SPEC_VALID).startswith("True")
    assert not [write for write in running.cluster.writes if "grow" in write]
