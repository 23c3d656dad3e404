"""The genesis is read back, never rendered again; what does not agree with it stops and says so."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, POD, ObjectKey
from tests.fakes.operator import Stage

SEALED = ConditionType.GENESIS_SEALED
GENESIS, COPY = "trade-genesis", "trade-genesis-copy"


@pytest.mark.parametrize("name", [GENESIS, COPY])
async def test_a_deleted_genesis_is_made_again_byte_for_byte(running: Stage, name: str) -> None:
    before = running.cluster.delete_by_hand(CONFIG_MAP, name)
    await running.settle()
    after = running.cluster.find(CONFIG_MAP, name)
    assert after is not None
    assert after["data"] == before["data"]
    assert running.told(SEALED) == "True/AsExpected"


async def test_a_genesis_is_made_again_from_its_copy_and_not_from_the_spec(
    running: Stage,
) -> None:
    before = running.cluster.delete_by_hand(CONFIG_MAP, GENESIS)
    running.edit(nodeDefaults={"storage": {"size": "30Gi"}})
    running.start()
    await running.settle()
    after = running.cluster.find(CONFIG_MAP, GENESIS)
    assert after is not None
    assert after["data"] == before["data"]


async def test_a_genesis_lost_with_its_copy_is_not_sealed_anew(running: Stage) -> None:
    for name in (GENESIS, COPY):
        running.cluster.delete_by_hand(CONFIG_MAP, name)
    await running.settle()
    assert running.told(SEALED) == "False/GenesisTampered"
    assert running.told(ConditionType.STALLED) == "True/GenesisTampered"
    assert running.cluster.find(CONFIG_MAP, GENESIS) is None


@pytest.mark.parametrize("name", [GENESIS, COPY])
@pytest.mark.parametrize(
    "change",
    [
        {"config.genesis": "[chain]\n    chain_id=other\n"},
        {"config.genesis": "no genesis"},
        {"founders.json": "[]"},
        {"sealed-settings.json": "nothing"},
    ],
    ids=["another", "no-text", "no-founders", "unreadable"],
)
async def test_a_replaced_genesis_stops_the_round_and_is_told(
    running: Stage, name: str, change: dict[str, str]
) -> None:
    before = running.cluster.delete_by_hand(CONFIG_MAP, name)
    running.cluster.put(_like(before) | {"data": before["data"] | change})
    running.cluster.forget_calls()
    await running.settle()
    assert running.told(SEALED) == "False/GenesisTampered"
    assert {write.split()[0] for write in running.cluster.writes} == {"patch-status"}
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    running.cluster.put(_like(before))
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_both_replaced_alike_are_found_out_by_the_volumes(running: Stage) -> None:
    for name in (GENESIS, COPY):
        before = running.cluster.delete_by_hand(CONFIG_MAP, name)
        text = before["data"]["config.genesis"].replace("3000000000", "4000000000")
        assert text != before["data"]["config.genesis"]
        running.cluster.put(_like(before) | {"data": before["data"] | {"config.genesis": text}})
    await running.settle()
    assert running.told(SEALED) == "False/GenesisTampered"
    assert "volume" in running.condition(SEALED)["message"]


async def test_a_tampered_genesis_is_told_after_a_restart_as_well(running: Stage) -> None:
    before = running.cluster.delete_by_hand(CONFIG_MAP, GENESIS)
    running.cluster.put(_like(before) | {"data": before["data"] | {"config.genesis": "nothing"}})
    running.start()
    await running.settle()
    assert running.told(SEALED) == "False/GenesisTampered"
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"


async def test_another_genesis_than_the_pinned_one_is_refused(running: Stage) -> None:
    running.edit(fiscoBcos={"genesisSha256": "0" * 64})
    running.cluster.forget_calls()
    await running.settle()
    assert running.told(SEALED) == "False/GenesisMismatch"
    assert {write.split()[0] for write in running.cluster.writes} == {"patch-status"}
    running.edit(fiscoBcos={"genesisSha256": running.status()["genesis"]["sha256"]})
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_foreign_genesis_is_never_taken(stage: Stage) -> None:
    stage.cluster.put(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": GENESIS, "namespace": "chains"},
            "data": {"mine": "x"},
        }
    )
    stage.create()
    await stage.settle()
    assert stage.told(ConditionType.SPEC_VALID) == "False/NameConflict"
    assert not [w for w in stage.cluster.writes if "genesis" in w]
    found = stage.cluster.find(CONFIG_MAP, GENESIS)
    assert found is not None
    assert found["data"] == {"mine": "x"}


# A resource written anew that says something else.


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"chainId": "other"}, "spec.chainId"),
        ({"fiscoBcos": {"groupId": "other"}}, "spec.fiscoBcos.groupId"),
        (
            {"fiscoBcos": {"genesis": {"gasLimit": 4000000000}}},
            "spec.fiscoBcos.genesis.gasLimit",
        ),
        (
            {"fiscoBcos": {"executor": {"authCheck": False}}},
            "spec.fiscoBcos.executor.authCheck",
        ),
    ],
)
async def test_a_contradicting_resource_does_not_take_over_what_was_kept(
    running: Stage, spec: dict[str, Any], field: str
) -> None:
    running.delete()
    await running.settle()
    running.cluster.forget_calls()
    running.create(**spec)
    await running.settle()
    found = running.condition(ConditionType.IDENTITIES_INTACT)
    assert (found["status"], found["reason"]) == ("False", "RetainedDataConflict")
    assert field in found["message"]
    assert {write.split()[0] for write in running.cluster.writes} == {"patch-status"}
    assert running.cluster.all(POD) == []


async def test_an_edit_of_what_was_founded_is_told_as_such(running: Stage) -> None:
    """Where the CRD lost its rules. After a restart the operator knows the old spec from nowhere
    but the genesis."""
    running.edit(fiscoBcos={"groupId": "group1"})
    running.start()
    running.cluster.forget_calls()
    await running.settle()
    told = running.condition(ConditionType.SPEC_VALID)
    assert (told["status"], told["reason"]) == ("False", "ImmutableFieldChanged")
    assert "spec.fiscoBcos.groupId" in told["message"]
    assert {write.split()[0] for write in running.cluster.writes} == {"patch-status"}
    running.edit(fiscoBcos=None)
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_lost_volume_annotation_is_told(running: Stage) -> None:
    running.cluster.edit(
        PERSISTENT_VOLUME_CLAIM,
        "trade-webank-node-0-data-g1",
        lambda claim: claim["metadata"]["annotations"].update(
            {"consortium.dev/genesis-sha256": "0" * 64}
        ),
    )
    await running.settle()
    assert running.told(SEALED) == "False/GenesisTampered"
    assert "trade-webank-node-0-data-g1" in running.condition(SEALED)["message"]
    key = ObjectKey(PERSISTENT_VOLUME_CLAIM, "chains", "trade-webank-node-0-data-g1")
    assert await running.cluster.get(key) is not None


def _like(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = {k: obj["metadata"][k] for k in ("name", "namespace", "labels", "annotations")}
    return obj | {"metadata": metadata}
