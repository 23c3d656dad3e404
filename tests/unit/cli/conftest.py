"""What the tests of commands that read a cluster share."""

import pytest

from tests.unit.cli.cluster import Cluster, connect_to


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster that commands connect to."""
    found = Cluster()
    connect_to(found, monkeypatch)
    return found
