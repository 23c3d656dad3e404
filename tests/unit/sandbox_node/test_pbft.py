"""One sealer, message by message: what it does, and what it must never do."""

from __future__ import annotations

from random import Random

import pytest

from consortium_sandbox.node.block import Seal
from consortium_sandbox.node.pbft.actions import Action, Send, SetTimer, WriteDown
from consortium_sandbox.node.pbft.committee import Committee, Sealer
from consortium_sandbox.node.pbft.messages import (
    COMMIT,
    PREPARE,
    Message,
    NewView,
    PrePrepare,
    ViewChange,
    Vote,
    decode,
    encode,
)
from tests.unit.sandbox_node.pbft_network import DOMAIN, GENESIS, Network, Place

FOUR = (1, 1, 1, 1)


def sent(actions: list[Action]) -> list[Message]:
    return [action.message for action in actions if isinstance(action, Send)]


def leader_of_first_height(network: Network) -> Place:
    leader = network.committee.leader(1, 0)
    return next(place for place in network.places if place.key.node_id == leader)


def proposal_by(place: Place, view: int = 0) -> PrePrepare:
    digest, payload = place.make_block()
    signed: PrePrepare = DOMAIN.sign(PrePrepare(1, view, digest, payload), place.key)
    return signed


@pytest.mark.parametrize(
    ("weights", "faulty", "quorum"),
    [((1,), 0, 1), ((1, 1), 0, 2), (FOUR, 1, 3), ((1,) * 7, 2, 5), ((3, 1, 1, 2), 2, 5)],
)
def test_the_quorum_is_the_whole_weight_less_f(
    weights: tuple[int, ...], faulty: int, quorum: int
) -> None:
    committee = Committee.of(Sealer(f"{i:0128x}", w) for i, w in enumerate(weights))
    assert (committee.faulty, committee.quorum) == (faulty, quorum)


def test_the_leader_is_height_plus_view_modulo_the_number_of_sealers() -> None:
    """getConsensusStatus.json: height 0, view 3, four sealers: leader 0."""
    committee = Committee.of(Sealer(f"{i:0128x}", 1) for i in range(4))
    assert committee.leader_index(1, 3) == 0


def test_four_sealers_commit_one_block_after_another() -> None:
    network = Network(FOUR)
    network.run(until=5, seconds=1)
    assert min(place.height for place in network.places) >= 5
    network.assert_agreement()


def test_nothing_is_committed_below_the_quorum() -> None:
    network = Network(FOUR)
    network.split([{0, 1}, {2, 3}])
    network.run(until=1, seconds=200)
    assert [place.height for place in network.places] == [0, 0, 0, 0]


def test_one_heavy_sealer_decides_with_as_much_weight_as_the_quorum_needs() -> None:
    network = Network((3, 1, 1, 2))
    heavy = {place.number for place in network.places if place.number in (0, 3)}
    network.split([heavy, {1, 2}])
    network.run(until=1, seconds=60, among=heavy)
    assert [place.height > 0 for place in network.places] == [True, False, False, True]


def test_a_dead_leader_is_passed_over_without_waiting_for_the_timeout() -> None:
    network = Network(FOUR)
    leader = leader_of_first_height(network).number
    rest = set(range(4)) - {leader}
    network.split([rest, {leader}])
    started = network.now
    while min(network.places[number].height for number in rest) < 1:
        network.deliver(Random(0), 1)
    assert network.now == started


def test_a_silent_leader_is_replaced_after_three_seconds() -> None:
    network = Network(FOUR)
    place = next(p for p in network.places if p is not leader_of_first_height(network))
    actions = place.core.set_pending(False) + place.core.set_pending(True)
    assert [a.seconds for a in actions if isinstance(a, SetTimer)][-1] == 3.0
    changes = [m for m in sent(place.core.timeout()) if isinstance(m, ViewChange)]
    assert [change.view for change in changes] == [1]


def test_timeouts_grow_by_half_each_time() -> None:
    network = Network(FOUR)
    core = network.places[0].core
    lengths = []
    for _ in range(4):
        timers = [a.seconds for a in core.timeout() if isinstance(a, SetTimer)]
        lengths.append(timers[-1])
    assert lengths == [4.5, 6.75, 10.125, 15.1875]


def test_an_idle_sealer_has_no_timer() -> None:
    core = Network(FOUR).places[0].core
    timers = [a.seconds for a in core.set_pending(False) if isinstance(a, SetTimer)]
    assert timers == [None]


def test_a_vote_is_written_down_before_it_is_sent() -> None:
    network = Network(FOUR)
    place = network.places[0]
    leader = leader_of_first_height(network)
    place = next(p for p in network.places if p is not leader)
    actions = place.core.receive(proposal_by(leader))
    kinds = [type(action) for action in actions if not isinstance(action, SetTimer)]
    assert kinds == [WriteDown, Send]


def test_a_second_proposal_of_the_same_view_gets_no_vote() -> None:
    network = Network(FOUR)
    leader = leader_of_first_height(network)
    place = next(p for p in network.places if p is not leader)
    assert sent(place.core.receive(proposal_by(leader)))
    assert not sent(place.core.receive(proposal_by(leader)))


def test_after_a_restart_a_sealer_keeps_to_the_vote_it_cast_before() -> None:
    network = Network(FOUR)
    leader = leader_of_first_height(network)
    place = next(p for p in network.places if p is not leader)
    first, second = proposal_by(leader), proposal_by(leader)
    for action in place.core.receive(first):
        if isinstance(action, WriteDown):
            place.disk.append(action.entry | {"height": action.height})
    place.restart()
    place.start_height()
    votes = [m for m in sent(place.core.receive(second)) if isinstance(m, Vote)]
    assert not votes


def test_after_a_restart_a_sealer_sends_the_same_vote_again() -> None:
    network = Network(FOUR)
    leader = leader_of_first_height(network)
    place = next(p for p in network.places if p is not leader)
    proposal = proposal_by(leader)
    for action in place.core.receive(proposal):
        if isinstance(action, WriteDown):
            place.disk.append(action.entry | {"height": action.height})
    place.restart()
    place.start_height()
    votes = [m for m in sent(place.core.receive(proposal)) if isinstance(m, Vote)]
    assert [(vote.kind, vote.digest) for vote in votes] == [(PREPARE, proposal.digest)]


def test_a_restarted_sealer_does_not_go_back_to_a_view_it_has_left() -> None:
    network = Network(FOUR)
    leader = leader_of_first_height(network)
    place = next(p for p in network.places if p is not leader)
    for action in place.core.timeout():
        if isinstance(action, WriteDown):
            place.disk.append(action.entry | {"height": action.height})
    place.restart()
    place.start_height()
    assert not sent(place.core.receive(proposal_by(leader)))


def test_a_restarted_leader_proposes_nothing_else_in_the_view_it_proposed_in() -> None:
    network = Network(FOUR)
    leader = leader_of_first_height(network)
    for action in leader.core.propose(*leader.make_block()):
        if isinstance(action, WriteDown):
            leader.disk.append(action.entry | {"height": action.height})
    leader.restart()
    leader.start_height()
    assert not leader.core.may_propose()


def test_a_block_that_one_sealer_has_committed_survives_the_change_of_view() -> None:
    network = Network(FOUR)
    leader = leader_of_first_height(network).number
    while network.places[leader].height == 0:
        network.deliver(Random(1), 1, deaf=frozenset(range(4)) - {leader})
    committed = network.places[leader].chain[0][0]
    rest = set(range(4)) - {leader}
    network.split([rest, {leader}])
    network.run(until=1, seconds=30, among=rest)
    assert {network.places[number].chain[0][0] for number in rest} == {committed}


def test_a_restarted_sealer_catches_up_and_votes_again() -> None:
    network = Network(FOUR)
    network.run(until=2, seconds=10)
    network.places[0].chain.clear()
    network.restart(0)
    network.split([{0, 1, 2}, {3}])
    network.run(until=network.places[1].height + 2, seconds=60, among={0, 1, 2})
    assert network.places[0].height > 2


@pytest.mark.parametrize("change", ["author", "digest", "height"])
def test_a_message_that_was_tampered_with_is_not_authentic(change: str) -> None:
    network = Network(FOUR)
    one, other = network.places[0].key, network.places[1].key
    vote: Vote = DOMAIN.sign(Vote(COMMIT, 1, 0, b"\1" * 32), one)
    forged = {
        "author": Vote(COMMIT, 1, 0, vote.digest, other.node_id, vote.signature),
        "digest": Vote(COMMIT, 1, 0, b"\2" * 32, one.node_id, vote.signature),
        "height": Vote(COMMIT, 2, 0, vote.digest, one.node_id, vote.signature),
    }[change]
    assert DOMAIN.is_authentic(vote)
    assert not DOMAIN.is_authentic(forged)


def test_votes_of_nobody_and_of_strangers_do_not_count() -> None:
    network = Network(FOUR)
    leader = leader_of_first_height(network)
    place = next(p for p in network.places if p is not leader)
    proposal = proposal_by(leader)
    place.core.receive(proposal)
    for other in network.places:
        unsigned = Vote(PREPARE, 1, 0, proposal.digest, other.key.node_id, b"\0" * 65)
        assert not sent(place.core.receive(unsigned))


def test_a_new_view_needs_a_quorum_of_view_changes_and_its_own_leader() -> None:
    network = Network(FOUR)
    place = leader_of_first_height(network)
    changes = tuple(DOMAIN.sign(ViewChange(1, 1, GENESIS), each.key) for each in network.places)
    right = next(p for p in network.places if p.key.node_id == network.committee.leader(1, 1))
    wrong = next(p for p in network.places if p not in (right, place))
    for message in (
        DOMAIN.sign(NewView(1, 1, changes[:2]), right.key),
        DOMAIN.sign(NewView(1, 1, changes), wrong.key),
        DOMAIN.sign(NewView(1, 1, changes[:1] * 3), right.key),
    ):
        place.core.receive(message)
        assert place.core.instance.view == 0
    place.core.receive(DOMAIN.sign(NewView(1, 1, changes[:3]), right.key))
    assert place.core.instance.view == 1


def test_a_sealer_joins_a_view_that_more_than_f_weight_has_promised() -> None:
    network = Network(FOUR)
    place, first, second = network.places[:3]
    place.core.receive(DOMAIN.sign(ViewChange(1, 4, GENESIS), first.key))
    assert place.core.instance.view == 0
    place.core.receive(DOMAIN.sign(ViewChange(1, 6, GENESIS), second.key))
    assert place.core.instance.view == 4


def test_messages_survive_the_wire() -> None:
    network = Network(FOUR)
    key = network.places[0].key
    vote: Vote = DOMAIN.sign(Vote(PREPARE, 3, 1, b"\1" * 32), key)
    messages: list[Message] = [
        vote,
        DOMAIN.sign(PrePrepare(3, 1, b"\1" * 32, b'{"\xff"}'), key),
        DOMAIN.sign(NewView(3, 1, (DOMAIN.sign(ViewChange(3, 1, GENESIS), key),)), key),
    ]
    assert [decode(encode(message)) for message in messages] == messages


@pytest.mark.parametrize("junk", [{}, {"kind": "vote"}, {"kind": "prepare", "height": "x"}])
def test_junk_is_no_message(junk: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(junk)


def test_a_height_begins_in_the_view_in_which_the_block_before_was_committed() -> None:
    """Views go on from height to height: after a leader was passed over, none is waited for."""
    network = Network((1, 1, 1, 1))
    network.run(until=1, seconds=60)
    leader = network.committee.leader(2, network.places[0].view)
    dead = next(p.number for p in network.places if p.key.node_id == leader)
    alive = {place.number for place in network.places} - {dead}
    network.split([alive, {dead}])
    network.run(until=4, seconds=60, among=alive)
    views = {network.places[number].core.instance.view for number in alive}
    assert len(views) == 1
    assert views.pop() >= 1
    network.heal()
    network.run(until=6, seconds=600)
    network.assert_agreement()


def test_sealers_that_saw_a_block_committed_in_different_views_meet_again() -> None:
    """Two begin the height in one view, two in the next: neither half is a quorum."""
    network = Network((1, 1, 1, 1))
    network.run(until=1, seconds=60)
    for place in network.places[:2]:
        digest, payload, seal = place.chain[-1]
        place.chain[-1] = (digest, payload, Seal(seal.view + 1, seal.signatures))
        network.restart(place.number)
    network.run(until=3, seconds=600)
    network.assert_agreement()
    assert min(place.height for place in network.places) >= 3
