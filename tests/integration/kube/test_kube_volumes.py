"""How a real API server takes a claim that asks for more, and what it says where it refuses."""

import json

import pytest

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import Conflict, Forbidden, Invalid
from consortium_operator.kube.kinds import JsonObject, key_of
from tests.integration.kube.conftest import Somebody

pytestmark = pytest.mark.integration


def claim(namespace: str, storage_class: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "ledger", "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
            "storageClassName": storage_class,
        },
    }


def bind(somebody: Somebody, storage_class: str) -> None:
    """Gives it a disk that nobody will use."""
    name = f"{somebody.namespace}-disk"
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "2Gi"},
            "claimRef": {"name": "ledger", "namespace": somebody.namespace},
            "hostPath": {"path": f"/nowhere/{name}"},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": storage_class,
        },
    }
    somebody.kubectl("create", "--filename=-", stdin=json.dumps(volume))
    somebody.kubectl("wait", "pvc/ledger", "--for=jsonpath={.status.phase}=Bound", "--timeout=30s")


@pytest.mark.campaign
async def test_a_claim_asks_for_more_and_nothing_else_of_it_changes(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    made = await client.create(claim(namespace, "standard"))
    bind(somebody, "standard")
    grown = await client.grow(key_of(made), "3Gi", uid=made["metadata"]["uid"])
    assert grown["spec"].pop("resources") == {"requests": {"storage": "3Gi"}}
    made["spec"].pop("resources")
    assert made["spec"].items() <= grown["spec"].items()


@pytest.mark.campaign
async def test_a_class_that_cannot_grow_is_told_in_these_words(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    """By them the operator tells it from a right that it does not have."""
    made = await client.create(claim(namespace, "no-such-class"))
    bind(somebody, "no-such-class")
    with pytest.raises(Forbidden, match="only dynamically provisioned pvc can be resized"):
        await client.grow(key_of(made), "3Gi", uid=made["metadata"]["uid"])


async def test_a_claim_that_is_not_bound_cannot_ask_for_more(
    client: KubeClient, namespace: str
) -> None:
    made = await client.create(claim(namespace, "standard"))
    with pytest.raises((Invalid, Forbidden)):
        await client.grow(key_of(made), "3Gi", uid=made["metadata"]["uid"])


async def test_another_claim_of_the_name_is_left_alone(client: KubeClient, namespace: str) -> None:
    made = await client.create(claim(namespace, "standard"))
    with pytest.raises(Conflict):
        await client.grow(key_of(made), "3Gi", uid="another")
