"""NetworkPolicies: who reaches which port of a node."""

from typing import Any

from consortium_operator.chain.naming import PART_LABEL
from consortium_operator.manifests.network import network_policies
from consortium_operator.manifests.pod import pod_labels
from tests import chains


def policies(**network_policy: Any) -> dict[str, dict[str, Any]]:
    plan = chains.plan(networkPolicy=network_policy)
    found = network_policies(plan, chains.PROCESS)
    return {manifest["metadata"]["name"]: manifest["spec"] for manifest in found}


OPERATOR = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "consortium-system"}},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "consortium-operator"}},
}


def test_peers_are_the_chains_own_pods() -> None:
    (rule,) = policies()["trade-p2p"]["ingress"]
    assert rule["ports"] == [{"port": 30300, "protocol": "TCP"}]
    assert rule["from"] == [
        {
            "podSelector": {
                "matchLabels": {"consortium.dev/chain": "trade", "consortium.dev/part": "node"}
            }
        }
    ]


def test_rpc_is_for_the_operator_alone_by_default() -> None:
    (rule,) = policies()["trade-rpc-clients"]["ingress"]
    assert rule["ports"] == [{"port": 20200, "protocol": "TCP"}]
    assert rule["from"] == [OPERATOR]


def test_named_clients_reach_rpc_too() -> None:
    pods = {"matchLabels": {"app": "wallet"}}
    namespaces = {"matchExpressions": [{"key": "team", "operator": "In", "values": ["a"]}]}
    clients = [
        {"podSelector": pods},
        {"namespaceSelector": namespaces, "podSelector": pods},
        {"namespaceSelector": {}},
    ]
    found = policies(clients=clients)
    assert found["trade-rpc-clients"]["ingress"][0]["from"] == [OPERATOR, *clients]
    assert found["trade-p2p"] == policies()["trade-p2p"]


def test_every_port_of_every_node_is_closed_to_all_others() -> None:
    plan = chains.plan()
    for spec in policies().values():
        assert spec["policyTypes"] == ["Ingress"]
        for node in plan.nodes:
            labels = pod_labels(plan, node)
            assert labels[PART_LABEL] == "node"
            assert spec["podSelector"]["matchLabels"].items() <= labels.items()


def test_there_are_none_where_they_are_switched_off() -> None:
    assert policies(enabled=False) == {}
