"""Sandboxes that tests share: one per session, taken down at its end.

`CONSORTIUM_KEEP_SANDBOX=1` keeps them, so that the next run starts in a moment;
`CONSORTIUM_TEST_SANDBOX` is the first part of their names, so that two runs need not meet.
"""

import os
from collections.abc import Iterator

import pytest

from consortium_sandbox import Sandbox
from consortium_sandbox.progress import Plain


def _running(purpose: str, nodes: int) -> Iterator[Sandbox]:
    sandbox = Sandbox(f"{os.environ.get('CONSORTIUM_TEST_SANDBOX', 'test')}-{purpose}")
    try:
        sandbox.up(nodes=nodes, progress=Plain())
        yield sandbox
    finally:
        if os.environ.get("CONSORTIUM_KEEP_SANDBOX") != "1":
            sandbox.down(progress=Plain())


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Sandbox]:
    """A real API server with its controllers and no nodes: objects are real, pods never run."""
    yield from _running("int", nodes=0)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Sandbox]:
    """A real cluster of three nodes in three zones."""
    yield from _running("e2e", nodes=3)
