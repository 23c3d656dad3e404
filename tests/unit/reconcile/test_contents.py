"""What ConfigMaps hold is not kept in memory until there is a chain that they may belong to; then
it is read before anything is judged by it."""

from consortium_operator.api.conditions import ConditionType
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import CONFIG_MAP
from tests.fakes.faults import Call, Fault, on
from tests.fakes.operator import Stage

READY = ConditionType.READY


def forbidden(call: Call) -> Exception:
    return Forbidden(403, "Forbidden", "no such right", call.verb, call.key)


async def test_an_operator_that_starts_reads_what_a_chain_has_and_changes_nothing(
    running: Stage,
) -> None:
    running.start()
    assert running.store.lacks_content("chains")
    running.cluster.forget_calls()
    await running.round()
    assert running.told(READY) == "True/AsExpected"
    assert running.cluster.verbs["list"] == 1
    assert running.cluster.verbs["create"] == running.cluster.verbs["evict"] == 0
    await running.round()
    assert running.cluster.verbs["list"] == 1


async def test_what_a_deleted_chain_left_is_adopted_when_it_comes_back(running: Stage) -> None:
    body = running.delete()
    running.controllers.run()
    await running.round()
    assert running.store.lacks_content("chains")
    before = {one["metadata"]["name"]: one["data"] for one in running.cluster.all(CONFIG_MAP)}
    running.cluster.put({**body, "status": {}})
    await running.settle(rounds=60)
    after = {one["metadata"]["name"]: one["data"] for one in running.cluster.all(CONFIG_MAP)}
    kept = before.keys() - {"trade-journal"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


async def test_a_round_that_cannot_read_them_does_nothing(running: Stage) -> None:
    running.start()
    running.cluster.faults.append(Fault(on("list", CONFIG_MAP), error=forbidden))
    running.cluster.forget_calls()
    await running.round()
    assert running.told(READY) == "False/Forbidden"
    assert running.cluster.writes == ["patch-status ConsortiumChain chains/trade"]
