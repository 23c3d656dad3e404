"""An API server that refuses, is busy or falls silent: nothing is lost, and people are told."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NamespaceTerminating,
    QuotaExceeded,
    TooManyRequests,
    Unavailable,
)
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
)
from consortium_operator.reconcile.failures import PATIENCE
from consortium_operator.reconcile.reconciler import LATER
from tests.fakes.faults import Call, Fault, on
from tests.fakes.operator import Stage

NODES = ConditionType.NODES_READY


def refusing(kind: type[ApiError], message: str = "no") -> Callable[[Call], Exception]:
    return lambda call: kind(403, kind.__name__, message, call.verb, call.key)


async def test_a_key_that_may_not_be_read_is_not_taken_for_absent(running: Stage) -> None:
    running.start()
    running.cluster.faults.append(Fault(on("get", SECRET), error=refusing(Forbidden)))
    assert await running.round() == LATER
    found = running.condition(ConditionType.IDENTITIES_INTACT)
    assert (found["status"], found["reason"]) == ("False", "Forbidden")
    assert "chainNamespaces" in found["message"]
    assert running.told(ConditionType.QUORUM_HEALTHY) in ("True/AsExpected", "Unknown/Unknown")
    assert not [w for w in running.cluster.writes if w.startswith("create")]
    running.cluster.faults.clear()
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_chain_whose_objects_may_not_be_seen_is_left_alone_and_told(running: Stage) -> None:
    """What was seen before may have changed since: a pod that ran, a volume that was there."""
    running.refusals.append(Forbidden(403, "Forbidden", "no right to pods", "watch", POD))
    running.cluster.delete_by_hand(SERVICE, "trade-webank-node-0")
    running.edit(nodeDefaults={"podLabels": {"team": "ledger"}})
    before = running.status()
    for _ in range(2):
        assert await running.round() == LATER
    assert running.told(NODES) == "False/Forbidden"
    assert "may not watch objects of kind Pod" in running.condition(NODES)["message"]
    assert running.status()["members"] == before["members"]
    assert {write.partition(" ")[0] for write in running.cluster.writes} == {"patch-status"}
    running.refusals.clear()
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


REFUSALS = (Forbidden, QuotaExceeded, NamespaceTerminating, Invalid)
# Each write is refused in one way here, and in all ways in the campaigns.
REFUSED: dict[tuple[str, Kind], type[ApiError]] = {
    ("apply", SERVICE): QuotaExceeded,
    ("apply", STATEFUL_SET): Forbidden,
    ("apply", CONFIG_MAP): Invalid,
    ("create", PERSISTENT_VOLUME_CLAIM): QuotaExceeded,
    ("create", SECRET): NamespaceTerminating,
    ("create", CONFIG_MAP): Forbidden,
}


@pytest.mark.parametrize(
    ("verb", "kind", "error"),
    [
        pytest.param(*write, error, marks=[pytest.mark.campaign] * (error is not quick))
        for write, quick in REFUSED.items()
        for error in REFUSALS
    ],
)
async def test_a_refused_write_is_told_and_made_once_it_is_granted(
    stage: Stage, verb: str, kind: Kind, error: type[ApiError]
) -> None:
    stage.create()
    stage.cluster.faults.append(Fault(on(verb, kind), error=refusing(error, "sorry")))
    for _ in range(PATIENCE + 1):
        with suppress(error):
            await stage.round()
    messages = [one["message"] for one in stage.status()["conditions"]]
    assert any("sorry" in message for message in messages)
    assert stage.told(ConditionType.READY).startswith("False/")
    stage.cluster.faults.clear()
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"


async def test_what_pods_mount_stays_while_nothing_can_be_changed(running: Stage) -> None:
    """A pod that is moved meanwhile starts with it."""
    before = {one["metadata"]["name"] for one in running.cluster.all(CONFIG_MAP)}
    running.cluster.faults.append(Fault(on("apply", SERVICE), error=refusing(Forbidden)))
    running.start()
    running.edit(fiscoBcos={"config": {"txpool": {"limit": "20000"}}})
    for _ in range(3):
        await running.round()
    after = {one["metadata"]["name"] for one in running.cluster.all(CONFIG_MAP)}
    assert len(after) == len(before) + 4
    assert before < after


@pytest.mark.parametrize("error", [Forbidden, QuotaExceeded])
async def test_what_others_must_grant_is_not_asked_for_every_moment(
    stage: Stage, error: type[ApiError]
) -> None:
    stage.create()
    stage.cluster.faults.append(Fault(on("create", PERSISTENT_VOLUME_CLAIM), error=refusing(error)))
    assert await stage.round() == LATER


async def test_what_is_invalid_waits_for_a_person(stage: Stage) -> None:
    stage.create()
    stage.cluster.faults.append(Fault(on("apply", SERVICE), error=refusing(Invalid, "spec.x: no")))
    assert await stage.round() == LATER
    assert stage.told(ConditionType.STALLED) == "True/Pending"
    assert "spec.x: no" in stage.condition(NODES)["message"]


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ('User "operator" cannot create resource "secrets" in API group ""', False),
        ("details withheld", True),
    ],
)
async def test_a_right_that_is_missing_is_told_from_a_policy_that_says_no(
    stage: Stage, words: str, policy: bool
) -> None:
    stage.create()
    stage.cluster.faults.append(Fault(on("create", SECRET), error=refusing(Forbidden, words)))
    await stage.round()
    message = stage.condition(ConditionType.IDENTITIES_INTACT)["message"]
    assert "chainNamespaces" in message
    assert ("admission policy" in message) == policy


@pytest.mark.parametrize("error", [TooManyRequests, Unavailable, Conflict])
async def test_a_busy_server_is_left_to_the_queue_and_costs_the_status_nothing(
    running: Stage, error: type[ApiError]
) -> None:
    before = running.status()
    running.cluster.delete_by_hand(SERVICE, "trade-webank-node-0")
    running.cluster.faults.append(Fault(on("get", SERVICE), error=refusing(error)))
    if error is not Conflict:
        with pytest.raises(error):
            await running.round()
        assert running.status() == before
    running.cluster.faults.clear()
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_server_that_fails_for_long_is_told(running: Stage) -> None:
    """An admission webhook that is away answers 500 to some writes for hours."""
    running.cluster.delete_by_hand(SERVICE, "trade-webank-node-0")
    running.cluster.faults.append(
        Fault(on("apply", SERVICE), error=refusing(Unavailable, "no endpoints for the webhook"))
    )
    for _ in range(PATIENCE + 2):
        with pytest.raises(Unavailable):
            await running.round()
    found = running.condition(NODES)
    assert (found["status"], found["reason"]) == ("False", "Pending")
    assert "no endpoints for the webhook" in found["message"]
    assert running.told(ConditionType.QUORUM_HEALTHY) == "True/AsExpected"
    assert running.cluster.verbs["patch-status"] == 1
    running.cluster.faults.clear()
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"


async def test_a_status_that_could_not_be_written_is_written_later(running: Stage) -> None:
    running.cluster.faults.append(
        Fault(on("patch-status", CONSORTIUM_CHAIN), error=refusing(Unavailable))
    )
    running.nodes.silent.add("trade-webank-node-0")
    with pytest.raises(Unavailable):
        await running.round()
    running.cluster.faults.clear()
    await running.settle()
    assert running.told(NODES) == "False/NodeDown"


async def test_a_resource_that_vanished_under_its_status_is_no_error(running: Stage) -> None:
    running.nodes.silent.add("trade-webank-node-0")
    running.hear()
    running.delete()
    await running.act()
    running.hear()
    assert await running.act() is None


async def test_a_server_that_asks_for_patience_is_left_alone(stage: Stage) -> None:
    """Not even the status is written, however long it lasts."""
    stage.create()
    busy = Fault(on("create"), error=lambda c: TooManyRequests(429, "", "busy", c.verb, c.key))
    stage.cluster.faults.append(busy)
    for _ in range(PATIENCE + 2):
        with pytest.raises(TooManyRequests):
            await stage.round()
    assert stage.cluster.verbs["patch-status"] == 0
    stage.cluster.faults.clear()
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"


async def test_an_old_resource_gets_no_status_of_its_successor(running: Stage) -> None:
    running.nodes.silent.add("trade-webank-node-0")
    running.hear()
    running.delete()
    running.create()
    await running.act()  # still of the old one
    assert "status" not in running.body()


QUICK = {("get", SECRET), ("create", SECRET), ("create", CONFIG_MAP), ("apply", CONFIG_MAP)}


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        pytest.param(verb, kind, marks=[pytest.mark.campaign] * ((verb, kind) not in QUICK))
        for verb in ("get", "create", "apply", "evict")
        for kind in (SECRET, CONFIG_MAP, POD)
    ],
)
async def test_no_answer_of_any_kind_regenerates_a_key(
    running: Stage, verb: str, kind: Kind
) -> None:
    secrets = running.cluster.all(SECRET)
    for error in (Unavailable, TooManyRequests, Forbidden, Invalid, Conflict):
        running.start()
        running.cluster.faults[:] = [Fault(on(verb, kind), error=refusing(error))]
        for _ in range(2):
            with suppress(ApiError):
                await running.round()
    running.cluster.faults.clear()
    await running.settle()
    assert running.cluster.all(SECRET) == secrets
