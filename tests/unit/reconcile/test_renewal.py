"""Certificates are renewed in time, for the same keys, and no clock makes that happen twice."""

from datetime import UTC, datetime, timedelta

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.kinds import CONFIG_MAP, POD, SECRET
from tests.fakes.operator import Stage
from tests.unit.reconcile.bringing import CERTIFICATES, READY, certificates_of, data_of, pods

MEMBERS = ("huawei", "ping-an", "tencent", "webank")
NODES = [f"trade-{member}-node-0" for member in MEMBERS]
UP_TO_DATE = ConditionType.UP_TO_DATE
LIFE, BEFORE, CLIENT_LIFE = timedelta(hours=8760), timedelta(hours=720), timedelta(hours=2160)


def secrets(stage: Stage) -> dict[str, object]:
    return {one["metadata"]["name"]: one["data"] for one in stage.cluster.all(SECRET)}


def expiry(stage: Stage) -> list[datetime]:
    return [
        datetime.fromisoformat(node["certificateExpires"])
        for member in stage.status()["members"]
        for node in member["nodes"]
    ]


async def test_due_certificates_are_renewed_for_the_same_keys_one_node_at_a_time(
    running: Stage,
) -> None:
    keys, ends = secrets(running), expiry(running)
    running.clock.now = min(ends) - BEFORE + timedelta(minutes=1)
    for _ in range(60):
        await running.round()
        assert len(running.cluster.all(POD)) >= 3
        assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert sorted(running.cluster.evictions) == [f"{name}-0" for name in NODES]
    assert secrets(running) == keys
    assert min(expiry(running)) > max(ends) + LIFE - BEFORE - timedelta(days=1)
    assert running.told(READY) == "True/AsExpected"
    for name in NODES:
        assert len(certificates_of(running, name)) == 1


async def test_a_node_that_leaves_is_renewed_as_long_as_the_chain_counts_it(
    running: Stage,
) -> None:
    """Its leaving is refused, or waits for votes, for longer than its certificates hold."""
    keys, ends, leaver = secrets(running), expiry(running), NODES[-1]
    before = data_of(running, CONFIG_MAP, "trade-webank-operator-client")
    members = running.body()["spec"]["members"]
    running.edit(members=[one for one in members if one["name"] != "webank"])
    await running.settle()
    running.clock.now = min(ends) - BEFORE + timedelta(minutes=1)
    for _ in range(60):
        await running.round()
        assert len(running.cluster.all(POD)) >= 3
        assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert running.told(ConditionType.MEMBERSHIP_IN_SYNC) == "False/QuorumUnsafe"
    assert running.told(CERTIFICATES) == "True/AsExpected"
    assert sorted(running.cluster.evictions) == [f"{name}-0" for name in NODES]
    assert secrets(running) == keys
    assert data_of(running, CONFIG_MAP, "trade-webank-operator-client") != before
    assert running.cluster.find(POD, f"{leaver}-0") is not None


async def test_until_a_node_restarts_the_status_tells_the_end_of_what_it_runs_with(
    running: Stage,
) -> None:
    ends = expiry(running)
    running.clock.now = min(ends) - BEFORE + timedelta(minutes=1)
    await running.round()
    assert expiry(running) == ends
    assert running.told(CERTIFICATES) == "False/AwaitingRestart"
    assert running.condition(CERTIFICATES)["message"] == (
        "the certificates of huawei/node-0, ping-an/node-0, tencent/node-0, webank/node-0 are "
        "renewed, and come into force as these nodes restart; the first of the old ones ends at "
        f"{min(ends):%Y-%m-%d %H:%M} UTC"
    )


async def test_client_certificates_are_renewed_in_place_and_nobody_restarts(
    running: Stage,
) -> None:
    keys, before = secrets(running), data_of(running, CONFIG_MAP, "trade-webank-client")
    running.clock.now += CLIENT_LIFE - BEFORE + timedelta(minutes=1)
    await running.settle()
    after = data_of(running, CONFIG_MAP, "trade-webank-client")
    assert after["sdk.crt"] != before["sdk.crt"]
    assert after["ca.crt"] == before["ca.crt"]
    assert secrets(running) == keys
    assert running.cluster.evictions == []
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.parametrize("jump", [LIFE - BEFORE + timedelta(hours=2), timedelta(days=2000)])
async def test_a_clock_that_leaps_forward_and_back_renews_at_most_once(
    running: Stage, jump: timedelta
) -> None:
    """The nodes' clocks are right all the while: they must accept what was issued."""
    real = running.clock.now
    running.nodes.links.clock = lambda: real
    running.clock.now += jump
    for _ in range(8):
        await running.round()
    running.clock.now = real + timedelta(minutes=1)
    await running.settle(rounds=100)
    assert running.told(READY) == "True/AsExpected"
    issued = {name: certificates_of(running, name) for name in NODES}
    evicted = list(running.cluster.evictions)
    assert len(evicted) == len(set(evicted))
    running.clock.now += timedelta(days=1)
    running.start()
    await running.settle(rounds=100)
    assert {name: certificates_of(running, name) for name in NODES} == issued
    assert running.cluster.evictions == evicted


async def test_a_clock_that_leaps_back_renews_nothing(running: Stage) -> None:
    before = pods(running)
    running.clock.now = datetime(2001, 1, 1, tzinfo=UTC)
    for _ in range(5):
        await running.round()
    assert pods(running) == before
    for name in NODES:
        assert len(certificates_of(running, name)) == 1


async def test_a_paused_chain_tells_that_its_certificates_are_due(running: Stage) -> None:
    running.edit(paused=True)
    running.clock.now = min(expiry(running)) - BEFORE + timedelta(minutes=1)
    await running.settle()
    assert running.told(CERTIFICATES) == "False/Renewing"
    assert (
        "renewed only while the resource is accepted and not paused"
        in (running.condition(CERTIFICATES)["message"])
    )
    assert running.cluster.evictions == []
