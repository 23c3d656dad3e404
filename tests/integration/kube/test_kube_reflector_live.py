"""Reflectors and a real API server: what happens to the objects arrives in the store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.kinds import CONFIG_MAP, JsonObject, ObjectKey, key_of
from consortium_operator.kube.reflector import Reflectors
from consortium_operator.kube.store import Store
from tests.integration.kube.conftest import Somebody

pytestmark = pytest.mark.integration


def config_map(namespace: str, name: str, chain: str | None = "trade") -> JsonObject:
    labels = {CHAIN_LABEL: chain} if chain else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "data": {"config.ini": "[p2p]"},
    }


class Following:
    """A store that reflectors keep up to date, and what they said about it."""

    def __init__(self) -> None:
        self.store = Store()
        self.changes: list[tuple[str, str | None]] = []
        self._changed = asyncio.Event()

    def on_change(self, key: ObjectKey, labels: Mapping[str, str]) -> None:
        self.changes.append((key.name, labels.get(CHAIN_LABEL)))
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @asynccontextmanager
    async def run(self, client: KubeClient, *namespaces: str) -> AsyncIterator[Reflectors]:
        reflectors = Reflectors(client, self.store, self.on_change, namespaces or (None,))
        reflectors.start()
        try:
            async with asyncio.timeout(30):
                await reflectors.wait_heard()
            yield reflectors
        finally:
            await reflectors.stop()


async def test_objects_come_change_and_go(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    made = await client.create(config_map(namespace, "early"))
    key = key_of(made)
    following = Following()
    async with following.run(client, namespace):
        seen = following.store.get(key)
        assert seen is not None
        assert seen.uid == made["metadata"]["uid"]
        assert seen.detail == {"config.ini": "[p2p]"}
        somebody.patch("configmap", "early", {"data": {"more": "1"}})
        await following.until(lambda: following.store.get(key) != seen)
        edited = following.store.get(key)
        assert edited is not None
        assert edited.foreign_managers == {"mallory"}
        somebody.kubectl("delete", "configmap", "early")
        await following.until(lambda: following.store.get(key) is None)
    assert following.changes == [("early", "trade")] * 3


async def test_foreign_objects_are_never_loaded(client: KubeClient, namespace: str) -> None:
    await client.create(config_map(namespace, "foreign", chain=None))
    following = Following()
    async with following.run(client, namespace):
        await client.create(config_map(namespace, "foreign-too", chain=None))
        ours = await client.create(config_map(namespace, "ours"))
        await following.until(lambda: following.store.get(key_of(ours)) is not None)
        assert len(following.store) == 1


async def test_a_relabelled_object_leaves_its_chain_and_joins_the_other(
    client: KubeClient, namespace: str, somebody: Somebody
) -> None:
    key = key_of(await client.create(config_map(namespace, "moved")))
    following = Following()
    async with following.run(client, namespace):
        somebody.kubectl("label", "configmap", "moved", "--overwrite", f"{CHAIN_LABEL}=other")
        await following.until(lambda: bool(following.store.by_chain(namespace, "other")))
        assert following.store.by_chain(namespace, "trade") == []
        assert set(following.changes) == {("moved", "trade"), ("moved", "other")}
        somebody.kubectl("label", "configmap", "moved", f"{CHAIN_LABEL}-")
        await following.until(lambda: following.store.get(key) is None)


async def test_one_namespace_sees_nothing_of_another(client: KubeClient, namespace: str) -> None:
    await client.create(config_map("default", f"elsewhere-{namespace}"))
    following = Following()
    async with following.run(client, namespace):
        assert len(following.store) == 0
    everywhere = Following()
    async with everywhere.run(client):
        elsewhere = ObjectKey(CONFIG_MAP, "default", f"elsewhere-{namespace}")
        assert everywhere.store.get(elsewhere) is not None


async def test_our_own_write_is_seen_at_once(client: KubeClient, namespace: str) -> None:
    following = Following()
    async with following.run(client, namespace):
        made = await client.apply(config_map(namespace, "own"))
        following.store.record(made)
        assert following.store.get(key_of(made)) is not None


async def test_a_long_list_comes_in_pages_of_one_moment(client: KubeClient, namespace: str) -> None:
    for number in range(23):
        await client.create(config_map(namespace, f"page-{number:02}"))
    sizes, versions, names = [], set(), []
    async for objects, version in client.list_pages(CONFIG_MAP, namespace, CHAIN_LABEL, limit=10):
        sizes.append(len(objects))
        versions.add(version)
        names += [key_of(one).name for one in objects]
        late = config_map(namespace, f"late-{len(sizes)}")
        await client.create(late)
    assert sizes == [10, 10, 3]
    assert len(versions) == 1
    assert names == [f"page-{number:02}" for number in range(23)]
