"""A member's CAs are replaced when a person says so, and everybody stays connected meanwhile."""

from datetime import timedelta

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.protocol import ClientIdentity
from consortium_operator.kube.kinds import CONFIG_MAP, POD, SECRET
from tests.fakes.faults import Fault, Mode, at_write
from tests.fakes.operator import Stage
from tests.unit.reconcile.bringing import CERTIFICATES, INTACT, READY, data_of, pods

WEBANK = "trade-webank-node-0"
CAS = ("trade-webank-node-ca", "trade-webank-client-ca")


def rotate(stage: Stage, words: str) -> None:
    stage.annotate("consortium.dev/rotate-ca", words)


def ca(stage: Stage, number: int, name: str = CAS[0]) -> str:
    return data_of(stage, CONFIG_MAP, f"{name}-{number}")["ca.crt"]


def trusted(stage: Stage) -> set[str]:
    return {*data_of(stage, CONFIG_MAP, "trade-trust").values()}


def check_everybody_is_let_in(stage: Stage) -> None:
    """The nodes accept each other, and the client that applications use, by what they run with."""
    found = stage.cluster.all(POD)
    assert len(found) >= 3
    client = data_of(stage, CONFIG_MAP, "trade-webank-client")
    for pod in found:
        if pod["metadata"]["name"] == f"{WEBANK}-0":
            identity = ClientIdentity(PrivateFiles({}), client["sdk.crt"])
            assert stage.nodes.links.lets_in(pod, identity)
    assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"


async def test_both_cas_are_replaced_and_the_old_ones_dropped(running: Stage) -> None:
    secrets = {one["metadata"]["name"]: one for one in running.cluster.all(SECRET)}
    old, ids = ca(running, 1), [m["nodes"][0]["nodeId"] for m in running.status()["members"]]
    rotate(running, "webank@2")
    for _ in range(80):
        await running.round()
        check_everybody_is_let_in(running)
    assert running.told(READY) == "True/AsExpected"
    assert old not in trusted(running)
    assert ca(running, 2) in trusted(running)
    client = data_of(running, CONFIG_MAP, "trade-webank-client")
    assert client["ca.crt"] == ca(running, 2)
    after = {one["metadata"]["name"]: one for one in running.cluster.all(SECRET)}
    assert {name: after[name] for name in secrets} == secrets
    assert after.keys() - secrets.keys() == {f"{name}-2" for name in CAS}
    assert [m["nodes"][0]["nodeId"] for m in running.status()["members"]] == ids
    others = [name for name in running.cluster.evictions if not name.startswith(WEBANK)]
    assert len(others) == len(set(others)) == 3
    assert running.cluster.evictions.count(f"{WEBANK}-0") == 2


async def test_what_is_replaced_is_trusted_until_nobody_uses_it(running: Stage) -> None:
    rotate(running, "webank@2")
    await running.round()
    assert {ca(running, 1), ca(running, 2)} <= trusted(running)
    assert running.told(CERTIFICATES) == "False/Renewing"
    assert (
        "the CAs of member webank are being replaced by generation 2"
        in (running.condition(CERTIFICATES)["message"])
    )
    client = data_of(running, CONFIG_MAP, "trade-webank-client")
    assert client["ca.crt"] == ca(running, 2) + ca(running, 1)


@pytest.mark.campaign
async def test_a_member_that_leaves_meanwhile_still_gets_its_new_cas(running: Stage) -> None:
    """Its leaving is refused, or waits for votes: until it is out, the chain counts it."""
    old = ca(running, 1)
    rotate(running, "webank@2")
    await running.round()
    members = running.body()["spec"]["members"]
    running.edit(members=[one for one in members if one["name"] != "webank"])
    for _ in range(60):
        await running.round()
        check_everybody_is_let_in(running)
    assert running.told(ConditionType.MEMBERSHIP_IN_SYNC) == "False/QuorumUnsafe"
    assert running.told(CERTIFICATES) == "True/AsExpected"
    assert old not in trusted(running)


async def test_a_word_is_good_once(running: Stage) -> None:
    rotate(running, "webank@2")
    await running.settle(rounds=120)
    running.start()
    for _ in range(5):
        await running.round()
    assert running.cluster.find(SECRET, f"{CAS[0]}-3") is None
    evicted = len(running.cluster.evictions)
    await running.settle(rounds=80)
    assert len(running.cluster.evictions) == evicted
    rotate(running, "webank@3")
    await running.settle(rounds=120)
    assert ca(running, 3) in trusted(running)
    assert ca(running, 2) not in trusted(running)
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("webank", "is not <member>@<next generation>"),
        ("webank@2.", "is not <member>@<next generation>"),
        ("org/webank@2", "is not <member>@<next generation>"),
        ("nobody@2", "names no member of the chain: it has huawei, ping-an, tencent, webank"),
        ("webank@4", "skips a generation: the next is webank@2"),
    ],
)
async def test_words_in_vain_are_told(running: Stage, words: str, why: str) -> None:
    rotate(running, words)
    await running.settle()
    assert running.condition(CERTIFICATES)["message"] == (
        f"annotation consortium.dev/rotate-ca: {words} {why}"
    )
    assert running.told(ConditionType.STALLED) == "True/Renewing"
    assert running.cluster.find(SECRET, f"{CAS[0]}-2") is None
    assert running.cluster.evictions == []


async def test_cas_that_a_member_brings_are_its_own_to_renew(brought: Stage) -> None:
    rotate(brought, "webank@2")
    await brought.settle()
    assert (
        "webank@2 asks for CAs that the member brings: renew them in Secret webank-clients"
        in (brought.condition(CERTIFICATES)["message"])
    )
    assert brought.cluster.evictions == []


async def test_a_generation_that_is_lost_is_not_made_anew(running: Stage) -> None:
    rotate(running, "webank@2")
    await running.settle(rounds=120)
    for name in CAS:
        running.cluster.delete_by_hand(SECRET, f"{name}-2")
        running.cluster.delete_by_hand(CONFIG_MAP, f"{name}-2")
    running.start()
    before = pods(running)
    for _ in range(10):
        await running.round()
    assert running.cluster.find(SECRET, f"{CAS[0]}-2") is None
    assert running.told(INTACT) == "False/CAKeyMissing"
    assert pods(running) == before


async def test_a_register_that_is_lost_comes_back_from_its_secret(running: Stage) -> None:
    rotate(running, "webank@2")
    await running.settle(rounds=120)
    register, before = ca(running, 2), pods(running)
    running.cluster.delete_by_hand(CONFIG_MAP, f"{CAS[0]}-2")
    running.start()
    await running.settle()
    assert ca(running, 2) == register
    assert pods(running) == before


@pytest.mark.campaign
async def test_a_ca_near_its_end_is_told_with_the_command_and_replaced_by_it(
    stage: Stage,
) -> None:
    stage.create(certificates={"caDuration": "9000h"})
    await stage.settle()
    stage.clock.advance(hours=9000 - 700)
    await stage.settle(rounds=120)
    message = stage.condition(CERTIFICATES)["message"]
    assert (
        "kubectl annotate consortiumchain trade --namespace chains --overwrite "
        "consortium.dev/rotate-ca=webank@2"
    ) in message
    rotate(stage, ",".join(f"{m['name']}@2" for m in stage.status()["members"]))
    await stage.settle(rounds=250)
    assert stage.told(READY) == "True/AsExpected"


@pytest.mark.campaign
@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER])
async def test_an_operator_killed_at_any_write_goes_on(running: Stage, mode: Mode) -> None:
    for number in range(1, 60, 7):
        stage = running.copy()
        rotate(stage, "webank@2")
        fault = Fault(at_write(number), mode=mode)
        stage.cluster.faults.append(fault)
        while not await _is_over(stage):
            stage.start()
        assert stage.told(READY) == "True/AsExpected"
        assert trusted(stage).isdisjoint({ca(stage, 1)})
        if not fault.spent:
            return


async def _is_over(stage: Stage) -> bool:
    await stage.settle_with_restarts()
    stage.clock.now += timedelta(minutes=1)
    return stage.told(READY) == "True/AsExpected"
