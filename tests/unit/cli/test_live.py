"""What `consortium status` takes from the operator's metrics."""

from datetime import UTC, datetime

from consortium_operator.cli.live import LiveNode, live_chain

CHAIN = 'namespace="chains",chain="trade"'
NODE = f'{CHAIN},member="webank",node="node-0"'
TEXT = f"""\
# TYPE consortium_chain_height_blocks gauge
consortium_chain_height_blocks{{{CHAIN}}} 1240.0
consortium_chain_height_blocks{{namespace="chains",chain="other"}} 7.0
# TYPE consortium_chain_pending_transactions gauge
consortium_chain_pending_transactions{{{CHAIN}}} 3.0
# TYPE consortium_chain_last_read_timestamp_seconds gauge
consortium_chain_last_read_timestamp_seconds{{{CHAIN}}} 1.7855856e+09
# TYPE consortium_node_height_blocks gauge
consortium_node_height_blocks{{{NODE}}} 1238.0
# TYPE consortium_node_lag_blocks gauge
consortium_node_lag_blocks{{{NODE}}} 2.0
# TYPE consortium_node_peers gauge
consortium_node_peers{{{NODE}}} 3.0
# TYPE consortium_node_leader gauge
consortium_node_leader{{{NODE}}} 1.0
# TYPE consortium_node_role gauge
consortium_node_role{{{NODE},role="Sealer"}} 1.0
# TYPE consortium_node_weight gauge
consortium_node_weight{{{NODE}}} 2.0
# TYPE consortium_node_info gauge
consortium_node_info{{{NODE},pod="p",version="3.16.4"}} 1.0
# TYPE consortium_node_up gauge
consortium_node_up{{{CHAIN},member="huawei",node="node-0"}} 0.0
"""


def test_only_what_is_of_the_chain_counts() -> None:
    found = live_chain(TEXT, "chains", "trade")
    assert found is not None
    assert (found.height, found.pending, found.leader) == (1240, 3, "webank/node-0")
    assert found.read_at == datetime.fromtimestamp(1785585600, UTC)
    assert found.nodes["webank", "node-0"] == LiveNode(1238, 2, 3, True, "Sealer", 2, "3.16.4")


def test_a_node_that_never_answered_has_no_numbers() -> None:
    found = live_chain(TEXT, "chains", "trade")
    assert found is not None
    assert found.nodes["huawei", "node-0"] == LiveNode(None, None, None, False, None, None, None)


def test_a_chain_that_was_never_read_has_no_live_values() -> None:
    assert live_chain(TEXT, "chains", "other") is None
    assert live_chain(TEXT, "elsewhere", "trade") is None
    assert live_chain("", "chains", "trade") is None
