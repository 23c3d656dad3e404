"""Names and addresses: unique, short enough for the kernel, apart from each other."""

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from consortium_sandbox.backend import MAX_NODES
from consortium_sandbox.embedded.topology import SLOTS, Topology, network_of_slot

names = st.from_regex(r"[a-z][a-z0-9-]{0,11}", fullmatch=True)
topologies = st.builds(Topology, names, st.integers(0, SLOTS - 1), st.integers(0, MAX_NODES))


@given(topologies)
def test_interface_names_fit_into_the_kernel(topology: Topology) -> None:
    ports = [node.port for node in topology.nodes]
    assert all(len(name) <= 15 for name in (topology.host_interface, *ports))


@given(topologies)
def test_no_two_things_have_the_same_address(topology: Topology) -> None:
    nodes = [node.address for node in topology.nodes]
    addresses = [topology.address, topology.host_side, topology.host_facing, *nodes]
    assert len(set(addresses)) == len(addresses)
    assert all(IPv4Address(each) in network_of_slot(topology.slot) for each in addresses)


@given(topologies)
def test_nodes_cannot_reach_the_machine_by_their_own_network(topology: Topology) -> None:
    bridge = IPv4Network(f"{topology.address}/25", strict=False)
    assert all(IPv4Address(node.address) in bridge for node in topology.nodes)
    assert IPv4Address(topology.host_side) not in bridge


@given(topologies, topologies)
def test_no_name_of_one_sandbox_is_a_name_of_another(one: Topology, other: Topology) -> None:
    if one.sandbox == other.sandbox:
        return
    mine = {one.namespace, *(node.namespace for node in one.nodes)}
    theirs = {other.namespace, *(node.namespace for node in other.nodes)}
    assert not mine & theirs
    assert one.host_interface != other.host_interface
    assert one.cgroup != other.cgroup


def test_three_nodes_are_three_zones_in_two_regions() -> None:
    places = [tuple(node.zone_labels.values()) for node in Topology("demo", 0, 3).nodes]
    assert places == [("zone-a", "region-a"), ("zone-b", "region-a"), ("zone-c", "region-b")]
