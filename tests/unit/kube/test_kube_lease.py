"""The Lease among several processes: whatever is lost, late or frozen, one works at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.election import TERMS
from consortium_operator.kube.errors import AlreadyExists, Conflict, Unavailable
from consortium_operator.kube.kinds import LEASE, JsonObject, ObjectKey
from consortium_operator.kube.lease import Candidate, Election, LeaseLost

T = TypeVar("T")

KEY = ObjectKey(LEASE, "consortium-system", "consortium-operator")
START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class World:
    """One Lease on a server, and one clock for all."""

    now: float = 0.0
    lease: JsonObject | None = None
    version: int = 0

    def write(self, body: JsonObject) -> JsonObject:
        self.version += 1
        metadata = {**body["metadata"], "resourceVersion": str(self.version)}
        self.lease = {**body, "metadata": metadata}
        return self.lease

    @property
    def holder(self) -> str:
        assert self.lease is not None
        return str(self.lease["spec"]["holderIdentity"])


@dataclass
class Way:
    """A process's way to the server. `there`, `back`: how long a request and its answer take;
    `loses`: which of the two never arrives."""

    world: World
    there: float = 0.0
    back: float = 0.0
    loses: str = ""

    async def get(self, key: ObjectKey) -> JsonObject | None:
        return await self._send(lambda: self.world.lease)

    async def create(self, body: JsonObject) -> JsonObject:
        def do() -> JsonObject:
            if self.world.lease is not None:
                raise AlreadyExists(409, "AlreadyExists", "it exists", "create", KEY)
            return self.world.write(body)

        return await self._send(do)

    async def replace(self, body: JsonObject) -> JsonObject:
        def do() -> JsonObject:
            lease = self.world.lease
            wanted = body["metadata"]["resourceVersion"]
            if lease is None or lease["metadata"]["resourceVersion"] != wanted:
                raise Conflict(409, "Conflict", "it has changed", "replace", KEY)
            return self.world.write(body)

        return await self._send(do)

    async def _send(self, do: Callable[[], T]) -> T:
        if self.loses == "request":
            raise Unavailable(0, "NoAnswer", "lost", "get", KEY)
        self.world.now += self.there
        answer = do()
        self.world.now += self.back
        if self.loses == "answer":
            raise Unavailable(0, "NoAnswer", "lost", "get", KEY)
        return answer


@dataclass
class Process:
    """One that wants the Lease. `ahead`: how wrong its clock on the wall is."""

    world: World
    name: str
    ahead: timedelta = timedelta()
    ends_at: float | None = None
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.way = Way(self.world)
        candidate = Candidate(
            KEY,
            self.name,
            TERMS,
            self._end_in,
            self._wall_clock,
            lambda: self.world.now,
            self._sleep,
        )
        self.election = Election(cast(KubeClient, self.way), candidate)

    def is_alive(self) -> bool:
        """The kernel ends it when its time is over."""
        return self.ends_at is None or self.world.now < self.ends_at

    def works(self) -> bool:
        return self.is_alive() and self.election.is_holder

    async def attempt(self) -> None:
        await self.election._attempt()

    def _end_in(self, seconds: float | None) -> None:
        self.ends_at = None if seconds is None else self.world.now + seconds

    def _wall_clock(self) -> datetime:
        return START + timedelta(seconds=self.world.now) + self.ahead

    def _sleep(self, seconds: float) -> Awaitable[None]:
        self.slept.append(seconds)
        self.world.now += seconds
        return asyncio.sleep(0)


@pytest.fixture
def world() -> World:
    return World()


async def test_one_wins_and_the_other_waits_until_it_has_heard_nothing_for_the_duration(
    world: World,
) -> None:
    first, second = Process(world, "first"), Process(world, "second", timedelta(days=9))
    await first.attempt()
    await second.attempt()
    assert (first.works(), second.works()) == (True, False)
    world.now += TERMS.duration - 0.1
    await second.attempt()
    assert not second.works()
    assert not first.is_alive()
    world.now += 0.1
    await second.attempt()
    assert second.works()
    assert world.holder == "second"


async def test_the_holder_renews_for_as_long_as_it_is_heard(world: World) -> None:
    process = Process(world, "me")
    await process.election.win()
    keeping = asyncio.create_task(process.election.keep())
    while world.now < 10 * TERMS.duration:  # noqa: ASYNC110  # it sleeps in the world's time
        await asyncio.sleep(0)
    assert process.works()
    assert set(process.slept) == {TERMS.retry}
    assert world.lease is not None
    assert world.lease["spec"]["leaseTransitions"] == 0
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_who_cannot_renew_leaves_before_anybody_takes_over(world: World) -> None:
    process = Process(world, "me")
    await process.election.win()
    process.way.loses = "request"
    with pytest.raises(LeaseLost, match=r"could not be renewed: .*lost"):
        await process.election.keep()
    assert world.now < TERMS.duration
    assert not process.is_alive()


async def test_who_finds_it_taken_leaves_at_once(world: World) -> None:
    process, other = Process(world, "me"), Process(world, "other")
    await process.election.win()
    assert world.lease is not None
    world.write({**world.lease, "spec": {**world.lease["spec"], "holderIdentity": "other"}})
    with pytest.raises(LeaseLost, match="is another's by now"):
        await process.election._attempt()
    assert process.ends_at == world.now
    assert not other.works()


async def test_a_renewal_whose_answer_is_lost_is_no_loss(world: World) -> None:
    process = Process(world, "me")
    await process.election.win()
    process.way.loses = "answer"
    await process.election._attempt()
    process.way.loses = ""
    await process.election._attempt()
    assert process.works()
    assert process.election.problem is None


async def test_an_answer_that_came_too_late_is_worth_nothing(world: World) -> None:
    process = Process(world, "me")
    process.way.back = TERMS.renew_within
    with pytest.raises(LeaseLost, match="too late"):
        await process.election.win()


async def test_who_ends_its_work_gives_it_back(world: World) -> None:
    first, second = Process(world, "first"), Process(world, "second")
    await first.election.win()
    second.way.world = world
    await first.election.release()
    assert first.ends_at is None
    assert not first.election.is_holder
    await second.election.win()
    assert world.now == 0


async def test_nothing_is_given_back_that_is_another_s(world: World) -> None:
    first, second = Process(world, "first"), Process(world, "second")
    await first.election.win()
    await second.election._attempt()
    world.now += TERMS.duration
    await second.election.win()
    await first.election.release()
    assert world.holder == "second"


async def test_why_nobody_gets_it_is_told(world: World) -> None:
    process = Process(world, "me")
    process.way.loses = "request"
    await process.election._attempt()
    assert process.election.problem is not None
    assert "lost" in process.election.problem


async def test_who_waits_knows_for_how_long_nobody_has_answered(world: World) -> None:
    holder, waiting = Process(world, "holder"), Process(world, "waiting")
    await holder.election._attempt()
    waiting.way.loses = "request"
    world.now = 200
    await waiting.election._attempt()
    assert waiting.election.silence == 200
    waiting.way.loses = ""
    await waiting.election._attempt()
    assert waiting.election.silence == 0


STEP = st.tuples(
    st.integers(0, 2),
    st.floats(0, 2.5 * TERMS.duration),
    st.floats(0, TERMS.duration),
    st.floats(0, TERMS.duration),
    st.sampled_from(["", "", "", "request", "answer"]),
)


@settings(max_examples=150)
@given(steps=st.lists(STEP, max_size=30), ahead=st.timedeltas(timedelta(-9999), timedelta(9999)))
def test_two_never_work_at_once(
    steps: list[tuple[int, float, float, float, str]], ahead: timedelta
) -> None:
    """Whoever wakes, after however long, whatever becomes of its requests."""
    asyncio.run(play(steps, ahead))


async def play(steps: list[tuple[int, float, float, float, str]], ahead: timedelta) -> None:
    world = World()
    processes = [Process(world, name, ahead * i) for i, name in enumerate("abc")]
    for number, pause, there, back, loses in steps:
        world.now += pause
        process = processes[number]
        process.way.there, process.way.back, process.way.loses = there, back, loses
        if process.is_alive():
            try:
                await process.attempt()
            except LeaseLost:
                assert not process.is_alive()
        assert sum(one.works() for one in processes) <= 1
