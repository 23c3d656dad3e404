"""RPC gets another port, loses or gets TLS: each node keeps what it was started with until its
turn, and is asked by that. The nodes of these tests answer nobody who asks in another way."""

from collections.abc import Mapping
from typing import Any

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import NETWORK_POLICY, POD, SERVICE
from tests.fakes.operator import Stage

NAMES = [f"trade-{member}-node-0" for member in ("huawei", "ping-an", "tencent", "webank")]


def _plain(stage: Stage) -> set[str]:
    """The nodes whose pod says that it speaks without TLS."""
    return {
        pod["metadata"]["name"].removesuffix("-0")
        for pod in stage.cluster.all(POD)
        if "consortium.dev/plain-rpc" in pod["metadata"]["annotations"]
    }


def _rpc_ports(stage: Stage) -> list[int]:
    """What the operator and the clients may reach."""
    policy = stage.cluster.find(NETWORK_POLICY, "trade-rpc-clients")
    assert policy is not None
    return [port["port"] for port in policy["spec"]["ingress"][0]["ports"]]


async def _roll(stage: Stage, **fisco_bcos: Any) -> None:
    """Until the change has reached all nodes: one at a time, each of them once."""
    stage.cluster.evictions.clear()
    stage.edit(fiscoBcos=fisco_bcos)
    for _ in range(40):
        await stage.round()
        assert 4 - len(stage.cluster.all(POD)) <= 1
        assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert sorted(stage.cluster.evictions) == [f"{name}-0" for name in NAMES]
    assert stage.told(ConditionType.READY) == "True/AsExpected"


async def test_a_chain_loses_tls_node_by_node_and_gets_it_back(running: Stage) -> None:
    await _roll(running, rpc={"tls": False})
    assert _plain(running) == set(NAMES)
    await _roll(running, rpc={"tls": True})
    assert _plain(running) == set()


async def test_a_chain_is_founded_without_tls(stage: Stage) -> None:
    stage.create(fiscoBcos={"rpc": {"tls": False}})
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    assert _plain(stage) == set(NAMES)


async def test_an_operator_that_starts_in_the_middle_reads_nodes_of_both_kinds(
    running: Stage,
) -> None:
    running.edit(fiscoBcos={"rpc": {"tls": False}})
    while len(_plain(running)) != 2:
        await running.round()
    running.start()
    await running.round()
    assert 0 < len(_plain(running)) < 4
    assert running.status()["quorum"]["live"] >= 3
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"


async def test_a_node_that_does_not_talk_tls_as_it_should_counts_as_down(running: Stage) -> None:
    """Nobody asks it without TLS, whatever the others and the spec say."""
    running.edit(fiscoBcos={"rpc": {"tls": False}})
    while len(_plain(running)) != 4:
        await running.round()
    await running.settle()

    def says_tls(pod: dict[str, Any]) -> None:
        del pod["metadata"]["annotations"]["consortium.dev/plain-rpc"]

    running.cluster.edit(POD, f"{NAMES[0]}-0", says_tls)
    await running.round()
    assert running.status()["quorum"]["live"] == 3


async def test_another_port_reaches_the_nodes_one_by_one(running: Stage) -> None:
    running.edit(fiscoBcos={"rpc": {"port": 21000}})
    await running.round()
    assert _rpc_ports(running) == [20200, 21000]
    await _roll(running, rpc={"port": 21000})
    assert _rpc_ports(running) == [21000]


@pytest.mark.parametrize(
    ("service", "ports"),
    [
        (NAMES[0], {"p2p": 30300, "rpc": 20200, "web3": 9000}),
        ("trade-huawei-rpc", {"rpc": 20200, "web3": 9000}),
    ],
)
async def test_the_web3_port_opens_node_by_node(
    running: Stage, service: str, ports: Mapping[str, int]
) -> None:
    await _roll(running, web3Rpc={"enabled": True, "port": 9000})
    found = running.cluster.find(SERVICE, service)
    assert found is not None
    assert {port["name"]: port["port"] for port in found["spec"]["ports"]} == ports
    for pod in running.cluster.all(POD):
        (container,) = pod["spec"]["containers"]
        assert {port["name"]: port["containerPort"] for port in container["ports"]}["web3"] == 9000
