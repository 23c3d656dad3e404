"""From a resource to a running chain: the order of design, once, and then silence."""

import pytest

from consortium_operator.api.conditions import ConditionType
from consortium_operator.chain.naming import ChainKey
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    CONSORTIUM_CHAIN,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SECRET,
    STATEFUL_SET,
    ObjectKey,
)
from tests import chains
from tests.campaigns import few_of
from tests.fakes.operator import Stage


def _first(writes: list[str], part: str) -> int:
    return next(number for number, write in enumerate(writes) if part in write)


def _last(writes: list[str], part: str) -> int:
    return max(number for number, write in enumerate(writes) if part in write)


async def test_a_new_resource_becomes_a_ready_chain(running: Stage) -> None:
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert running.status()["sealers"] == "4/4"
    assert running.status()["quorum"] == {"totalWeight": 4, "required": 3, "live": 4, "margin": 1}
    assert running.status()["height"] == 1
    assert running.status()["memberCount"] == 4


async def test_the_founding_goes_in_the_order_that_a_crash_cannot_break(stage: Stage) -> None:
    stage.create()
    await stage.round()
    writes = stage.cluster.writes
    steps = [
        "create Secret chains/trade-huawei-node-0-identity",
        "create ConfigMap chains/trade-huawei-node-0-identity",
        "create ConfigMap chains/trade-genesis",
        "create ConfigMap chains/trade-genesis-copy",
        "create ConfigMap chains/trade-webank-node-0-cert-",
        "create PersistentVolumeClaim chains/trade-webank-node-0-data-g1",
        "apply StatefulSet",
    ]
    places = [_first(writes, step) for step in steps]
    assert places == sorted(places)
    assert _last(writes, "-identity") < _first(writes, "-genesis")
    assert _last(writes, "apply Service") < _first(writes, "apply StatefulSet")
    assert _last(writes, "create PersistentVolumeClaim") < _first(writes, "apply StatefulSet")


async def test_a_key_is_read_back_before_it_is_registered(stage: Stage) -> None:
    stage.create()
    await stage.round()
    name = "trade-webank-node-0-identity"
    verbs = [
        f"{call.verb} {call.key.kind}" for call in stage.cluster.calls if call.key.name == name
    ]
    made = verbs.index("create Secret")
    assert verbs[made + 1 :] == ["get Secret", "create ConfigMap"]


async def test_the_genesis_is_sealed_once(running: Stage) -> None:
    sealed = [e for e in running.cluster.history if e.key.name == "trade-genesis"]
    assert len(sealed) == 1


async def test_a_round_in_which_nothing_changed_makes_no_call(running: Stage) -> None:
    for _ in range(5):
        await running.round()
    assert running.cluster.calls == []


async def test_a_restarted_operator_writes_nothing_new(running: Stage) -> None:
    before = running.cluster.versions()
    for _ in range(3):
        running.start()
        await running.settle()
    assert running.cluster.versions() == before
    assert "create" not in running.cluster.verbs
    assert "patch-status" not in running.cluster.verbs


async def test_the_order_of_members_in_the_spec_changes_nothing(running: Stage) -> None:
    members = chains.resource()["spec"]["members"]
    before = running.cluster.versions()
    running.edit(members=members[::-1])
    await running.settle()
    changed = {k for k, v in running.cluster.versions().items() if before[k] != v}
    assert changed == {"ConsortiumChain chains/trade"}


async def test_a_stale_store_makes_no_second_key(stage: Stage) -> None:
    """The watch lags behind by a whole founding: only the API server's word counts for keys."""
    stage.create()
    stage.hear()
    for _ in range(3):
        await stage.act()
    made = [w for w in stage.cluster.writes if w.startswith("create Secret")]
    assert len(made) == len(set(made))


async def test_what_another_operator_made_meanwhile_is_taken_over(stage: Stage) -> None:
    """Two operators at once: the slower one adopts, and neither makes a second key."""
    stage.create()
    other = Stage(cluster=stage.cluster, clock=stage.clock, engine=stage.engine)
    for one in (stage, other, stage, other):
        one.controllers.run()
        one.hear()
        await one.act()
    await stage.settle()
    await other.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"


async def test_the_chains_of_two_namespaces_are_two_chains(stage: Stage) -> None:
    stage.create(chainId="one")
    stage.create(chainId="two", namespace="elsewhere")
    await stage.settle()
    await stage.settle(ChainKey("elsewhere", "trade"))
    here = stage.cluster.find(CONFIG_MAP, "trade-genesis")
    there = stage.cluster.find(CONFIG_MAP, "trade-genesis", "elsewhere")
    assert here is not None
    assert there is not None
    assert here["data"] != there["data"]
    assert stage.told(ConditionType.READY, namespace="elsewhere") == "True/AsExpected"


# The founding probe.


async def test_the_first_transaction_waits_for_the_quorum(stage: Stage) -> None:
    stage.nodes.silent = {"trade-huawei-node-0", "trade-webank-node-0"}
    stage.create()
    for _ in range(5):
        await stage.round()
    assert stage.nodes.probes == []
    stage.nodes.silent = {"trade-webank-node-0"}
    await stage.round()
    assert stage.nodes.probes == ["trade-huawei-node-0"]
    assert stage.nodes.heights == {"trade": 1}


async def test_the_first_transaction_goes_to_a_sealer_at_work(stage: Stage) -> None:
    """RPBFT: the first node waits for its turn in this epoch."""
    nodes = [f"trade-{member}-node-0" for member in ("huawei", "ping-an", "tencent", "webank")]
    stage.nodes.silent = {nodes[0], nodes[3]}
    stage.create(fiscoBcos={"consensus": {"type": "RPBFT", "epochSealerNum": 3}})
    for _ in range(5):
        await stage.round()
    waiting, *working = [member["nodes"][0]["nodeId"] for member in stage.status()["members"]]
    answer = {"sealers": dict.fromkeys(working, 1), "candidates": {waiting: 1}}
    stage.nodes.scripted = dict.fromkeys(nodes, answer)
    stage.nodes.silent = set()
    await stage.round()
    assert stage.nodes.probes == [nodes[1]]


async def test_a_chain_with_blocks_is_sent_nothing(running: Stage) -> None:
    sent = list(running.nodes.probes)
    assert len(sent) == 1
    running.start()
    for _ in range(20):
        await running.round()
    assert running.nodes.probes == sent


async def test_an_unanswered_first_transaction_is_given_time(stage: Stage) -> None:
    stage.nodes.refuses_probes = True
    stage.create()
    for _ in range(5):  # two seconds each
        await stage.round()
    assert len(stage.nodes.probes) == 1
    assert stage.told(ConditionType.CHAIN_CONSISTENT) == "Unknown/Pending"
    assert stage.told(ConditionType.READY) == "False/Pending"
    stage.clock.advance(seconds=15)
    await stage.round()
    assert len(stage.nodes.probes) == 2


async def test_a_clock_that_is_set_back_keeps_the_first_transaction_from_nobody(
    stage: Stage,
) -> None:
    stage.nodes.refuses_probes = True
    stage.create()
    for _ in range(5):
        await stage.round()
    stage.clock.advance(minutes=-50)
    await stage.round()
    assert len(stage.nodes.probes) == 2


async def test_nothing_is_sent_while_a_node_runs_another_genesis(stage: Stage) -> None:
    stage.nodes.scripted["trade-huawei-node-0"] = {"block0_text": "another"}
    stage.create()
    for _ in range(5):
        await stage.round()
    assert stage.nodes.probes == []
    assert stage.told(ConditionType.CHAIN_CONSISTENT) == "False/GenesisMismatch"


# A second start before the first block.


async def test_a_node_that_started_twice_before_its_first_block_gets_a_new_volume(
    stage: Stage,
) -> None:
    stage.nodes.refuses_probes = True
    stage.create()
    for _ in range(4):
        await stage.round()
    stage.controllers.restart_container("trade-webank-node-0-0")
    await stage.round()
    assert stage.told(ConditionType.NODES_READY) == "False/RestartedAtGenesis"
    stage.nodes.refuses_probes = False
    stage.clock.advance(minutes=1)
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    names = [
        claim["metadata"]["name"]
        for claim in stage.cluster.all(PERSISTENT_VOLUME_CLAIM)
        if "webank" in claim["metadata"]["name"]
    ]
    assert names == ["trade-webank-node-0-data-g1", "trade-webank-node-0-data-g2"]
    assert stage.cluster.evictions == ["trade-webank-node-0-0"]


@pytest.mark.parametrize("killed", few_of([1, 2, 3, 4], quick=[2]))
async def test_pods_killed_before_the_first_block_end_in_one_agreeing_chain(
    stage: Stage, killed: int
) -> None:
    stage.nodes.refuses_probes = True
    stage.create()
    for _ in range(4):
        await stage.round()
    for pod in stage.cluster.all(POD)[:killed]:
        stage.cluster.remove(ObjectKey(POD, "chains", pod["metadata"]["name"]))
    await stage.round()
    stage.nodes.refuses_probes = False
    for _ in range(8):
        await stage.round()
        stage.clock.advance(seconds=20)
    await stage.settle()
    assert stage.told(ConditionType.READY) == "True/AsExpected"
    claims = stage.cluster.all(PERSISTENT_VOLUME_CLAIM)
    assert len(claims) == 4 + killed


# Deleted and written anew.


async def test_a_deleted_chain_keeps_its_keys_genesis_and_data(running: Stage) -> None:
    kept = (SECRET, PERSISTENT_VOLUME_CLAIM)
    before = [obj for kind in kept for obj in running.cluster.all(kind)]
    running.delete()
    await running.settle()
    assert running.cluster.writes == []
    assert [obj for kind in kept for obj in running.cluster.all(kind)] == before
    assert running.cluster.find(CONFIG_MAP, "trade-genesis") is not None
    assert running.cluster.all(STATEFUL_SET) == []


async def test_a_chain_written_anew_takes_up_what_was_kept(running: Stage) -> None:
    kept = running.cluster.all(SECRET)
    addresses = running.addresses()
    height = running.nodes.heights["trade"]
    running.delete()
    await running.settle()
    running.create()
    await running.settle()
    assert running.told(ConditionType.READY) == "True/AsExpected"
    assert running.cluster.all(SECRET) == kept
    assert running.addresses() == addresses
    assert running.status()["height"] == height


async def test_a_chain_that_was_orphaned_is_taken_over_without_touching_a_pod(
    running: Stage,
) -> None:
    pods = [pod["metadata"]["uid"] for pod in running.cluster.all(POD)]
    body = running.delete()
    running.orphan_all()
    running.hear()
    await running.act()
    running.create()
    await running.settle()
    assert [pod["metadata"]["uid"] for pod in running.cluster.all(POD)] == pods
    assert running.told(ConditionType.READY) == "True/AsExpected"
    uid = running.body()["metadata"]["uid"]
    assert uid != body["metadata"]["uid"]
    owned = [
        obj["metadata"]["ownerReferences"][0]["uid"]
        for obj in running.cluster.all()
        if obj["metadata"].get("ownerReferences")
    ]
    assert set(owned) == {uid}
    disposable = {"certificate", "config", "peers", "trust", "node", "rpc", "budget", "network"}
    assert all(
        obj["metadata"].get("ownerReferences")
        for obj in running.cluster.all()
        if obj["kind"] not in ("Pod", "ConsortiumChain")
        and obj["metadata"]["labels"]["consortium.dev/part"] in disposable
    )


async def test_a_resource_that_is_being_deleted_is_left_alone(stage: Stage) -> None:
    stage.create()
    stage.cluster.edit(
        CONSORTIUM_CHAIN,
        "trade",
        lambda body: body["metadata"].update(deletionTimestamp="2026-01-02T00:00:00Z"),
    )
    await stage.settle()
    assert stage.cluster.calls == []
