"""A bare process's directory: build_chain.sh's layout, paths relative to it, ports of its own."""

import json
from typing import Any

import pytest

from consortium_operator.chain.files import Port, Source
from consortium_operator.chain.plan import Plan
from consortium_operator.chain.standalone import Place, parse_host, place_nodes
from consortium_operator.engines.fisco_bcos import ini
from tests.unit.engines.fisco_bcos import node_facts, rendered


def places(plan: Plan, host: str = "192.0.2.7") -> dict[str, Place]:
    ports = (Port("p2p", 30300), Port("rpc", 20200), *rendered.ENGINE.process(plan).for_clients)
    return place_nodes(plan.nodes, [parse_host(host)], ports)


def files(plan: Plan, number: int = 0, host: str = "192.0.2.7") -> dict[str, str | None]:
    node = plan.nodes[number]
    found = rendered.ENGINE.standalone_files(
        plan, rendered.seal(plan), rendered.material(node), places(plan, host)
    )
    return {file.path: file.content for file in found}


def config(plan: Plan, **where: Any) -> dict[str, dict[str, str]]:
    text = files(plan, **where)["config.ini"]
    assert text is not None
    return ini.parse(text)


def test_the_layout_is_build_chains() -> None:
    assert set(files(rendered.plan())) == {
        *("config.ini", "config.genesis", "nodes.json"),
        *("conf/ca.crt", "conf/ssl.crt", "conf/ssl.key", "conf/node.pem", "conf/multiCaPath/"),
        *("conf/node.nodeid", "conf/ssl.nodeid"),
    }


def test_the_ids_that_people_look_up_stand_in_files_of_their_own() -> None:
    plan = rendered.plan()
    register = rendered.material(plan.nodes[0]).register
    assert files(plan)["conf/node.nodeid"] == f"{register.node_id}\n"
    assert files(plan)["conf/ssl.nodeid"] == f"{register.tls_id}\n"


def test_every_value_is_build_chains_but_for_those_that_we_mean_to_hold() -> None:
    written = node_facts.build_chain(node_facts.CONFIG_INI, node_facts.STANDARD, "3.16.4")
    ours = config(rendered.plan())
    differences = {
        f"{section}.{key}": ours.get(section, {}).get(key)
        for section in ours.keys() | written.keys()
        for key in ours.get(section, {}).keys() | written.get(section, {}).keys()
        if ours.get(section, {}).get(key) != written.get(section, {}).get(key)
    }
    assert differences == {
        "rpc.disable_ssl": "false",  # what a node before 3.12 reads in place of enable_ssl
        "storage.type": "RocksDB",  # sealed
        "storage.enable_separate_block_state": "false",  # sealed
    }


def test_each_node_of_a_host_has_ports_of_its_own() -> None:
    third = config(rendered.plan(), number=2)
    assert third["p2p"]["listen_port"] == "30302"
    assert third["rpc"]["listen_port"] == "20202"


def test_a_web3_port_moves_with_the_node_where_it_is_open() -> None:
    """build_chain.sh gives all nodes of a host one; two processes cannot both listen there."""
    closed = rendered.plan()
    assert config(closed, number=1)["web3_rpc"]["listen_port"] == "8545"
    opened = rendered.plan(web3Rpc={"enabled": True, "port": 9000})
    assert config(opened, number=1)["web3_rpc"]["listen_port"] == "9001"
    assert config(opened, number=1)["web3_rpc"]["enable"] == "true"


def test_all_nodes_are_listed_the_node_itself_too() -> None:
    text = files(rendered.plan(), number=1)["nodes.json"]
    assert json.loads(text or "") == {"nodes": [f"192.0.2.7:{30300 + i}" for i in range(4)]}


def test_ipv6_hosts_stand_in_brackets_and_listen_on_ipv6() -> None:
    plan = rendered.plan()
    assert '"[2001:db8::1]:30300"' in (files(plan, host="[2001:db8::1]")["nodes.json"] or "")
    found = config(plan, host="[2001:db8::1]")
    assert {found[s]["listen_ip"] for s in ("p2p", "rpc", "web3_rpc")} == {"::"}


@pytest.mark.parametrize("version", ["3.6.0", "3.9.0", "3.12.1", "3.15.2"])
def test_an_older_version_gets_only_keys_that_it_knows(version: str) -> None:
    plan = rendered.plan(version=version)
    in_a_pod = rendered.config_of(plan)
    bare = config(plan)
    assert {name: set(keys) for name, keys in bare.items()} == {
        name: set(keys) for name, keys in in_a_pod.items()
    }


def test_what_is_not_about_the_place_is_as_in_a_pod() -> None:
    plan = rendered.plan(config={"txpool": {"limit": "777"}}, genesis={"gasLimit": 400000000})
    in_a_pod, bare = rendered.files(plan, plan.nodes[0]), files(plan)
    assert bare["config.genesis"] == in_a_pod["genesis/config.genesis"]
    assert config(plan)["txpool"] == {**rendered.config_of(plan)["txpool"], "limit": "777"}
    kept = {path for path in in_a_pod if path.startswith("conf/")}
    assert {path: bare[path] for path in kept} == {path: in_a_pod[path] for path in kept}


def test_private_files_have_no_content_here() -> None:
    plan = rendered.plan()
    found = rendered.ENGINE.standalone_files(
        plan, rendered.seal(plan), rendered.material(plan.nodes[0]), places(plan)
    )
    private = {file.path for file in found if file.content is None}
    assert private == {"conf/ssl.key", "conf/node.pem", "conf/multiCaPath/"}
    assert {f.source for f in found if f.path == "conf/multiCaPath/"} == {Source.TRUST}
