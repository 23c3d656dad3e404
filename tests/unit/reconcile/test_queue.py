"""The queue: one worker a chain, many pokes one round, failures less and less often."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from consortium_operator.chain.naming import ChainKey
from consortium_operator.kube.errors import TooManyRequests, Unavailable
from consortium_operator.kube.kinds import SECRET, ObjectKey
from consortium_operator.reconcile.queue import ReconcileQueue

A, B = ChainKey("chains", "a"), ChainKey("chains", "b")


class Work:
    """A handler that does what it is told, in the order of its calls."""

    def __init__(self) -> None:
        self.calls: list[ChainKey] = []
        self.running = 0
        self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.answers: list[float | Exception | None] = []

    async def __call__(self, key: ChainKey) -> float | None:
        self.calls.append(key)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await self.gate.wait()
        finally:
            self.running -= 1
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def queue_of(work: Work, *, workers: int = 8) -> AsyncIterator[ReconcileQueue]:
    queue = ReconcileQueue(work, workers=workers)
    queue.start()
    try:
        yield queue
    finally:
        await queue.stop()


async def until(condition: Callable[[], bool], seconds: float = 2.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for knows no events
            await asyncio.sleep(0.001)


async def until_called(work: Work, times: int) -> None:
    await until(lambda: len(work.calls) == times)


async def _a_moment() -> None:
    for _ in range(20):
        await asyncio.sleep(0.001)


async def test_a_poke_is_a_round() -> None:
    work = Work()
    async with queue_of(work) as queue:
        queue.poke(A)
        await until(lambda: work.calls == [A])


async def test_it_tells_who_waits_for_a_worker_and_for_how_long() -> None:
    work, waits = Work(), list[float]()
    work.gate.clear()
    queue = ReconcileQueue(work, workers=1, waited=waits.append)
    queue.start()
    queue.poke(A)
    queue.poke(B)
    await until(lambda: work.running == 1)
    assert (queue.depth, queue.waiting, len(waits)) == (2, 1, 1)
    await asyncio.sleep(0.02)
    work.gate.set()
    await until(lambda: queue.depth == 0)
    assert queue.waiting == 0
    assert waits[1] >= 0.02
    await queue.stop()


async def test_it_tells_how_many_chains_fail() -> None:
    work = Work()
    work.answers = [RuntimeError("a bug"), None]
    async with queue_of(work) as queue:
        queue.poke(A)
        await until(lambda: queue.failing == 1)
        queue.poke(A)
        await until(lambda: queue.failing == 0)


async def test_pokes_during_a_round_are_one_more_round() -> None:
    work = Work()
    work.gate.clear()
    async with queue_of(work) as queue:
        queue.poke(A)
        await until(lambda: work.running == 1)
        for _ in range(5):
            queue.poke(A)
        work.gate.set()
        await _a_moment()
        assert work.calls == [A, A]


async def test_pokes_before_a_worker_is_free_are_one_round() -> None:
    work = Work()
    work.gate.clear()
    async with queue_of(work, workers=1) as queue:
        queue.poke(B)
        await until(lambda: work.running == 1)
        for _ in range(5):
            queue.poke(A)
        work.gate.set()
        await _a_moment()
        assert work.calls == [B, A]


async def test_a_chain_never_has_two_workers() -> None:
    work = Work()
    async with queue_of(work) as queue:
        for _ in range(50):
            queue.poke(A)
            await asyncio.sleep(0)
        await _a_moment()
        assert work.most_at_once == 1


async def test_a_stuck_chain_does_not_hold_up_others() -> None:
    work = Work()
    work.gate.clear()
    async with queue_of(work) as queue:
        queue.poke(A)
        queue.poke(B)
        await until(lambda: work.running == 2)


async def test_only_so_many_chains_run_at_once() -> None:
    work = Work()
    work.gate.clear()
    async with queue_of(work, workers=3) as queue:
        for number in range(20):
            queue.poke(ChainKey("chains", str(number)))
        await until(lambda: work.running == 3)
        await _a_moment()
        work.gate.set()
        await until(lambda: len(work.calls) == 20 and queue.depth == 0)
        assert work.most_at_once == 3


async def test_a_round_comes_again_when_it_asked_to() -> None:
    work = Work()
    work.answers = [0.02, None]
    async with queue_of(work) as queue:
        queue.poke(A)
        await until(lambda: work.calls == [A, A])
        await _a_moment()
        assert work.calls == [A, A]


async def test_a_poke_comes_before_a_timer_and_takes_its_place() -> None:
    work = Work()
    work.answers = [0.05, None]
    async with queue_of(work) as queue:
        queue.poke(A)
        await until(lambda: len(work.calls) == 1 and queue.depth == 0)
        queue.poke(A)
        await asyncio.sleep(0.1)
        assert work.calls == [A, A]


async def test_the_earlier_of_two_timers_counts() -> None:
    work = Work()
    async with queue_of(work) as queue:
        queue.poke_after(A, 0.02)
        queue.poke_after(A, 30)
        await until(lambda: work.calls == [A])
        queue.poke_after(B, 30)
        queue.poke_after(B, 0.02)
        await until(lambda: work.calls == [A, B])


async def test_failures_come_again_less_and_less_often(
    caplog: pytest.LogCaptureFixture,
) -> None:
    waits: list[float] = []

    class Recorded(ReconcileQueue):
        def poke_after(self, key: ChainKey, seconds: float) -> None:
            waits.append(seconds)
            self.poke(key)

    work = Work()
    work.answers = [RuntimeError("a bug")] * 12
    queue = Recorded(work)
    queue.start()
    with caplog.at_level(logging.ERROR):
        queue.poke(A)
        await until(lambda: len(work.calls) == 13)
    await queue.stop()
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits[:7]))
    assert max(waits) <= 120
    assert "a bug" in caplog.text
    assert {getattr(record, "chain", None) for record in caplog.records} == {"chains/a"}


async def test_a_success_forgets_the_failures() -> None:
    waits: list[float] = []

    class Recorded(ReconcileQueue):
        def poke_after(self, key: ChainKey, seconds: float) -> None:
            waits.append(seconds)

    work = Work()
    work.answers = [RuntimeError()] * 5 + [None, RuntimeError()]
    queue = Recorded(work)
    for number in range(1, 8):
        queue.poke(A)
        await until_called(work, number)
        await until(lambda: queue.depth == 0)
    assert waits[4] > 4
    assert waits[5] <= 1


async def test_a_busy_server_is_left_alone_for_as_long_as_it_said() -> None:
    busy = TooManyRequests(429, "TooManyRequests", "later", "get", SECRET)
    busy.retry_after = 1.2
    work = Work()
    work.answers = [busy, None]
    async with queue_of(work) as queue:
        queue.poke(A)
        await until(lambda: len(work.calls) == 1 and queue.depth == 0)
        before = asyncio.get_running_loop().time()
        queue.poke(A)  # news of a pod is no reason to hurry
        await _a_moment()
        assert len(work.calls) == 1
        await until(lambda: len(work.calls) == 2, 3)
        assert asyncio.get_running_loop().time() - before >= 1.1


async def test_a_failing_server_is_no_bug_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    work.answers = [Unavailable(0, "NoAnswer", "gone", "get", SECRET)]
    async with queue_of(work) as queue:
        with caplog.at_level(logging.INFO):
            queue.poke(A)
            await until(lambda: bool(caplog.records))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].exc_info is None


async def test_a_forgotten_chain_is_not_tried_again() -> None:
    work = Work()
    work.answers = [0.02, RuntimeError()]
    async with queue_of(work) as queue:
        queue.poke(A)
        await until(lambda: len(work.calls) == 1 and queue.depth == 0)
        queue.forget(A)
        await asyncio.sleep(0.06)
        assert work.calls == [A]


async def test_a_stopped_queue_takes_nothing_and_leaves_no_task() -> None:
    work = Work()
    work.gate.clear()
    async with queue_of(work) as queue:
        queue.poke(A)
        await until(lambda: work.running == 1)
        queue.poke(A)
    queue.poke(B)
    await _a_moment()
    assert work.calls == [A]
    assert len(asyncio.all_tasks()) == 1


def failing(name: str) -> Unavailable:
    return Unavailable(503, "", "busy", "apply", ObjectKey(SECRET, "chains", name))


async def test_a_round_that_came_further_than_the_last_is_tried_again_soon(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server of which every third call fails is not one that is gone."""
    caplog.set_level(logging.WARNING)
    work = Work()
    work.answers = [failing("a"), failing("b"), failing("c"), failing("c")]
    async with queue_of(work) as queue:
        for calls in range(1, 5):
            queue.poke(A)
            await until_called(work, calls)
            await _a_moment()
    waits = [
        float(str(record.args[1])) for record in caplog.records if isinstance(record.args, tuple)
    ]
    assert all(0.5 <= wait <= 1 for wait in waits[:3])
    assert 1 <= waits[3] <= 2


@pytest.mark.parametrize("steps", range(4))
async def test_it_stops_though_a_timer_is_set_at_the_same_moment(steps: int) -> None:
    queue = ReconcileQueue(Work())
    queue.start()
    queue.poke_after(A, 100)
    await asyncio.sleep(0.01)
    queue.poke_after(B, 50)
    for _ in range(steps):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await queue.stop()
