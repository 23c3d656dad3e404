"""nodes.json: whom a node dials."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests import chains
from tests.unit.engines.fisco_bcos import rendered


def test_it_names_the_services_of_all_other_nodes() -> None:
    plan = rendered.plan(chains.member("webank", chains.node("shenzhen", count=3)))
    assert json.loads(rendered.dial_list(plan, plan.nodes[1])) == {
        "nodes": [
            "trade-webank-shenzhen-0.chains.svc:30300",
            "trade-webank-shenzhen-2.chains.svc:30300",
        ]
    }


def test_a_node_does_not_dial_itself() -> None:
    plan = rendered.plan()
    for node in plan.nodes:
        entries = json.loads(rendered.dial_list(plan, node))["nodes"]
        assert len(entries) == len(plan.nodes) - 1
        assert not any(entry.startswith(f"{node.names.node}.") for entry in entries)


def test_a_single_node_has_an_empty_list_and_not_an_empty_file() -> None:
    """A node refuses to start with an empty file."""
    plan = rendered.plan(chains.member("webank"))
    assert rendered.dial_list(plan, plan.nodes[0]) == '{"nodes":[]}\n'


def test_every_port_is_one_that_a_node_dials() -> None:
    """Trap 4: a node refuses 1024 and below, and a larger one than 65535 silently wraps."""
    plan = rendered.plan()
    for entry in json.loads(rendered.dial_list(plan, plan.nodes[0]))["nodes"]:
        assert 1024 < int(entry.rpartition(":")[2]) <= 65535


@given(st.permutations(["huawei", "ping-an", "tencent", "webank"]))
def test_the_order_of_members_never_matters(order: list[str]) -> None:
    plan = rendered.plan(*map(chains.member, order))
    sorted_plan = rendered.plan(*map(chains.member, sorted(order)))
    for one, other in zip(plan.nodes, sorted_plan.nodes, strict=True):
        assert rendered.dial_list(plan, one) == rendered.dial_list(sorted_plan, other)


def test_the_live_directory_holds_what_the_node_is_told_to_read() -> None:
    plan = rendered.plan()
    node = plan.nodes[0]
    directory = rendered.ENGINE.peers(plan, node)
    assert list(directory) == [rendered.config_of(plan)["p2p"]["nodes_file"]]
    assert directory["nodes.json"] == rendered.files(plan, node)["peers/nodes.json"]
