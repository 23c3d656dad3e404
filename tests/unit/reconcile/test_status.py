"""What the status says, when it moves, and when it is not worth a write."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from consortium_operator.api.chain import ConsortiumChain
from consortium_operator.api.conditions import REASONS, ConditionType, Reason
from consortium_operator.api.parse import parse
from consortium_operator.api.status import ConsortiumChainStatus
from consortium_operator.kube.kinds import CONSORTIUM_CHAIN, POD, JsonObject
from consortium_operator.reconcile import reconciler
from consortium_operator.reconcile.findings import Finding, Findings
from consortium_operator.reconcile.judgement import Evidence, judge
from tests import chains
from tests.fakes.operator import Stage

NODES = ConditionType.NODES_READY
READY = ConditionType.READY
WEBANK = "trade-webank-node-0"


async def test_the_status_is_what_the_resource_defines(running: Stage) -> None:
    read = ConsortiumChainStatus.model_validate(running.status(), by_alias=True, by_name=False)
    assert {condition.type for condition in read.conditions} == set(ConditionType)
    assert read.observed_generation == 1
    assert ConsortiumChain.model_fields["status"] is not None


async def test_each_node_is_told_with_id_and_expiry(running: Stage) -> None:
    member = running.status()["members"][3]
    assert member["name"] == "webank"
    (node,) = member["nodes"]
    assert node["name"] == "node-0"
    assert re.fullmatch("[0-9a-f]{128}", node["nodeId"])
    assert node["certificateExpires"] == "2027-01-02T03:04:05Z"
    assert (node["role"], node["weight"], node["state"]) == ("Sealer", 1, "Live")


async def test_a_time_of_transition_moves_only_with_the_status(running: Stage) -> None:
    before, spec = running.condition(NODES), running.condition(ConditionType.SPEC_VALID)
    running.clock.advance(minutes=5)
    running.nodes.silent = {WEBANK}
    await running.settle()
    down = running.condition(NODES)
    assert down["lastTransitionTime"] > before["lastTransitionTime"]
    running.clock.advance(minutes=5)
    running.nodes.silent = {WEBANK, "trade-huawei-node-0"}
    await running.settle()
    more = running.condition(NODES)
    assert more["message"] != down["message"]
    assert more["lastTransitionTime"] == down["lastTransitionTime"]
    assert running.condition(ConditionType.SPEC_VALID) == spec


@pytest.mark.campaign
async def test_new_blocks_are_told_every_ten_minutes(running: Stage) -> None:
    start = running.clock.now
    while running.clock.now - start < timedelta(minutes=31):
        running.nodes.heights["trade"] += 10
        await running.round()
        running.clock.advance(seconds=13)
    assert running.cluster.verbs["patch-status"] == 3
    assert running.status()["height"] > 1000


async def test_a_height_goes_along_with_other_news(running: Stage) -> None:
    running.nodes.heights["trade"] = 77
    running.nodes.silent = {WEBANK}
    await running.round()
    assert running.status()["height"] == 77


async def test_a_chain_that_stands_still_is_never_written(running: Stage) -> None:
    for _ in range(50):
        running.clock.advance(minutes=5)
        await running.round()
    assert running.cluster.writes == []


async def test_a_node_that_catches_up_is_not_a_stream_of_writes(running: Stage) -> None:
    running.nodes.heights["trade"] = 10_000
    for height in range(100, 120):
        running.nodes.scripted[WEBANK] = {"height": height}
        await running.round()
    assert running.cluster.verbs["patch-status"] == 1
    assert running.told(NODES) == "False/NodeDown"


async def test_a_status_that_was_written_has_nobody_read_the_spec_again(
    running: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Mock(wraps=parse)
    monkeypatch.setattr(reconciler, "parse", read)
    running.nodes.silent = {WEBANK}
    await running.settle()
    assert running.told(READY) == "False/NodeDown"
    assert read.call_count == 0
    running.edit(deletionProtection=True)
    await running.settle()
    assert read.call_count == 1


async def test_a_status_that_somebody_edited_is_put_right(running: Stage) -> None:
    def lie(body: JsonObject) -> None:
        body["status"]["conditions"] = []

    running.cluster.edit(CONSORTIUM_CHAIN, "trade", lie, subresource="status")
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


async def test_under_an_older_crd_the_rest_of_the_status_is_told_and_the_chain_is_looked_after(
    running: Stage,
) -> None:
    running.cluster.unknown_status = {"quorum"}
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert running.status()["observedGeneration"] == 2
    assert "quorum" not in running.status()
    (event, *_) = [one for one in running.cluster.events if one["reason"] == "CRDOutdated"]
    assert event["message"] == (
        "the status is told without what the installed CRD does not know: "
        'unknown field "status.quorum". Install the CRD of the operator\'s release'
    )


async def test_the_first_round_takes_over_from_the_default_status(stage: Stage) -> None:
    stage.create(chainId="not-alnum")
    default = {
        "type": "Ready",
        "status": "Unknown",
        "reason": "Pending",
        "message": "Waiting for the operator",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }
    stage.cluster.edit(
        CONSORTIUM_CHAIN, "trade", lambda body: body.update(status={"conditions": [default]})
    )
    await stage.settle()
    assert stage.told(READY) == "False/Invalid"
    assert stage.condition(READY)["lastTransitionTime"] == "2026-01-02T03:04:05Z"


async def test_what_cannot_be_read_any_more_is_kept(running: Stage) -> None:
    genesis = running.status()["genesis"]
    running.edit(version="9.9.9")
    running.start()
    await running.settle()
    assert running.told(READY) == "False/UnknownVersion"
    assert running.status()["genesis"] == genesis
    assert running.status()["observedGeneration"] == 2


# What people read in each situation.


def _pod(**status: Any) -> Any:
    def change(pod: JsonObject) -> None:
        pod["status"] |= status

    return change


async def _down(stage: Stage, *names: str) -> None:
    stage.nodes.silent = {f"trade-{name}-node-0" for name in names}


@pytest.mark.parametrize(
    ("down", "ready", "quorum", "message"),
    [
        (
            ("webank",),
            "False/NodeDown",
            "True/AsExpected",
            "webank/node-0: no answer from trade-webank-node-0",
        ),
        (
            ("webank", "huawei"),
            "False/QuorumLost",
            "False/QuorumLost",
            "2 of 4 weight live, 3 needed, margin -1: no block can be made",
        ),
        (
            ("huawei", "ping-an", "tencent", "webank"),
            "False/NodeDown",
            "Unknown/Unknown",
            "no answer from",
        ),
    ],
)
async def test_nodes_that_fall_silent(
    running: Stage, down: tuple[str, ...], ready: str, quorum: str, message: str
) -> None:
    await _down(running, *down)
    await running.settle()
    assert running.told(READY) == ready
    assert running.told(ConditionType.QUORUM_HEALTHY) == quorum
    assert message in running.condition(READY)["message"]
    assert running.told(ConditionType.STALLED) == "False/AsExpected"
    await _down(running)
    await running.settle()
    assert running.told(READY) == "True/AsExpected"


@pytest.mark.parametrize(
    ("answer", "ready"),
    [
        ({"latest_hash": "0xother"}, "False/ChainSplit"),
        ({"problem": "its gateway hangs"}, "False/NodeDown"),
        ({"node_id": "f" * 128}, "False/NodeDown"),
        ({"genesis_hash": "0xother"}, "False/NodeDown"),
    ],
)
async def test_a_node_that_answers_what_it_should_not(
    running: Stage, answer: dict[str, Any], ready: str
) -> None:
    running.nodes.scripted[WEBANK] = answer
    await running.settle()
    assert running.told(READY) == ready


async def test_a_node_that_comes_back_with_another_block_0(running: Stage) -> None:
    running.cluster.delete_by_hand(POD, f"{WEBANK}-0")
    running.nodes.scripted[WEBANK] = {"block0_text": "another"}
    await running.settle()
    assert running.told(READY) == "False/GenesisMismatch"


async def test_sealers_that_wait_for_their_turn_are_still_those_of_the_founding(
    running: Stage,
) -> None:
    """An RPBFT chain lists only those at work in the epoch as sealers."""
    *working, waiting = [m["nodes"][0]["nodeId"] for m in running.status()["members"]]
    for member in ("huawei", "ping-an", "tencent", "webank"):
        running.nodes.scripted[f"trade-{member}-node-0"] = {
            "sealers": dict.fromkeys(working, 1),
            "candidates": {waiting: 1},
        }
    await running.settle()
    assert running.told(ConditionType.MEMBERSHIP_IN_SYNC).startswith("True")


async def test_sealers_that_changed_on_chain_are_told_and_not_undone(running: Stage) -> None:
    ids = [m["nodes"][0]["nodeId"] for m in running.status()["members"]]
    for member in ("huawei", "ping-an", "tencent", "webank"):
        running.nodes.scripted[f"trade-{member}-node-0"] = {
            "sealers": dict.fromkeys(ids, 1) | {"f" * 128: 1}
        }
    running.cluster.forget_calls()
    await running.settle()
    assert running.told(ConditionType.MEMBERSHIP_IN_SYNC) == "False/ChangedOnChain"
    kinds = {write.split()[1] for write in running.cluster.writes}
    assert kinds <= {"ConsortiumChain", "PodDisruptionBudget", "ConfigMap"}


@pytest.mark.parametrize(
    ("status", "reason", "message"),
    [
        (
            {
                "phase": "Pending",
                "containerStatuses": [
                    {
                        "name": "node",
                        "restartCount": 0,
                        "state": {"waiting": {"reason": "ErrImagePull", "message": "no such"}},
                    }
                ],
            },
            "ImagePull",
            "no such",
        ),
        (
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes are available",
                    }
                ],
            },
            "Unschedulable",
            "0/3 nodes are available",
        ),
    ],
)
async def test_a_pod_that_cannot_start_is_told_by_its_reason(
    running: Stage, status: dict[str, Any], reason: str, message: str
) -> None:
    running.controllers.lazy = True
    running.cluster.edit(
        POD, f"{WEBANK}-0", _pod(**status), actor="controller", subresource="status"
    )
    await running.settle()
    assert running.told(NODES) == f"False/{reason}"
    assert message in running.condition(NODES)["message"]


async def test_where_a_pod_is_refused_it_is_told_who_says_why(running: Stage) -> None:
    """By a quota, a LimitRange, Pod Security, a webhook: that stands in Events."""
    running.controllers.lazy = True
    running.cluster.delete_by_hand(POD, f"{WEBANK}-0")
    await running.settle()
    assert running.told(NODES) == "False/NodeDown"
    assert "kubectl describe statefulset" in running.condition(NODES)["message"]


def test_no_message_is_longer_than_the_api_server_takes() -> None:
    """It would refuse the whole status, and just when there is much to tell."""
    nodes = {f"member/node-{number}": f"says {number} {'x' * 200}" for number in range(256)}
    refused = Finding(ConditionType.GENESIS_SEALED, Reason.PENDING, "x" * 50_000)
    judged = judge(Evidence(Findings([refused]), down=nodes, had_blocks=True))
    assert judged[ConditionType.NODES_READY].message.startswith("member/node-0: says 0")
    assert max(len(one.message) for one in judged.values()) < 32_768


async def test_fewer_than_four_sealers_are_a_warning(stage: Stage) -> None:
    stage.create(chains.member("huawei"), chains.member("webank"))
    await stage.settle()
    assert stage.told(ConditionType.QUORUM_HEALTHY) == "True/NoFaultTolerance"
    assert stage.told(READY) == "True/AsExpected"


@pytest.mark.parametrize(
    ("executor", "told"),
    [
        ({}, "False/SoleGeneratedAdmin"),
        ({"authCheck": False}, "False/AuthOff"),
        ({"authAdminAccount": "0x" + "a" * 40}, "True/AsExpected"),
    ],
)
async def test_who_governs_is_said_and_does_not_keep_a_chain_from_ready(
    stage: Stage, executor: dict[str, Any], told: str
) -> None:
    stage.create(fiscoBcos={"executor": executor})
    await stage.settle()
    assert stage.told(ConditionType.GOVERNANCE_HANDED_OVER) == told
    assert stage.told(READY) == "True/AsExpected"


async def test_the_chain_says_that_it_starts_before_it_says_that_it_is_down(stage: Stage) -> None:
    stage.create()
    await stage.round()
    assert stage.told(READY) == "False/Pending"
    assert stage.told(ConditionType.RECONCILING) == "True/Pending"
    assert stage.told(ConditionType.STALLED) == "False/AsExpected"


async def test_a_chain_that_waits_for_a_person_is_looked_at_less_often(running: Stage) -> None:
    assert await running.round() == reconciler.LATER
    running.nodes.silent = {WEBANK}
    assert await running.round() == reconciler.SOON
    running.edit(chainId="not-alnum")
    assert await running.round() == reconciler.LATER


# Of every status ever written by these tests, and of the code.


def test_every_reason_in_the_code_may_stand_where_it_is_put() -> None:
    """Finding(CONDITION, REASON, …) with both as constants: all that the code can say."""
    package = Path(reconciler.__file__).parent
    pattern = re.compile(r"ConditionType\.(\w+),\s*Reason\.(\w+)")
    pairs = {pair for file in package.glob("*.py") for pair in pattern.findall(file.read_text())}
    assert len(pairs) > 15
    wrong = [
        (condition, reason)
        for condition, reason in sorted(pairs)
        if Reason[reason] not in REASONS[ConditionType[condition]]
    ]
    assert wrong == []
