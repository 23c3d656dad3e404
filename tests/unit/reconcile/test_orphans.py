"""Children that lost their owner: taken back, but not while the resource is on its way out."""

import pytest

from consortium_operator.kube.kinds import CHILD_KINDS, CONSORTIUM_CHAIN, POD, JsonObject
from consortium_operator.kube.projection import project
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
