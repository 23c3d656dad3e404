"""NetworkPolicies: who reaches which port of a node."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from consortium_operator.chain.files import Port, Process
from consortium_operator.chain.naming import PART_LABEL
from consortium_operator.manifests.network import network_policies
from consortium_operator.manifests.pod import pod_labels
from tests import chains

WITH_WEB3 = replace(chains.PROCESS, for_clients=(Port("web3", 8545),))


def policies(
    process: Process = chains.PROCESS, rpc_ports: Collection[int] = (), **network_policy: Any
) -> dict[str, dict[str, Any]]:
    plan = chains.plan(networkPolicy=network_policy)
    found = network_policies(plan, process, rpc_ports)
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


def test_a_port_for_applications_is_for_the_named_clients_alone() -> None:
    client = {"podSelector": {"matchLabels": {"app": "wallet"}}}
    rpc, web3 = policies(WITH_WEB3, clients=[client])["trade-rpc-clients"]["ingress"]
    assert rpc == policies(clients=[client])["trade-rpc-clients"]["ingress"][0]
    assert web3 == {"from": [client], "ports": [{"port": 8545, "protocol": "TCP"}]}


def test_a_port_for_applications_is_closed_where_no_client_is_named() -> None:
    """A rule with an empty list of peers would open it to everybody."""
    assert policies(WITH_WEB3) == policies()


def test_running_nodes_are_reached_where_they_have_rpc_until_their_turn() -> None:
    (rule,) = policies(rpc_ports={20300, 20200})["trade-rpc-clients"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [20200, 20300]


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
