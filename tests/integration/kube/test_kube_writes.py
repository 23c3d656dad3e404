"""The client's verbs on a real API server: what each write does, and what each refusal is."""

import base64
import contextlib

import pytest

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.digest import object_digest
from consortium_operator.kube.errors import (
    AlreadyExists,
    Conflict,
    EvictionRefused,
    Invalid,
    NamespaceTerminating,
    NotFound,
    QuotaExceeded,
)
from consortium_operator.kube.kinds import POD, SECRET, JsonObject, Kind, ObjectKey, key_of
from consortium_operator.kube.ownership import foreign_managers
from tests.integration.kube.conftest import Somebody

pytestmark = pytest.mark.integration

CANARY = "canary-of-a-private-key"


def config_map(namespace: str, **data: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": namespace, "labels": {"ours": "yes"}},
        "data": data,
    }


def secret(namespace: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key", "namespace": namespace},
        "immutable": True,
        "data": {"node.pem": base64.b64encode(CANARY.encode()).decode()},
    }


def pod_spec() -> JsonObject:
    return {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "node", "image": "sandbox.local/none:1"}],
    }


def stateful_set(namespace: str) -> JsonObject:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "node", "namespace": namespace},
        "spec": {
            "replicas": 0,
            "serviceName": "node",
            "selector": {"matchLabels": {"app": "node"}},
            "updateStrategy": {"type": "OnDelete"},
            "template": {"metadata": {"labels": {"app": "node"}}, "spec": pod_spec()},
        },
    }


def service(namespace: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "node", "namespace": namespace},
        "spec": {"selector": {"app": "node"}, "ports": [{"name": "rpc", "port": 20200}]},
    }


async def live(client: KubeClient, obj: JsonObject) -> JsonObject:
    found = await client.get(key_of(obj))
    assert found is not None
    return found


async def test_an_object_that_does_not_exist_is_none(client: KubeClient, namespace: str) -> None:
    assert await client.get(ObjectKey(SECRET, namespace, "nothing")) is None
    assert await client.get(ObjectKey(SECRET, "no-such-namespace", "nothing")) is None


async def test_an_immutable_secret_is_created_once_and_never_overwritten(
    client: KubeClient, namespace: str
) -> None:
    created = await client.create(secret(namespace))
    with pytest.raises(AlreadyExists):
        await client.create(secret(namespace))
    other = {**created, "data": {"node.pem": base64.b64encode(b"another").decode()}}
    with pytest.raises(Invalid) as refused:
        await client.replace(other)
    assert other["data"]["node.pem"] not in str(refused.value)
    assert (await live(client, created))["data"] == created["data"]


async def test_no_error_about_a_secret_tells_what_is_in_it(
    client: KubeClient, namespace: str
) -> None:
    no_text = {**secret(namespace), "data": {"node.pem": {CANARY: CANARY}}}
    bad_name = {**secret(namespace), "stringData": {"a b": CANARY}}
    for write, bad in (
        (client.create, no_text),
        (client.apply, no_text),
        (client.create, bad_name),
        (client.apply, bad_name),
    ):
        with pytest.raises(Invalid) as refused:
            await write(bad)
        assert CANARY not in str(refused.value) + repr(refused.value)


async def test_a_misspelt_field_is_refused_by_every_write(
    client: KubeClient, namespace: str
) -> None:
    ours = await client.create(config_map(namespace, a="1"))
    misspelt = {**config_map(namespace), "dta": {"a": "1"}}
    with pytest.raises(Invalid, match="dta"):
        await client.create(misspelt)
    with pytest.raises(Invalid, match="dta"):
        await client.apply(misspelt)
    with pytest.raises(Invalid, match="dta"):
        await client.replace({**misspelt, "metadata": ours["metadata"]})


async def test_apply_takes_back_a_field_that_somebody_else_changed(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    await client.apply(config_map(namespace, a="1", b="2"))
    somebody.patch("configmap", "settings", {"data": {"a": "changed"}})
    assert (await client.apply(config_map(namespace, a="1", b="2")))["data"]["a"] == "1"


async def test_apply_drops_a_field_that_is_no_longer_wanted(
    client: KubeClient, namespace: str
) -> None:
    await client.apply(config_map(namespace, a="1", b="2"))
    assert (await client.apply(config_map(namespace, a="1")))["data"] == {"a": "1"}


async def test_apply_carries_every_character(client: KubeClient, namespace: str) -> None:
    text = '微众银行 𠀀 😀 "quoted"\n\ttab: {yaml: no} \u2028'
    assert (await client.apply(config_map(namespace, a=text)))["data"]["a"] == text


async def test_an_apply_that_changes_nothing_keeps_version_and_digest(
    client: KubeClient, namespace: str
) -> None:
    # A StatefulSet's version also moves when its controller writes the status in between.
    for build, mark in (
        (config_map, "resourceVersion"),
        (service, "resourceVersion"),
        (stateful_set, "generation"),
    ):
        first = await client.apply(build(namespace))
        again = await client.apply(build(namespace))
        assert again["metadata"][mark] == first["metadata"][mark]
        assert object_digest(again) == object_digest(first)


async def test_an_apply_that_names_a_uid_is_for_that_object_only(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    """Neither for its successor of the same name, nor does it make one."""
    first = await client.apply(config_map(namespace, a="1"))
    wanted = config_map(namespace, a="2")
    wanted["metadata"]["uid"] = first["metadata"]["uid"]
    applied = await client.restore(wanted)
    assert applied["data"] == {"a": "2"}
    somebody.patch("configmap", "settings", {"data": {"extra": "1"}})
    assert (await client.restore(wanted))["data"] == {"a": "2"}
    await client.delete(key_of(first), first["metadata"]["uid"])
    with pytest.raises(Conflict):
        await client.apply(wanted)
    assert await client.get(key_of(first)) is None
    second = await client.create(config_map(namespace, b="1"))
    with pytest.raises(Conflict):
        await client.apply(wanted)
    assert (await live(client, first))["metadata"] == second["metadata"]


async def test_a_custom_kind_is_served_or_not(client: KubeClient) -> None:
    assert not await client.serves(Kind("nothing.example/v1", "Nothing", "nothings"))
    assert await client.serves(Kind("apps/v1", "StatefulSet", "statefulsets"))


async def put_back(client: KubeClient, manifest: JsonObject) -> JsonObject:
    """Once its controller does not write the status in the very moment, which is a conflict."""
    for _ in range(20):
        with contextlib.suppress(Conflict):
            return await client.restore(manifest)
    raise AssertionError("it is written all the time")


async def test_restore_takes_out_what_others_put_in(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    before = await client.apply(stateful_set(namespace))
    sidecar = {"name": "sidecar", "image": "sandbox.local/foreign:1"}
    edits = [
        {"op": "add", "path": "/spec/template/spec/containers/-", "value": sidecar},
        {"op": "add", "path": "/spec/minReadySeconds", "value": 7},
        {"op": "replace", "path": "/spec/revisionHistoryLimit", "value": 3},
        {"op": "add", "path": "/metadata/labels", "value": {"team": "theirs"}},
    ]
    somebody.patch("statefulset", "node", edits)
    assert foreign_managers(await live(client, before)) == {"mallory"}
    restored = await put_back(client, stateful_set(namespace))
    assert restored["spec"] == before["spec"]
    assert restored["metadata"]["labels"] == {"team": "theirs"}
    assert foreign_managers(restored) == frozenset()
    again = await put_back(client, stateful_set(namespace))
    assert again["metadata"]["generation"] == restored["metadata"]["generation"]
    assert object_digest(again) == object_digest(restored)


async def test_a_restored_object_still_loses_what_is_no_longer_wanted(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    await client.apply(config_map(namespace, a="1", b="2"))
    somebody.patch("configmap", "settings", {"data": {"b": "changed", "c": "3"}})
    restored = await client.restore(config_map(namespace, a="1", b="2"))
    assert restored["data"] == {"a": "1", "b": "2"}
    again = await client.restore(config_map(namespace, a="1", b="2"))
    assert again["metadata"]["resourceVersion"] == restored["metadata"]["resourceVersion"]
    assert (await client.apply(config_map(namespace, a="1")))["data"] == {"a": "1"}


async def test_a_restored_service_keeps_its_address(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    before = await client.apply(service(namespace))
    port = {"name": "foreign", "port": 81, "protocol": "TCP", "targetPort": 81}
    somebody.patch("service", "node", [{"op": "add", "path": "/spec/ports/-", "value": port}])
    restored = await client.restore(service(namespace))
    assert restored["spec"] == before["spec"]


async def test_a_replacement_is_bound_to_the_version_that_was_read(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    read = await client.apply(config_map(namespace, a="1"))
    somebody.patch("configmap", "settings", {"data": {"a": "2"}})
    with pytest.raises(Conflict):
        await client.replace(read)
    with pytest.raises(ValueError, match="resourceVersion"):
        await client.replace(config_map(namespace, a="1"))


async def test_only_the_object_with_the_given_uid_is_deleted(
    client: KubeClient, namespace: str
) -> None:
    made = await client.create(config_map(namespace, a="1"))
    key, uid = key_of(made), made["metadata"]["uid"]
    with pytest.raises(Conflict):
        await client.delete(key, "00000000-0000-0000-0000-000000000000")
    assert await client.delete(key, uid) is None
    assert await client.get(key) is None
    assert await client.delete(key, uid) is None


async def test_a_delete_that_a_finalizer_holds_up_returns_the_object(
    client: KubeClient, namespace: str
) -> None:
    held = config_map(namespace, a="1")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    made = await client.create(held)
    left = await client.delete(key_of(made), made["metadata"]["uid"])
    assert left is not None
    assert "deletionTimestamp" in left["metadata"]


async def running_pod(client: KubeClient, namespace: str) -> JsonObject:
    pod = await client.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "node-0", "namespace": namespace, "labels": {"app": "node"}},
            "spec": pod_spec() | {"schedulerName": "nobody"},
        }
    )
    ready = [{"type": "Ready", "status": "True"}]
    status = {"phase": "Running", "conditions": ready}
    return await client.patch_status(key_of(pod), status, uid=pod["metadata"]["uid"])


async def test_an_eviction_is_refused_by_a_disruption_budget_and_then_allowed(
    client: KubeClient, namespace: str
) -> None:
    pod = await running_pod(client, namespace)
    uid = pod["metadata"]["uid"]
    budget = await client.apply(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "sealers", "namespace": namespace},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "node"}}},
        }
    )
    with pytest.raises(EvictionRefused, match="disruption budget"):
        await client.evict(namespace, "node-0", uid)
    await client.delete(key_of(budget), budget["metadata"]["uid"])
    with pytest.raises(Conflict):
        await client.evict(namespace, "node-0", "00000000-0000-0000-0000-000000000000")
    await client.evict(namespace, "node-0", uid)
    assert await client.get(ObjectKey(POD, namespace, "node-0")) is None
    with pytest.raises(NotFound):
        await client.evict(namespace, "node-0", uid)


async def test_a_pod_that_two_budgets_select_is_not_evicted_and_that_is_told(
    client: KubeClient, namespace: str
) -> None:
    pod = await running_pod(client, namespace)
    for name in ("sealers", "everything"):
        await client.apply(
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "node"}}},
            }
        )
    with pytest.raises(EvictionRefused, match="more than one PodDisruptionBudget"):
        await client.evict(namespace, "node-0", pod["metadata"]["uid"])
    assert await client.get(key_of(pod)) is not None


async def test_a_used_up_quota_is_told_from_missing_rights(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    somebody.kubectl("create", "quota", "none", "--hard=secrets=0")
    somebody.kubectl("wait", "quota/none", "--for=jsonpath={.status.hard.secrets}=0")
    with pytest.raises(QuotaExceeded, match="exceeded quota: none"):
        await client.create(secret(namespace))


async def test_a_namespace_that_is_going_away_takes_nothing_new(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    held = config_map(namespace, a="1")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    await client.create(held)
    somebody.kubectl("delete", "namespace", namespace, "--wait=false")
    with pytest.raises(NamespaceTerminating):
        await client.create(secret(namespace))
    somebody.patch("configmap", "settings", {"metadata": {"finalizers": None}})
