"""Sandboxes that tests share: one per session, taken down at its end. Where several processes share
out the tests, each has its own.

`CONSORTIUM_KEEP_SANDBOX=1` keeps them, so that the next run starts in a moment;
`CONSORTIUM_TEST_SANDBOX` is the first part of their names, so that two runs need not meet.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from consortium_sandbox import Sandbox
from consortium_sandbox.backend import BackendName
from consortium_sandbox.progress import Plain

# How long an example takes says more of the machine than of the code. The tests run often, and with
# other examples each time.
settings.register_profile(
    "any machine", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def running_sandbox(
    purpose: str, nodes: int, backend: BackendName | None = None
) -> Iterator[Sandbox]:
    prefix = os.environ.get("CONSORTIUM_TEST_SANDBOX", "test")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    sandbox = Sandbox(f"{prefix}-{purpose}{worker}", backend)
    try:
        sandbox.up(nodes=nodes, progress=Plain())
        yield sandbox
    finally:
        if os.environ.get("CONSORTIUM_KEEP_SANDBOX") != "1":
            sandbox.down(progress=Plain())


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Sandbox]:
    """A real API server with its controllers and no nodes: objects are real, pods never run."""
    yield from running_sandbox("int", nodes=0)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Sandbox]:
    """A real cluster of three nodes in three zones."""
    yield from running_sandbox("e2e", nodes=3)
