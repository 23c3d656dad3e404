"""What the metrics hear of the rounds of a chain."""

from consortium_operator.api.conditions import ConditionType
from consortium_operator.api.moment import moment_of
from tests.fakes.operator import Stage

WEBANK = "trade-webank-node-0"


def told(stage: Stage, metric: str, **labels: str) -> list[float]:
    """The values of the series that have these labels."""
    return [
        sample.value
        for family in stage.metrics.collect()
        for sample in family.samples
        if sample.name == f"consortium_{metric}" and labels.items() <= sample.labels.items()
    ]


async def test_a_round_is_told_with_all_that_it_saw(running: Stage) -> None:
    running.nodes.heights["trade"] = 42
    await running.round()
    assert told(running, "node_height_blocks", member="webank", node="node-0") == [42]
    assert told(running, "node_up") == told(running, "node_live") == [1] * 4
    assert told(running, "chain_margin_weight") == [1]
    assert told(running, "chain_condition", type="QuorumHealthy", status="True") == [1]
    year = 365 * 86400
    now = running.clock.now.timestamp()
    (expiry,) = told(running, "node_certificate_expiry_timestamp_seconds", member="webank")
    assert now < expiry <= now + year
    assert len(told(running, "authority_certificate_expiry_timestamp_seconds")) == 8
    assert len(told(running, "client_certificate_expiry_timestamp_seconds", client="sdk")) == 4


async def test_a_node_that_falls_silent_is_told_at_once(running: Stage) -> None:
    await running.round()
    running.nodes.silent = {WEBANK}
    await running.round()
    assert told(running, "node_up", member="webank") == [0]
    assert told(running, "node_state", member="webank", state="Down") == [1]
    assert told(running, "node_state", member="webank") == [1]
    assert told(running, "chain_live_weight") == [3]


async def test_a_paused_chain_is_told_too(running: Stage) -> None:
    running.edit(paused=True)
    await running.round()
    assert told(running, "node_up") == [1] * 4
    assert told(running, "chain_height_blocks") == [running.nodes.heights["trade"]]


async def test_a_chain_that_is_deleted_has_no_series(running: Stage) -> None:
    await running.round()
    assert told(running, "chain_nodes") == [4]
    running.delete()
    await running.round()
    assert told(running, "chain_nodes") == []


async def test_how_long_a_chain_has_not_been_read_outlives_the_operator(running: Stage) -> None:
    """Else an alert would end where nothing but the operator has started anew."""
    names = ("huawei", "ping-an", "tencent", "webank")
    running.nodes.silent.update(f"trade-{name}-node-0" for name in names)
    running.clock.advance(minutes=1)
    await running.round()
    since = running.condition(ConditionType.QUORUM_HEALTHY)["lastTransitionTime"]
    running.clock.advance(minutes=10)
    running.start()
    for _ in range(2):
        await running.round()
        read_at = told(running, "chain_last_read_timestamp_seconds")
        assert read_at == [moment_of(since).timestamp()]
