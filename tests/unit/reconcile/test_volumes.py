"""A ledger is never replaced by an empty one, and a lost one is told."""

from collections.abc import Callable

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.journal import Journal
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SERVICE,
    STATEFUL_SET,
    JsonObject,
    ObjectKey,
)
from tests.fakes.operator import Stage

CLAIM = "trade-webank-node-0-data-g1"
NODES = ConditionType.NODES_READY


def _like(obj: JsonObject) -> JsonObject:
    metadata = {k: obj["metadata"][k] for k in ("name", "namespace", "labels", "annotations")}
    return obj | {"metadata": metadata}


async def test_a_lost_volume_is_told_and_not_made_again(running: Stage) -> None:
    """How its node is rebuilt on another one: test_rebuilds.py."""
    running.nodes.refusal = "not now"
    claim = running.cluster.delete_by_hand(PERSISTENT_VOLUME_CLAIM, CLAIM)
    running.cluster.remove(ObjectKey(POD, "chains", "trade-webank-node-0-0"))
    await running.settle()
    assert running.told(NODES) == "False/VolumeLost"
    assert CLAIM in running.condition(NODES)["message"]
    assert running.told(ConditionType.STALLED) == "True/VolumeLost"
    assert running.cluster.find(PERSISTENT_VOLUME_CLAIM, CLAIM) is None
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    running.start()
    await running.settle()
    assert running.told(NODES) == "False/VolumeLost"
    running.cluster.put(_like(claim))
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_lost_volume_is_called_by_its_generation(stage: Stage) -> None:
    """A node that started twice before its first block runs on its second volume."""
    stage.nodes.refuses_probes = True
    stage.create()
    for _ in range(4):
        await stage.round()
    stage.cluster.remove(ObjectKey(POD, "chains", "trade-webank-node-0-0"))
    stage.nodes.refuses_probes = False
    stage.clock.advance(minutes=1)
    await stage.settle()
    second = "trade-webank-node-0-data-g2"
    assert stage.cluster.find(PERSISTENT_VOLUME_CLAIM, second) is not None
    for name in (CLAIM, second):
        stage.cluster.delete_by_hand(PERSISTENT_VOLUME_CLAIM, name)
    stage.start()
    stage.nodes.refusal = "not now"
    await stage.settle()
    assert stage.told(NODES) == "False/VolumeLost"
    assert second in stage.condition(NODES)["message"]


@pytest.mark.parametrize("node_id", ["ab" * 64, None], ids=["another-node", "nobody"])
async def test_a_volume_of_another_key_is_told_and_its_pod_left_alone(
    running: Stage, node_id: str | None
) -> None:
    """Restored under the wrong name, say: the node would vote on what another one has seen."""

    def claim_of(node_id: str | None) -> Callable[[JsonObject], None]:
        def change(claim: JsonObject) -> None:
            claim["metadata"]["annotations"]["consortium.dev/node-id"] = node_id or ""

        return change

    claim = running.cluster.find(PERSISTENT_VOLUME_CLAIM, CLAIM)
    assert claim is not None
    running.cluster.edit(PERSISTENT_VOLUME_CLAIM, CLAIM, claim_of(node_id))
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    await running.settle()
    intact = ConditionType.IDENTITIES_INTACT
    assert running.told(intact) == "False/RetainedDataConflict"
    assert CLAIM in running.condition(intact)["message"]
    assert "trade-webank-node-0-0" not in running.cluster.evictions
    right = claim["metadata"]["annotations"]["consortium.dev/node-id"]
    running.cluster.edit(PERSISTENT_VOLUME_CLAIM, CLAIM, claim_of(right))
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_pod_on_a_volume_that_is_going_is_not_evicted(running: Stage) -> None:
    """Kubernetes keeps a claim as long as a pod uses it: an eviction would be its end."""
    running.cluster.edit(
        PERSISTENT_VOLUME_CLAIM,
        CLAIM,
        lambda claim: claim["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"),
    )
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    for _ in range(30):
        await running.round()
    assert "trade-webank-node-0-0" not in running.cluster.evictions
    assert running.told(NODES) == "False/VolumeLost"


async def test_a_volume_lost_before_the_first_block_is_made_again(stage: Stage) -> None:
    stage.nodes.refuses_probes = True
    stage.create()
    for _ in range(4):
        await stage.round()
    stage.cluster.delete_by_hand(PERSISTENT_VOLUME_CLAIM, CLAIM)
    stage.nodes.refuses_probes = False
    stage.clock.advance(minutes=1)
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    assert stage.cluster.find(PERSISTENT_VOLUME_CLAIM, CLAIM) is not None


async def test_a_deleted_stateful_set_comes_back_on_its_volume(running: Stage) -> None:
    before = running.cluster.delete_by_hand(STATEFUL_SET, "trade-webank-node-0")
    await running.settle()
    after = running.cluster.find(STATEFUL_SET, "trade-webank-node-0")
    assert after is not None
    assert after["spec"] == before["spec"]
    assert running.told(ConditionType.READY) == "True/AsExpected"


# The journal.


def _journal(stage: Stage) -> Journal:
    found = stage.cluster.find(CONFIG_MAP, "trade-journal")
    assert found is not None
    return Journal.from_data(found["data"])


async def test_the_journal_keeps_what_was_achieved(running: Stage) -> None:
    entry = _journal(running).of("trade-webank-node-0")
    assert (entry.intent, entry.role, entry.weight, entry.block) == ("Sealer/1", "Sealer", 1, 1)
    assert entry.cluster_ip == running.addresses()["trade-webank-node-0"]


async def test_the_address_of_a_members_rpc_is_asked_for_again(stage: Stage) -> None:
    """Applications that run have resolved it."""
    metadata = {"name": "other", "namespace": "chains"}
    stage.cluster.put({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {}})
    stage.create()
    await stage.settle()
    stage.cluster.delete_by_hand(SERVICE, "other")  # an address that the server would give first
    before = stage.cluster.delete_by_hand(SERVICE, "trade-webank-rpc")
    stage.start()
    await stage.settle()
    after = stage.cluster.find(SERVICE, "trade-webank-rpc")
    assert after is not None
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]


async def test_new_blocks_are_no_news_for_the_journal(running: Stage) -> None:
    running.nodes.heights["trade"] = 500
    await running.settle()
    assert [w for w in running.cluster.writes if "journal" in w] == []


async def test_a_lost_journal_is_written_again_from_the_chain(running: Stage) -> None:
    before = _journal(running)
    running.cluster.delete_by_hand(CONFIG_MAP, "trade-journal")
    await running.settle()
    assert _journal(running).of("trade-webank-node-0").block is not None
    assert _journal(running).entries.keys() == before.entries.keys()


@pytest.mark.parametrize("text", ["no json", '{"block": "one"}'])
async def test_an_unreadable_journal_is_told(running: Stage, text: str) -> None:
    def spoil(obj: JsonObject) -> None:
        obj["data"]["trade-webank-node-0"] = text

    running.cluster.edit(CONFIG_MAP, "trade-journal", spoil)
    await running.settle()
    assert running.told(ConditionType.MEMBERSHIP_IN_SYNC) == "False/Pending"
    assert "trade-webank-node-0" in running.condition(ConditionType.MEMBERSHIP_IN_SYNC)["message"]
    assert running.told(ConditionType.STALLED) == "True/Pending"


async def test_a_volume_without_its_labels_is_told_with_the_command_that_mends_it(
    running: Stage,
) -> None:
    """No watch shows it, and no rollout would ever reach its node."""
    name = "trade-webank-node-0-data-g1"
    labels = {}

    def strip(claim: JsonObject) -> None:
        labels.update(claim["metadata"].pop("labels"))

    running.cluster.edit(PERSISTENT_VOLUME_CLAIM, name, strip)
    await running.settle()
    assert running.told(NODES) == "False/VolumeLost"
    message = running.condition(NODES)["message"]
    command = f"kubectl label persistentvolumeclaim {name} --namespace chains --overwrite "
    assert message.endswith(command + " ".join(f"{k}={v}" for k, v in sorted(labels.items())))
    assert running.nodes.enacted == []
    running.cluster.edit(
        PERSISTENT_VOLUME_CLAIM, name, lambda claim: claim["metadata"].update(labels=labels)
    )
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"
