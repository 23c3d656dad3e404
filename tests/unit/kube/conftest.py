from pathlib import Path

import pytest

from tests.unit.kube.fake_api import FakeApi


@pytest.fixture
def api(tmp_path: Path) -> FakeApi:
    return FakeApi(tmp_path)
