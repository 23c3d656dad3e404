"""Children that lost their owner: taken back, but not while the resource is on its way out; and
nothing is made for a resource that is gone, though nobody has told so."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import (
    CHILD_KINDS,
    CONSORTIUM_CHAIN,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SERVICE,
    STATEFUL_SET,
    JsonObject,
    ObjectKey,
)
from consortium_operator.kube.projection import project
from tests.fakes.faults import Call, Fault
from tests.fakes.operator import Stage

KINDS = [kind for kind in CHILD_KINDS if kind != POD]


def owned(stage: Stage) -> set[str]:
    return {
        f"{obj['kind']}/{obj['metadata']['name']}"
        for kind in KINDS
        for obj in stage.cluster.all(kind)
        if obj["metadata"].get("ownerReferences")
    }


def orphan_children(stage: Stage) -> None:
    """The garbage collector takes the owner off, and the watches of children tell."""

    def disown(obj: JsonObject) -> None:
        obj["metadata"].pop("ownerReferences")

    for kind in KINDS:
        for obj in stage.cluster.all(kind):
            if obj["metadata"].get("ownerReferences"):
                stage.cluster.edit(kind, obj["metadata"]["name"], disown)
        for obj in stage.cluster.all(kind):
            stage.store.see(project(obj))


def going(obj: JsonObject) -> None:
    obj["metadata"]["finalizers"] = ["orphan"]
    obj["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"


async def test_an_owner_that_was_taken_away_comes_back(running: Stage) -> None:
    before = owned(running)
    orphan_children(running)
    assert not owned(running)
    await running.settle()
    assert owned(running) == before


@pytest.mark.parametrize("end", ["going", "gone", "written anew"])
async def test_orphans_of_a_resource_that_is_going_are_left_alone(running: Stage, end: str) -> None:
    """kubectl delete --cascade=orphan, of which the watch of the resources has not told yet:
    owned again they would be collected with it, and every pod with its StatefulSet."""
    if end == "going":
        running.cluster.edit(CONSORTIUM_CHAIN, "trade", going)
    else:
        running.delete()
    if end == "written anew":
        running.create()
    orphan_children(running)
    await running.act()
    assert not owned(running)


@pytest.mark.parametrize("end", ["going", "gone", "written anew"])
async def test_nothing_is_made_for_a_resource_that_is_gone(running: Stage, end: str) -> None:
    """A watch that was cut may never tell of an end that it missed. Each child that was made would
    be collected at once, and be made again."""
    if end == "going":
        running.cluster.edit(CONSORTIUM_CHAIN, "trade", going)
    else:
        running.delete()
    if end == "written anew":
        running.create()
    running.cluster.delete_by_hand(SERVICE, "trade-webank-node-0")
    running.cluster.delete_by_hand(STATEFUL_SET, "trade-webank-node-0")
    for kind in (SERVICE, STATEFUL_SET):
        seen = running.store.get(ObjectKey(kind, "chains", "trade-webank-node-0"))
        assert seen is not None
        running.store.forget(seen.key, seen.uid)
    running.cluster.forget_calls()
    for _ in range(3):
        await running.act()
    assert running.cluster.writes == []
    assert len(running.cluster.calls) <= 2


async def test_a_round_ends_where_its_resource_does(stage: Stage) -> None:
    """A founding takes seconds, in which the resource may be deleted."""
    stage.create()

    def delete(call: Call) -> bool:
        if call.writes and call.key.name == "trade-trust":
            stage.delete()
            stage.hear()
        return False

    stage.cluster.faults.append(Fault(delete))
    await stage.round()
    later = stage.cluster.writes[stage.cluster.writes.index("apply ConfigMap chains/trade-trust") :]
    assert later == ["apply ConfigMap chains/trade-trust"]
    assert stage.cluster.all(STATEFUL_SET) == []


async def test_no_pod_is_made_for_a_resource_that_was_deleted_a_moment_ago(stage: Stage) -> None:
    """Of which nobody has told yet."""
    stage.create()

    def delete(call: Call) -> bool:
        if call.verb == "create" and call.key.kind == PERSISTENT_VOLUME_CLAIM:
            stage.cluster.faults.clear()
            stage.delete()
        return False

    stage.cluster.faults.append(Fault(delete))
    await stage.round()
    assert stage.cluster.all(STATEFUL_SET) == []


async def test_an_object_that_was_replaced_unseen_is_not_applied_to(running: Stage) -> None:
    """Our watch still shows the old one. An apply by name would take a foreign one over."""
    running.cluster.edit(
        SERVICE, "trade-webank-rpc", lambda found: found["spec"].update(sessionAffinity="ClientIP")
    )
    running.hear()
    running.cluster.delete_by_hand(SERVICE, "trade-webank-rpc")
    foreign = {"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": "mallory"}}}
    running.cluster.put(foreign | {"metadata": {"name": "trade-webank-rpc", "namespace": "chains"}})
    before = running.cluster.find(SERVICE, "trade-webank-rpc")
    await running.act()
    assert running.cluster.find(SERVICE, "trade-webank-rpc") == before
    await running.settle()
    assert running.cluster.find(SERVICE, "trade-webank-rpc") == before
    assert running.told(ConditionType.SPEC_VALID) == "False/NameConflict"
