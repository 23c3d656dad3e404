"""A memory in the place of the API server: what a round of the operator reads and writes.

It keeps the promises that the steps of a first round build on: a name that is taken is not created
again, and what was written is read back. Nothing else runs here, so there are neither watches nor
pods.
"""

import copy
from collections.abc import Iterable

from consortium_operator.kube.client import KubeClient
from consortium_operator.kube.errors import AlreadyExists
from consortium_operator.kube.kinds import JsonObject, ObjectKey, key_of
from consortium_operator.manifests import Manifest

_EXPECTED = ("uid", "resourceVersion")


class MemoryCluster(KubeClient):
    """`objects`: what is there at the beginning."""

    def __init__(self, objects: Iterable[Manifest]) -> None:
        self._objects: dict[ObjectKey, Manifest] = {}
        self._version = 0
        for obj in objects:
            self._objects[key_of(obj)] = _content(obj)

    @property
    def objects(self) -> list[Manifest]:
        """All that is there now, as it was written, sorted by kind and name."""
        return [copy.deepcopy(self._objects[key]) for key in sorted(self._objects, key=str)]

    async def get(self, key: ObjectKey) -> JsonObject | None:
        found = self._objects.get(key)
        return self._stored(found) if found is not None else None

    async def create(self, obj: JsonObject) -> JsonObject:
        key = key_of(obj)
        if key in self._objects:
            raise AlreadyExists(409, "AlreadyExists", "the name is taken", "create", key)
        return await self.apply(obj)

    async def apply(self, obj: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """Whatever is applied here is applied whole."""
        if not dry_run:
            self._objects[key_of(obj)] = _content(obj)
        return self._stored(obj)

    def _stored(self, obj: Manifest) -> JsonObject:
        """As a server would return it."""
        self._version += 1
        found = copy.deepcopy(obj)
        found["metadata"] |= {"uid": "offline", "resourceVersion": str(self._version)}
        return found


def _content(obj: Manifest) -> Manifest:
    """Without what a write says of the object that it expects to meet."""
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _EXPECTED}
    return copy.deepcopy({**obj, "metadata": metadata})
