"""What the tests of commands that read a cluster share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from consortium_operator.cli import cluster
from consortium_operator.kube.caller import Target
from consortium_operator.kube.client import KubeClient
from tests.unit.cli.cluster import Cluster


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster that commands connect to."""
    found = Cluster()

    @asynccontextmanager
    async def connect(*_: object, **__: object) -> AsyncIterator[Cluster]:
        yield found

    monkeypatch.setattr(KubeClient, "connect", connect)
    target = Target(Path("config"), "work", "chains")
    monkeypatch.setattr(cluster, "find_target", lambda *_: target)
    return found
