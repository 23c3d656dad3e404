"""Nodes fill hosts in order, numbered as build_chain.sh does; what cannot be is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.files import Port
from consortium_operator.chain.standalone import (
    Host,
    NoPlace,
    Place,
    cautions,
    parse_host,
    place_nodes,
)
from tests import chains

PORTS = (Port("p2p", 30300), Port("rpc", 20200))
NODES = chains.plan(
    chains.member("webank", chains.node("shenzhen", count=11), chains.node("beijing")),
    chains.member("huawei"),
).nodes


def placed(*hosts: str, ports: tuple[Port, ...] = PORTS) -> dict[str, Place]:
    return place_nodes(NODES, [parse_host(host) for host in hosts], ports)


def reasons(*hosts: str, ports: tuple[Port, ...] = PORTS) -> tuple[str, ...]:
    with pytest.raises(NoPlace) as refused:
        placed(*hosts, ports=ports)
    return refused.value.reasons


def test_nodes_sorted_by_member_entry_and_index_fill_the_hosts_as_they_were_named() -> None:
    found = placed("192.0.2.7:10", "192.0.2.3:3")
    assert list(found) == [
        "huawei/node-0",
        "webank/beijing-0",
        *(f"webank/shenzhen-{i}" for i in range(11)),
    ]
    assert [place.directory for place in found.values()] == [
        *(f"192.0.2.7/node{i}" for i in range(10)),
        *(f"192.0.2.3/node{i}" for i in range(3)),
    ]


def test_node_n_of_a_host_gets_the_first_ports_plus_n() -> None:
    found = placed("a.example:12", "b.example:1", ports=(*PORTS, Port("web3", 8545)))
    assert found["webank/beijing-0"].ports == {"p2p": 30301, "rpc": 20201, "web3": 8546}
    assert found["webank/shenzhen-10"].ports == {"p2p": 30300, "rpc": 20200, "web3": 8545}


def test_a_single_host_without_a_count_takes_all_nodes() -> None:
    assert {place.host for place in placed("localhost").values()} == {Host("localhost", 13)}


def test_hosts_without_a_count_share_what_is_left() -> None:
    found = placed("a", "b:1", "c")
    assert [place.host.address for place in found.values()] == [*"aaaaaa", "b", *"cccccc"]


def test_shares_that_do_not_come_out_even_are_refused() -> None:
    assert reasons("a", "b") == (
        "13 nodes are left for 2 hosts without a count: say how many each gets, HOST:COUNT",
    )
    assert reasons("a:13", "b")[0].startswith("0 nodes are left for 1 hosts")


@pytest.mark.parametrize("hosts", [["a:12"], ["a:14"], ["a:7", "b:7"], ["a:14", "b"]])
def test_too_few_and_too_many_slots_are_refused_with_both_numbers(hosts: list[str]) -> None:
    (reason,) = reasons(*hosts)
    assert "the chain has 13 nodes" in reason
    assert "must add up to 13" in reason


@pytest.mark.parametrize(
    ("one", "other"), [("a", "a"), ("HOST.example", "host.EXAMPLE"), ("[::1]", "[0:0::1]")]
)
def test_a_host_that_is_named_twice_is_refused(one: str, other: str) -> None:
    (reason,) = reasons(f"{one}:6", f"{other}:7")
    assert reason.endswith("is named twice: name it once, with its count")


def test_an_ipv6_host_stands_in_brackets_where_a_port_follows_and_nowhere_else() -> None:
    place = placed("[2001:db8::0:7]:13")["webank/beijing-0"]
    assert place.host == Host("2001:db8::7", 13)
    assert place.endpoint("p2p") == "[2001:db8::7]:30301"
    assert place.directory == "2001:db8::7/node1"
    assert placed("192.0.2.1")["huawei/node-0"].endpoint("rpc") == "192.0.2.1:20200"


@pytest.mark.parametrize(
    "text",
    [
        *("", ":4", "a:", "a:0", "a:-1", "a:x", "a:4:5", "a:٤", "a:99999", "::1", "[::1", "[a]:4"),
        *("1.2.3", "300.1.1.1", "1.2.3.4.5", "-a", "a_b", "a b", "a/b", "../x", "a..b", "x" * 64),
        *("0.0.0.0", "[::]:4", "224.0.0.1", "[fe80::1%eth0]", "a:2,b:2", "ä.example", "[::1]4"),
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(NoPlace):
        parse_host(text)


@given(st.text(max_size=30))
def test_any_text_is_a_host_or_is_refused(text: str) -> None:
    try:
        host = parse_host(text)
    except NoPlace:
        return
    assert "/" not in host.address
    assert host.address not in (".", "..", "")
    brackets = f"[{host.address}]" if host.is_ipv6 else host.address
    assert parse_host(brackets).address == host.address


@pytest.mark.parametrize("number", [0, 1024, 65536, -1])
def test_a_first_port_out_of_range_is_refused(number: int) -> None:
    assert reasons("a", ports=(Port("p2p", number), Port("rpc", 20200))) == (
        f"the p2p port {number} must be 1025 to 65535",
    )


def test_ports_that_would_run_past_the_last_one_are_refused() -> None:
    assert reasons("a", ports=(*PORTS, Port("web3", 65524))) == (
        "13 nodes on a would need the web3 ports 65524 to 65536: the last one there is is 65535",
    )
    assert placed("a", ports=(*PORTS, Port("web3", 65523)))


def test_ranges_that_meet_are_refused() -> None:
    (reason,) = reasons("a", ports=(Port("p2p", 30300), Port("rpc", 30312)))
    assert "would use some ports twice" in reason
    assert placed("a", ports=(Port("p2p", 30300), Port("rpc", 30313)))


def test_all_wrong_ports_are_told_at_once() -> None:
    assert len(reasons("a:6", "b:7", ports=(Port("p2p", 65535), Port("rpc", 80)))) == 4


def test_a_loopback_address_beside_other_hosts_is_cautioned_against() -> None:
    assert cautions(placed("127.0.0.1")) == []
    (caution,) = cautions(placed("127.0.0.1:1", "192.0.2.1"))
    assert "192.0.2.1 must dial it" in caution


def test_ports_that_outgoing_connections_may_take_are_cautioned_against() -> None:
    (caution,) = cautions(placed("a", ports=(Port("p2p", 32760), Port("rpc", 20200))))
    assert caution.startswith("port 32768 is one of those")
