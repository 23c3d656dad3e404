"""The property that everything rests on: never two blocks at one height, whatever happens."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sandbox_node.pbft_network import Network

WEIGHTS = st.sampled_from([(1,), (1, 1), (1, 1, 1), (1, 1, 1, 1), (3, 1, 1, 2), (1,) * 5, (1,) * 7])
FAULTS = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), st.integers(1, 60)),
        st.tuples(st.just("starve"), st.integers(0, 255)),
        st.tuples(st.just("everyone expires"), st.just(0)),
        st.tuples(st.just("expire"), st.integers(0, 7)),
        st.tuples(st.just("restart"), st.integers(0, 7)),
        st.tuples(st.just("split"), st.integers(0, 255)),
        st.tuples(st.just("heal"), st.just(0)),
        st.tuples(st.just("synchronise"), st.integers(0, 63)),
    ),
    max_size=30,
)


def suffer(network: Network, faults: list[tuple[str, int]], random: Random) -> None:
    count = len(network.places)
    for what, value in faults:
        if what == "deliver":
            network.deliver(random, value)
        elif what == "starve":
            network.deliver(random, 40, frozenset(n for n in range(count) if value >> n & 1))
        elif what == "everyone expires":
            for number in range(count):
                network.expire(number)
        elif what == "expire":
            network.expire(value % count)
        elif what == "restart":
            network.restart(value % count)
        elif what == "split":
            group = {number for number in range(count) if value >> number & 1}
            network.split([group, set(range(count)) - group])
        elif what == "heal":
            network.heal()
        else:
            network.synchronise(value % count, value // 8 % count)
        network.assert_agreement()


@given(WEIGHTS, FAULTS, st.integers(0, 2**32))
@settings(max_examples=40)
def test_sealers_agree_through_losses_partitions_and_restarts_and_go_on_afterwards(
    weights: tuple[int, ...], faults: list[tuple[str, int]], seed: int
) -> None:
    network = Network(weights)
    suffer(network, faults, Random(seed))
    network.heal()
    before = max(place.height for place in network.places)
    network.run(until=before + 2, seconds=600)
    network.assert_agreement()
    assert min(place.height for place in network.places) >= before + 2


@given(FAULTS, st.integers(0, 3), st.integers(0, 2**32))
@settings(max_examples=40)
def test_a_sealer_that_lies_to_both_halves_makes_no_two_blocks(
    faults: list[tuple[str, int]], liar: int, seed: int
) -> None:
    """Twins: two processes with one key, each telling its own story (trap: the same key twice)."""
    network = Network((1, 1, 1, 1), twins_of=liar)
    honest = [place.number for place in network.honest]
    twins = [place.number for place in network.places if place.number not in honest]
    network.split([{twins[0], *honest[:2]}, {twins[1], *honest[1:]}])
    suffer(network, faults, Random(seed))
    network.heal()
    network.run(until=network.places[honest[0]].height + 3, seconds=60)
    network.assert_agreement()
