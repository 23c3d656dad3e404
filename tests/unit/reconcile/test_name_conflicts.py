"""A name that somebody else has is never taken, written to or deleted."""

from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import ChainKey
from consortium_operator.kube.kinds import kind_of
from tests import chains
from tests.campaigns import few_of
from tests.fakes.operator import Stage

BODIES: dict[str, dict[str, Any]] = {
    "Secret": {"apiVersion": "v1", "data": {}},
    "ConfigMap": {"apiVersion": "v1", "data": {"mine": "x"}},
    "Service": {"apiVersion": "v1", "spec": {"selector": {"app": "mine"}}},
    "PersistentVolumeClaim": {"apiVersion": "v1", "spec": {}},
    "StatefulSet": {
        "apiVersion": "apps/v1",
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "mine"}},
            "template": {"metadata": {"labels": {"app": "mine"}}, "spec": {"volumes": []}},
        },
    },
    "PodDisruptionBudget": {"apiVersion": "policy/v1", "spec": {"minAvailable": 1}},
    "NetworkPolicy": {"apiVersion": "networking.k8s.io/v1", "spec": {"podSelector": {}}},
}
NAMES = [
    ("Secret", "trade-webank-node-ca-1"),
    ("Secret", "trade-webank-client-ca-1"),
    ("Secret", "trade-webank-node-0-identity"),
    ("Secret", "trade-webank-node-0-tls-1"),
    ("Secret", "trade-webank-client"),
    ("Secret", "trade-webank-operator-client"),
    ("Secret", "trade-admin"),
    ("ConfigMap", "trade-webank-node-ca-1"),
    ("ConfigMap", "trade-webank-node-0-identity"),
    ("ConfigMap", "trade-admin"),
    ("ConfigMap", "trade-genesis"),
    ("ConfigMap", "trade-genesis-copy"),
    ("ConfigMap", "trade-webank-client"),
    ("ConfigMap", "trade-trust"),
    ("ConfigMap", "trade-journal"),
    ("ConfigMap", "trade-webank-node-0-peers"),
    ("Service", "trade-webank-node-0"),
    ("Service", "trade-webank-rpc"),
    ("PersistentVolumeClaim", "trade-webank-node-0-data-g1"),
    ("StatefulSet", "trade-webank-node-0"),
    ("PodDisruptionBudget", "trade-sealers"),
    ("NetworkPolicy", "trade-p2p"),
]


def _foreign(kind: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "chains", "labels": labels}
    return {"kind": kind, "metadata": metadata} | BODIES[kind]


# Of no chain at all; and so that the operator sees it as another chain's, or half as its own.
@pytest.mark.parametrize(
    "labels",
    few_of(
        [{}, {"consortium.dev/chain": "other"}, {"consortium.dev/chain": "trade"}],
        quick=[{}],
    ),
    ids=str,
)
@pytest.mark.parametrize(("kind", "name"), NAMES)
async def test_a_name_of_somebody_else_is_told_and_left_alone(
    stage: Stage, kind: str, name: str, labels: dict[str, str]
) -> None:
    foreign = _foreign(kind, name, labels)
    stage.cluster.put(foreign)
    before = stage.cluster.find(kind_of(foreign), name)
    stage.create()
    stage.controllers.skip.add(name)
    await stage.settle()
    found = stage.condition(ConditionType.SPEC_VALID)
    assert (found["status"], found["reason"]) == ("False", "NameConflict")
    assert f"{kind} {name}" in found["message"]
    assert stage.told(ConditionType.STALLED) == "True/NameConflict"
    assert stage.cluster.find(kind_of(foreign), name) == before
    assert f"{kind} chains/{name}" not in " ".join(
        write for write in stage.cluster.writes if not write.startswith("create")
    )


async def test_once_the_name_is_free_the_chain_goes_on(stage: Stage) -> None:
    foreign = _foreign("Service", "trade-webank-node-0", {})
    stage.cluster.put(foreign)
    stage.create()
    await stage.settle()
    assert not [w for w in stage.cluster.writes if "StatefulSet" in w]
    stage.cluster.delete_by_hand(kind_of(foreign), "trade-webank-node-0")
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"


async def test_two_chains_whose_names_run_into_each_other(stage: Stage) -> None:
    """a-b + c and a + b-c both ask for a-b-c-…: the first has it, the second is told."""
    stage.create(chains.member("c"), name="a-b", chainId="one")
    await stage.settle(ChainKey("chains", "a-b"))
    before = stage.cluster.versions()
    stage.create(chains.member("b-c"), name="a", chainId="two")
    await stage.settle(ChainKey("chains", "a"))
    assert stage.told(ConditionType.SPEC_VALID, "a") == "False/NameConflict"
    await stage.settle(ChainKey("chains", "a-b"))
    assert stage.told(ConditionType.READY, "a-b") == "True/AsExpected"
    after = stage.cluster.versions()
    assert {key for key in before if before[key] != after[key]} <= {"ConsortiumChain chains/a-b"}
    nodes = stage.status("a").get("members", [{"nodes": []}])[0]["nodes"]
    assert all("nodeId" not in node for node in nodes)
