"""Sealers in one process, with a network, clocks and disks that a test controls.

A `Place` is one running sealer. Two places with the same key ("twins") are one node that lies:
each half tells its own story to whoever it can reach.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from random import Random

from consortium_sandbox.node.block import Seal
from consortium_sandbox.node.keys import STANDARD, keccak256
from consortium_sandbox.node.pbft.actions import (
    Action,
    Decided,
    Send,
    SetTimer,
    Start,
    WriteDown,
)
from consortium_sandbox.node.pbft.committee import Committee, Sealer
from consortium_sandbox.node.pbft.core import Pbft
from consortium_sandbox.node.pbft.messages import (
    COMMIT,
    Domain,
    Message,
    Vote,
    decode,
    encode,
)
from consortium_sandbox.node.pbft.proofs import Verifier
from consortium_sandbox.node.pbft.votelog import Entry
from consortium_sandbox.node.suite import KeyPair

DOMAIN = Domain(b"test", STANDARD)
GENESIS = b"\0" * 32
Link = tuple[int, int]


def keys(count: int) -> list[KeyPair]:
    """In the order of their node ids, so that place i is the sealer with index i."""
    made = (STANDARD.key_pair(bytes([i + 1]) * 32) for i in range(count))
    return sorted(made, key=lambda key: key.node_id)


class Place:
    """A sealer, its chain of (digest, payload, seal), and its disk. `clock` is its timer's end."""

    def __init__(self, number: int, key: KeyPair, committee: Committee) -> None:
        self.number = number
        self.key = key
        self.committee = committee
        self.chain: list[tuple[bytes, bytes, Seal]] = []
        self.disk: list[Entry] = []
        self.timer: float | None = None
        self.salt = 0
        self.core = self._boot()

    @property
    def height(self) -> int:
        return len(self.chain)

    @property
    def view(self) -> int:
        """In which the newest block was committed here: views go on from height to height."""
        return self.chain[-1][2].view if self.chain else 0

    @property
    def head(self) -> bytes:
        return self.chain[-1][0] if self.chain else GENESIS

    def _boot(self) -> Pbft:
        self.timer = None
        return Pbft(self.key, DOMAIN, self.may_follow)

    def may_follow(self, height: int, digest: bytes, payload: bytes) -> bool:
        if height != self.height + 1 or keccak256(payload) != digest:
            return False
        return bool(json.loads(payload)["parent"] == self.head.hex())

    def make_block(self) -> tuple[bytes, bytes]:
        """A block that no other place and no earlier life of this one proposes."""
        self.salt += 1
        content = {"parent": self.head.hex(), "by": self.number, "salt": self.salt}
        payload = json.dumps(content).encode()
        return keccak256(payload), payload

    def start_height(self) -> list[Action]:
        height = self.height + 1
        written = [entry for entry in self.disk if entry["height"] == height]
        return self.core.start_height(Start(height, self.head, self.committee, self.view, written))

    def restart(self) -> None:
        """Lose everything but the chain and what was written down."""
        self.core = self._boot()


class Network:
    """Links are first in, first out. Cut ones lose what is sent."""

    def __init__(self, weights: Iterable[int], twins_of: int | None = None) -> None:
        weights = list(weights)
        self.identities = keys(len(weights))
        sealers = (Sealer(k.node_id, w) for k, w in zip(self.identities, weights, strict=True))
        self.committee = Committee.of(sealers)
        owners = list(range(len(weights))) + ([] if twins_of is None else [twins_of])
        self.twins_of = twins_of
        self.places = [
            Place(number, self.identities[owner], self.committee)
            for number, owner in enumerate(owners)
        ]
        numbers = range(len(self.places))
        self.links: dict[Link, deque[Message]] = {
            (a, b): deque() for a in numbers for b in numbers if a != b
        }
        self.cut: set[Link] = set()
        self.now = 0.0
        for place in self.places:
            self._begin(place)

    @property
    def honest(self) -> list[Place]:
        if self.twins_of is None:
            return self.places
        liar = self.identities[self.twins_of].node_id
        return [place for place in self.places if place.key.node_id != liar]

    # --- what a test does --------------------------------------------------------------------

    def deliver(self, random: Random, count: int, deaf: frozenset[int] = frozenset()) -> None:
        """Some messages, from links in any order, and what leaders propose meanwhile.

        Commit votes to `deaf` places are lost: the dangerous moment is when one sealer has
        committed and nobody else knows.
        """
        for place in self.places:
            self._propose(place)
        for _ in range(count):
            waiting = [link for link, queue in self.links.items() if queue]
            if not waiting:
                return
            link = random.choice(waiting)
            message = self.links[link][0]
            if link[1] in deaf and isinstance(message, Vote) and message.kind == COMMIT:
                self.links[link].popleft()
            else:
                self.deliver_one(link)

    def deliver_one(self, link: Link) -> None:
        # Through the wire format: what it loses would show.
        message = decode(json.loads(json.dumps(encode(self.links[link].popleft()))))
        place = self.places[link[1]]
        self._do(place, place.core.receive(message))
        self._propose(place)

    def expire(self, number: int) -> None:
        """The timer of a place runs out, whenever it would have."""
        place = self.places[number]
        if place.timer is not None:
            place.timer = None
            self._do(place, place.core.timeout())

    def restart(self, number: int) -> None:
        """Kill a place in an instant and start it again."""
        for link, queue in self.links.items():
            if number in link:
                queue.clear()
        place = self.places[number]
        place.restart()
        self._begin(place)
        self.reconnect()

    def split(self, groups: list[set[int]]) -> None:
        """Cut every link between places that share no group."""
        self.cut = {
            (a, b) for a, b in self.links if not any(a in group and b in group for group in groups)
        }
        for link in self.cut:
            self.links[link].clear()
        self.reconnect()

    def heal(self) -> None:
        self.split([set(range(len(self.places)))])

    def reconnect(self) -> None:
        """Sessions are made anew: everybody learns who can be reached."""
        for place in self.places:
            self._do(place, place.core.set_connected(frozenset()))
        for place in self.places:
            near = (b for a, b in self.links if a == place.number and (a, b) not in self.cut)
            reachable = frozenset(self.places[b].key.node_id for b in near)
            self._do(place, place.core.set_connected(reachable - {place.key.node_id}))

    def synchronise(self, behind: int, ahead: int) -> None:
        """One place fetches the blocks it lacks from another, checking their seals."""
        place, source = self.places[behind], self.places[ahead]
        while place.height < source.height and (ahead, behind) not in self.cut:
            digest, payload, seal = source.chain[place.height]
            verifier = Verifier(DOMAIN, self.committee, place.height + 1)
            if not verifier.seal(digest, seal):
                return
            if not place.may_follow(place.height + 1, digest, payload):
                return
            place.chain.append((digest, payload, seal))
            self._begin(place)

    def run(self, until: int, seconds: float, among: set[int] | None = None) -> None:
        """A fair network: messages arrive, timers run, those behind catch up.

        Ends when every place (of `among`) has this height, or when the time is up.
        """
        end = self.now + seconds
        watched = [p for p in self.places if among is None or p.number in among]
        while self.now < end and min(place.height for place in watched) < until:
            for place in self.places:
                self._propose(place)
            self._deliver_waiting()
            for place in self.places:
                for other in self.places:
                    self.synchronise(place.number, other.number)
            if not any(self.links.values()):
                self._pass_time(end)

    def _deliver_waiting(self) -> None:
        for link, queue in self.links.items():
            # Only what waits now: sealers with work never fall silent.
            for _ in range(len(queue)):
                if queue:
                    self.deliver_one(link)

    def _pass_time(self, end: float) -> None:
        timers = [place.timer for place in self.places if place.timer is not None]
        self.now = max(self.now + 0.01, min(timers, default=end))
        for place in self.places:
            if place.timer is not None and place.timer <= self.now:
                self.expire(place.number)

    def assert_agreement(self) -> None:
        """No two honest places hold different blocks at one height."""
        for height in range(max(place.height for place in self.honest)):
            digests = {p.chain[height][0] for p in self.honest if p.height > height}
            assert len(digests) == 1, f"two blocks at height {height + 1}"

    # --- inside ------------------------------------------------------------------------------

    def _begin(self, place: Place) -> None:
        self._do(place, place.start_height())
        self._do(place, place.core.set_pending(True))

    def _do(self, place: Place, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                self._send(place, action)
            elif isinstance(action, WriteDown):
                place.disk.append(action.entry | {"height": action.height})
            elif isinstance(action, SetTimer):
                place.timer = None if action.seconds is None else self.now + action.seconds
            else:
                self._decide(place, action)

    def _propose(self, place: Place) -> None:
        if place.core.may_propose():
            digest, payload = place.make_block()
            self._do(place, place.core.propose(digest, payload))

    def _send(self, place: Place, action: Send) -> None:
        for link in self.links:
            receiver = self.places[link[1]].key.node_id
            wanted = action.to in (None, receiver) and receiver != place.key.node_id
            if link[0] == place.number and wanted and link not in self.cut:
                self.links[link].append(action.message)

    def _decide(self, place: Place, decided: Decided) -> None:
        seal = Seal(decided.view, tuple((v.author, v.signature) for v in decided.votes))
        assert Verifier(DOMAIN, self.committee, decided.height).seal(decided.digest, seal)
        place.chain.append((decided.digest, decided.payload, seal))
        self._begin(place)
