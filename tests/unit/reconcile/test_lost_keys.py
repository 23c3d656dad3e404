"""A key that is gone or wrong is told, never made anew, and all is well once it is put back."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SECRET,
    STATEFUL_SET,
    JsonObject,
    key_of,
)
from tests.fakes.operator import Stage

NODE_KEY = "trade-webank-node-0-identity"
TLS_KEY = "trade-webank-node-0-tls-1"
NODE_CA = "trade-webank-node-ca-1"
CLIENT_CA = "trade-webank-client-ca-1"
INTACT = ConditionType.IDENTITIES_INTACT
READY = ConditionType.READY


async def _slow_resync(stage: Stage) -> None:
    stage.clock.advance(minutes=31)
    await stage.settle()


@pytest.mark.parametrize("name", [NODE_KEY, TLS_KEY])
async def test_a_lost_node_key_is_told_and_never_made_anew(running: Stage, name: str) -> None:
    running.cluster.delete_by_hand(SECRET, name)
    for _ in range(3):
        await _slow_resync(running)
    found = running.condition(INTACT)
    assert (found["status"], found["reason"]) == ("False", "NodeKeyMissing")
    assert name in found["message"]
    assert "webank/node-0" in found["message"]
    assert ("name another Secret in" in found["message"]) == (name == NODE_KEY)
    assert running.told(ConditionType.STALLED) == "True/NodeKeyMissing"
    assert running.cluster.find(SECRET, name) is None


async def test_a_restarted_operator_notices_a_lost_key_at_once(running: Stage) -> None:
    running.cluster.delete_by_hand(SECRET, NODE_KEY)
    running.start()
    await running.round()
    assert running.told(INTACT) == "False/NodeKeyMissing"


async def test_a_lost_key_leaves_the_pod_and_the_other_nodes_alone(running: Stage) -> None:
    pods = [pod["metadata"]["uid"] for pod in running.cluster.all(POD)]
    running.cluster.delete_by_hand(SECRET, NODE_KEY)
    running.cluster.delete_by_hand(STATEFUL_SET, "trade-huawei-node-0")
    await _slow_resync(running)
    assert running.cluster.find(STATEFUL_SET, "trade-huawei-node-0") is not None
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    left = [pod["metadata"]["uid"] for pod in running.cluster.all(POD)]
    assert set(pods) - set(left) == {pods[0]}  # huawei's, which went with its StatefulSet


@pytest.mark.parametrize("name", [NODE_KEY, TLS_KEY, NODE_CA, CLIENT_CA, "trade-admin"])
async def test_a_key_that_is_put_back_makes_all_well_without_a_restart(
    running: Stage, name: str
) -> None:
    key = running.cluster.delete_by_hand(SECRET, name)
    await _slow_resync(running)
    assert running.told(READY).startswith("False")
    running.cluster.put(_restored(key))
    await running.settle()
    assert running.told(READY) == "True/AsExpected"
    assert running.told(ConditionType.STALLED) == "False/AsExpected"


def _restored(obj: JsonObject) -> JsonObject:
    """As a backup brings it back: without what the server had given it."""
    metadata = {k: obj["metadata"][k] for k in ("name", "namespace", "labels", "annotations")}
    return obj | {"metadata": metadata}


async def test_a_wrong_node_key_is_told_and_its_pod_is_left_alone(running: Stage) -> None:
    key = running.cluster.delete_by_hand(SECRET, NODE_KEY)
    other = running.cluster.find(SECRET, "trade-huawei-node-0-identity")
    assert other is not None
    running.cluster.put(_restored(key) | {"data": other["data"]})
    await _slow_resync(running)
    assert running.told(INTACT) == "False/NodeKeyMismatch"
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    await running.settle(rounds=80)
    assert "trade-webank-node-0-0" not in running.cluster.evictions
    assert len(running.cluster.evictions) == 3


async def test_an_emptied_key_is_told(running: Stage) -> None:
    key = running.cluster.delete_by_hand(SECRET, NODE_KEY)
    running.cluster.put(_restored(key) | {"data": {}})
    await _slow_resync(running)
    assert running.told(INTACT) == "False/NodeKeyMismatch"


async def test_a_founders_key_cannot_be_swapped_together_with_its_register(
    running: Stage,
) -> None:
    """The founders table remembers the node id, whatever became of key and register."""
    key = running.cluster.delete_by_hand(SECRET, NODE_KEY)
    running.cluster.delete_by_hand(CONFIG_MAP, NODE_KEY)
    running.cluster.put(
        _restored(key) | {"data": {"node.pem": _pem(running.engine.new_node_key()["node.pem"])}}
    )
    await running.settle()
    assert running.told(INTACT) == "False/NodeKeyMismatch"
    assert running.cluster.find(CONFIG_MAP, NODE_KEY) is None
    running.cluster.put(_restored(key))
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


def _pem(content: bytes) -> str:
    import base64

    return base64.b64encode(content).decode()


@pytest.mark.parametrize("name", [NODE_KEY, NODE_CA, "trade-admin"])
async def test_a_lost_register_is_written_again_from_its_key_soon(
    running: Stage, name: str
) -> None:
    register = running.cluster.delete_by_hand(CONFIG_MAP, name)
    await running.settle()
    found = running.cluster.find(CONFIG_MAP, name)
    assert found is not None
    assert found["data"] == register["data"]
    assert running.told(READY) == "True/AsExpected"


async def test_a_register_with_other_content_is_told(running: Stage) -> None:
    register = running.cluster.delete_by_hand(CONFIG_MAP, NODE_KEY)
    running.cluster.put(_restored(register) | {"data": register["data"] | {"node_id": "f" * 128}})
    await running.settle()
    assert running.told(INTACT) == "False/NodeKeyMismatch"


async def test_a_key_and_its_register_lost_together_stay_lost(running: Stage) -> None:
    running.cluster.delete_by_hand(SECRET, NODE_KEY)
    running.cluster.delete_by_hand(CONFIG_MAP, NODE_KEY)
    await running.settle()
    assert running.told(INTACT) == "False/NodeKeyMissing"
    assert "founders table" in running.condition(INTACT)["message"]


async def test_a_pod_that_waits_for_its_files_has_its_keys_looked_at_soon(
    running: Stage,
) -> None:
    running.cluster.delete_by_hand(SECRET, NODE_KEY)

    def wait(pod: JsonObject) -> None:
        pod["status"]["phase"] = "Pending"

    running.controllers.lazy = True
    running.cluster.edit(
        POD, "trade-webank-node-0-0", wait, actor="controller", subresource="status"
    )
    running.clock.advance(seconds=20)
    await running.round()
    assert running.told(INTACT) == "False/NodeKeyMissing"


# Authorities.


@pytest.mark.parametrize("name", [NODE_CA, CLIENT_CA])
async def test_a_lost_ca_key_is_told_while_its_certificates_serve(
    running: Stage, name: str
) -> None:
    running.cluster.delete_by_hand(SECRET, name)
    await _slow_resync(running)
    assert running.told(INTACT) == "False/CAKeyMissing"
    assert running.told(ConditionType.CERTIFICATES_VALID) == "True/AsExpected"
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert running.cluster.find(SECRET, name) is None


@pytest.mark.parametrize("name", [NODE_CA, CLIENT_CA])
async def test_without_its_ca_an_ageing_certificate_serves_on(running: Stage, name: str) -> None:
    running.cluster.delete_by_hand(SECRET, name)
    running.clock.advance(days=70)  # a client's certificate of 90 days is due
    await running.settle()
    running.start()
    await running.settle()
    assert running.status()["sealers"] == "4/4"
    running.clock.advance(days=275)  # a node's of 365 days is due as well
    if name == NODE_CA:
        await running.settle(rounds=80)
        expiry = [m["nodes"][0].get("certificateExpires") for m in running.status()["members"]]
        assert all(expiry)


async def test_a_wrong_ca_key_signs_nothing(running: Stage) -> None:
    key = running.cluster.delete_by_hand(SECRET, NODE_CA)
    other = running.cluster.find(SECRET, "trade-huawei-node-ca-1")
    assert other is not None
    running.cluster.put(_restored(key) | {"data": other["data"]})
    running.clock.advance(days=340)
    for _ in range(6):
        await running.round()
    found = running.condition(INTACT)
    assert (found["status"], found["reason"]) == ("False", "NodeKeyMismatch")
    assert NODE_CA in found["message"]


@pytest.mark.parametrize("data", [{}, {"sdk.key": "bm90IGEga2V5"}])
async def test_a_broken_client_key_is_told(running: Stage, data: dict[str, str]) -> None:
    name = "trade-webank-operator-client"
    key = running.cluster.delete_by_hand(SECRET, name)
    running.cluster.put(_restored(key) | {"data": data})
    await _slow_resync(running)
    assert running.told(INTACT) == "False/NodeKeyMismatch"
    assert name in running.condition(INTACT)["message"]


async def test_a_lost_client_key_is_told_while_its_certificate_is_there(running: Stage) -> None:
    running.cluster.delete_by_hand(SECRET, "trade-webank-client")
    await _slow_resync(running)
    assert running.told(INTACT) == "False/SecretNotFound"
    running.cluster.delete_by_hand(CONFIG_MAP, "trade-webank-client")
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


# Restores.


async def test_with_a_pinned_genesis_nothing_is_ever_generated(running: Stage) -> None:
    """The resource is restored first, its keys and genesis later, and volumes last: the wrong
    order."""
    sha256 = running.status()["genesis"]["sha256"]
    backup = [obj for obj in running.cluster.all() if obj["kind"] in ("Secret", "ConfigMap")]
    stage = Stage(clock=running.clock, engine=running.engine)
    stage.create(fiscoBcos={"genesisSha256": sha256})
    await stage.settle()
    assert {write.split()[0] for write in stage.cluster.writes} == {"patch-status"}
    assert stage.told(INTACT) == "False/CAKeyMissing"
    assert stage.told(ConditionType.STALLED).startswith("True")
    kept = [obj for obj in backup if not obj["metadata"].get("ownerReferences")]
    # ConfigMaps before Secrets, one at a time, with rounds between: still nothing is generated.
    for obj in sorted(kept, key=lambda obj: str(obj["kind"])):
        if obj["metadata"]["name"] != "trade-journal":
            stage.cluster.put(_restored(obj))
            await stage.round()
    await stage.settle(rounds=80)
    made = {write.split()[1] for write in stage.cluster.writes if write.startswith("create")}
    assert made.isdisjoint({"Secret", "PersistentVolumeClaim"})
    assert stage.told(ConditionType.NODES_READY) == "False/VolumeLost"
    assert "without spec.fiscoBcos.genesisSha256" in stage.condition(READY)["message"]
    for claim in running.cluster.all(PERSISTENT_VOLUME_CLAIM):
        stage.cluster.put(_restored(claim))
    await stage.settle(rounds=80)
    assert stage.told(READY) == "True/AsExpected"
    assert stage.status()["genesis"]["sha256"] == sha256
    secrets = {obj["metadata"]["name"]: obj["data"] for obj in stage.cluster.all(SECRET)}
    assert secrets == {
        obj["metadata"]["name"]: obj["data"] for obj in backup if obj["kind"] == "Secret"
    }


async def test_where_only_volumes_are_left_no_key_at_all_is_made(running: Stage) -> None:
    """A restore that began with them: the members' CAs and the admin account are to come, too."""
    running.delete()
    await running.settle()
    for obj in running.cluster.all():
        if obj["kind"] != "PersistentVolumeClaim":
            running.cluster.remove(key_of(obj))
    running.start()
    running.create()
    await running.settle()
    assert running.cluster.all(SECRET) == []
    message = running.condition(ConditionType.IDENTITIES_INTACT)["message"]
    for name in ("trade-webank-node-ca-1", "trade-webank-client-ca-1", "trade-admin"):
        assert f"Secret {name}" in message


async def test_keys_that_were_read_in_one_moment_are_not_read_again_in_one(running: Stage) -> None:
    """Each within half an hour; else every chain's Secrets would be one burst for ever."""
    running.start()
    await running.settle()
    running.cluster.forget_calls()
    bursts = []
    for _ in range(7):
        running.clock.advance(minutes=1)
        await running.act()
        bursts.append(len(running.cluster.calls))
        running.cluster.forget_calls()
    assert bursts == [0] * 7
    for _ in range(24):
        running.clock.advance(minutes=1)
        await running.act()
        bursts.append(len(running.cluster.calls))
        running.cluster.forget_calls()
    secrets = len(running.cluster.all(SECRET))
    assert sum(bursts) >= secrets
    assert max(bursts) < secrets


async def test_what_lost_its_labels_is_told_with_them_and_well_again_once_they_are_back(
    running: Stage,
) -> None:
    register = running.cluster.find(CONFIG_MAP, NODE_KEY)
    assert register is not None
    labels = register["metadata"]["labels"]
    running.cluster.edit(CONFIG_MAP, NODE_KEY, lambda found: found["metadata"].pop("labels"))
    await running.settle()
    told = running.condition(ConditionType.SPEC_VALID)
    assert told["reason"] == "NameConflict"
    assert told["message"].endswith(" ".join(f"{k}={v}" for k, v in sorted(labels.items())))
    running.cluster.edit(
        CONFIG_MAP, NODE_KEY, lambda found: found["metadata"].update(labels=labels)
    )
    await running.settle()
    assert running.told(READY) == "True/AsExpected"
