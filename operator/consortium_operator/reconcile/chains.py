"""The resources that exist, as last seen: what reconcile reads its spec from.

Also tells what a trigger is worth: an event that changed only the status, or managed fields,
enqueues nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from consortium_operator.api.fisco_bcos import FiscoBcos
from consortium_operator.chain.naming import ChainKey

Body = Mapping[str, Any]


def key_of(body: Body) -> ChainKey:
    metadata = body["metadata"]
    return ChainKey(metadata["namespace"], metadata["name"])


def relevant(body: Body) -> tuple[object, ...]:
    """What reconcile acts on: all but status, managed fields and resourceVersion."""
    metadata = body["metadata"]
    return (
        metadata.get("uid"),
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        metadata.get("annotations"),
        body.get("spec"),
    )


ECHO_LIMIT = timedelta(minutes=2)
"""How long our own status write may take to come back before the watch counts as dead."""


_GROUP = FiscoBcos.model_fields["group_id"].default
"""What the CRD fills in; a CRD that lost its defaults must not let twins pass."""


class Chains:
    """Every ConsortiumChain, by namespace and name."""

    def __init__(self) -> None:
        self._bodies: dict[ChainKey, Body] = {}
        self._awaited: dict[ChainKey, tuple[int, datetime]] = {}
        # The highest version of all that was ever seen: no later list can be below it.
        self.newest = 0

    def __iter__(self) -> Iterator[ChainKey]:
        return iter(sorted(self._bodies))

    def get(self, key: ChainKey) -> Body | None:
        return self._bodies.get(key)

    def seen(self, body: Body) -> bool:
        """Takes the newest version; true where it needs a reconcile. An older one, from an API
        server that lags behind, is passed over."""
        key = key_of(body)
        self.newest = max(self.newest, version_of(body))
        before = self._bodies.get(key)
        if before is not None and version_of(body) < version_of(before):
            return False
        self._bodies[key] = body
        awaited = self._awaited.get(key)
        if awaited is not None and version_of(body) >= awaited[0]:
            del self._awaited[key]
        return before is None or relevant(before) != relevant(body)

    def gone(self, body: Body) -> None:
        """The resource was deleted. A newer one of the same name, with another uid, stays."""
        key = key_of(body)
        known = self._bodies.get(key)
        if known is not None and known["metadata"].get("uid") == body["metadata"].get("uid"):
            del self._bodies[key]
            self._awaited.pop(key, None)

    def lost(self, listed: Collection[ChainKey], version: str, namespace: str | None) -> list[Body]:
        """What is known in a namespace, or (None) everywhere, and older than a list of `version`
        that has it no more."""
        return [
            body
            for key in self.of(namespace)
            if key not in listed and version_of(body := self._bodies[key]) <= int(version)
        ]

    def are_in(self, namespace: str) -> bool:
        return any(key.namespace == namespace for key in self._bodies)

    def of(self, namespace: str | None) -> list[ChainKey]:
        """The chains of a namespace, or (None) all."""
        return [key for key in self if namespace in (None, key.namespace)]

    def forget_all(self, namespace: str | None) -> list[ChainKey]:
        """Nothing is known any more of a namespace, or (None) at all, until it is listed. Returns
        what was."""
        known = self.of(namespace)
        for key in known:
            del self._bodies[key]
            self._awaited.pop(key, None)
        return known

    def expect(self, key: ChainKey, written: Body, at: datetime) -> None:
        """Our own write must come back by the watch: that is how a dead watch is noticed."""
        known = self._bodies.get(key)
        if known is not None and version_of(known) < version_of(written):
            self._awaited.setdefault(key, (version_of(written), at))

    def is_deaf(self, now: datetime) -> bool:
        """Whether a write of ours has not come back for too long."""
        return any(now - at > ECHO_LIMIT for _, at in self._awaited.values())

    def elder_twin(self, key: ChainKey) -> ChainKey | None:
        """Another chain with the same chainId and groupId that was there first.

        A transaction names both, and nothing else: one signed for one chain could be replayed
        on its twin.
        """
        body = self._bodies[key]
        older = (o for o in self.twins_of(body) if _age(self._bodies[o], o) < _age(body, key))
        return next(older, None)

    def twins_of(self, body: Body) -> list[ChainKey]:
        """All other chains with its chainId and groupId."""
        identity, own = _on_chain_identity(body), key_of(body)
        return [
            other
            for other in self
            if other != own and _on_chain_identity(self._bodies[other]) == identity
        ]


def version_of(body: Body) -> int:
    """The resourceVersion, which counts up."""
    return int(body["metadata"]["resourceVersion"])


def _on_chain_identity(body: Body) -> tuple[object, object]:
    spec = _mapping(body.get("spec"))
    return spec.get("chainId"), _mapping(spec.get("fiscoBcos")).get("groupId") or _GROUP


def _mapping(value: object) -> Mapping[str, Any]:
    """A CRD that lost its schema lets anything stand there; only its own chain must suffer."""
    return value if isinstance(value, Mapping) else {}


def _age(body: Body, key: ChainKey) -> tuple[str, ChainKey]:
    return str(body["metadata"].get("creationTimestamp", "")), key
