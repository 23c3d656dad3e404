"""What a user without rights is told: which verb on which object, and that it is a matter of
rights, so that the operator can name the binding that is missing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import Forbidden
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, ObjectKey
from tests.integration.kube.conftest import Somebody

pytestmark = pytest.mark.integration


@pytest.fixture
async def stranger(somebody: Somebody, tmp_path: Path) -> AsyncIterator[KubeClient]:
    """A service account that nobody gave any right, by its token."""
    somebody.kubectl("create", "serviceaccount", "stranger")
    token = somebody.kubectl("create", "token", "stranger").strip()
    config = yaml.safe_load(somebody.kubectl("config", "view", "--raw"))
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    async with KubeClient.connect(path) as client:
        yield client


async def test_a_missing_right_is_never_read_as_absence(
    stranger: KubeClient, namespace: str
) -> None:
    with pytest.raises(Forbidden) as refused:
        await stranger.get(ObjectKey(SECRET, namespace, "key"))
    assert str(refused.value).startswith(f"get Secret {namespace}/key: 403 Forbidden: ")
    assert "system:serviceaccount" in refused.value.message


async def test_a_missing_right_ends_a_list_and_a_watch(
    stranger: KubeClient, namespace: str
) -> None:
    with pytest.raises(Forbidden):
        await anext(stranger.list_pages(CONFIG_MAP, namespace))
    with pytest.raises(Forbidden):
        await anext(stranger.watch(CONFIG_MAP, namespace, resource_version="1"))
