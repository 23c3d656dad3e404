from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.kube.backoff import Backoff


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 60))
def test_waits_grow_to_the_limit_and_stay_there(rand: float, failures: int) -> None:
    backoff = Backoff(first=1, most=30, rand=lambda: rand)
    waits = [backoff.next() for _ in range(failures)]
    assert waits == sorted(waits)
    assert 0.5 <= waits[0] <= 1
    assert max(waits) <= 30


def test_days_of_failures_do_no_harm() -> None:
    backoff = Backoff(first=1, most=30)
    assert all(backoff.next() <= 30 for _ in range(5000))


def test_a_success_starts_over() -> None:
    backoff = Backoff(first=1, most=30, rand=lambda: 0)
    first = backoff.next()
    assert backoff.next() > first
    backoff.reset()
    assert backoff.next() == first
