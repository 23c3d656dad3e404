"""The children of our chains as last seen, in memory: reads that cost no API call.

Two writers feed it, the reflectors and the operator's own writes (write-through, so that the
next reconcile sees what the last one did). It never goes back in time: an object of a lower
resourceVersion than the one known is ignored, and so is a write's answer that arrives after the
watch has already shown the object's end. Not for threads: everything runs in one event loop.

Our label is anybody's to write, in every namespace that is watched. So what a ConfigMap holds, up
to a megabyte, is kept only where there are chains: there whatever chain its label names, since that
may have been changed by hand.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from consortium_operator.chain.naming import CHAIN_LABEL, MEMBER_LABEL
from consortium_operator.kube.kinds import (
    CHILD_KINDS,
    CONFIG_MAP,
    JsonObject,
    Kind,
    ObjectKey,
    kind_of,
)
from consortium_operator.kube.projection import Observed, project


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one object: None before is a new object, None after a lost one."""

    before: Observed | None
    after: Observed | None

    def __bool__(self) -> bool:
        return self.before != self.after


_NO_CHANGE = Change(None, None)
_P = TypeVar("_P", bound=tuple[object, ...])


def _everywhere(_namespace: str) -> bool:
    return True


class Store:
    """Observed objects by key, by chain and by member. `has_chains`: of a namespace."""

    def __init__(self, has_chains: Callable[[str], bool] = _everywhere) -> None:
        self._has_chains = has_chains
        # ConfigMaps without what they hold, by namespace.
        self._bare: dict[str, set[ObjectKey]] = {}
        self._chains: dict[tuple[str, str], dict[ObjectKey, Observed]] = {}
        # By kind too: each of many members would be looked through for each of its kinds.
        self._members: dict[tuple[str, str, str, Kind], dict[ObjectKey, Observed]] = {}
        self._chain_of: dict[ObjectKey, tuple[str, str]] = {}
        # Up to which version the reflectors have seen all events of a kind, by namespace
        # (None: everywhere).
        self._seen: dict[tuple[Kind, str | None], int] = {}
        self._revisions: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._chain_of)

    def get(self, key: ObjectKey) -> Observed | None:
        """The object as last seen."""
        chain = self._chain_of.get(key)
        return self._chains[chain][key] if chain else None

    def revision(self, namespace: str, chain: str) -> int:
        """The same number as before only if no object of this chain has changed in anything that
        its projection holds."""
        return self._revisions[namespace, chain]

    def by_chain(self, namespace: str, chain: str, kind: Kind | None = None) -> list[Observed]:
        """The objects whose label names this chain, sorted by kind and name."""
        found = self._chains.get((namespace, chain), {}).values()
        return _sorted(one for one in found if kind is None or one.key.kind == kind)

    def by_member(self, namespace: str, chain: str, member: str, kind: Kind) -> list[Observed]:
        """Those of them whose labels name this member, nodes' objects included."""
        return _sorted(self._members.get((namespace, chain, member, kind), {}).values())

    def lacks_content(self, namespace: str) -> bool:
        """Whether ConfigMaps were seen there before any chain was, so that what they hold is to be
        read again."""
        return bool(self._bare.get(namespace))

    def shed(self, namespace: str) -> None:
        """Keep no more than is due there: a chain is gone."""
        if self._has_chains(namespace):
            return
        for known in list(self._in(namespace)):
            self._put(self._as_kept(known))

    def record(self, obj: JsonObject) -> None:
        """Take in what our own write returned.

        Ignored are kinds that no reflector keeps up to date (a Secret above all) and objects
        without a chain's label.
        """
        if kind_of(obj) not in CHILD_KINDS:
            return
        new = project(obj)
        if self.get(new.key) or _version(new.resource_version) > self._horizon(new.key):
            self.see(new)

    def hold(self, found: Observed, chain: str) -> None:
        """Take in an object of this chain that has lost its label, so that no watch tells of it:
        whoever holds it looks at it again, or forgets it."""
        known = self.get(found.key)
        if known:
            self._drop(known)
        self._chain_of[found.key] = (found.key.namespace, chain)
        self._put(found)

    def forget(self, key: ObjectKey, uid: str) -> None:
        """Our own delete of the object with `uid` has removed it."""
        known = self.get(key)
        if known and known.uid == uid:
            self._drop(known)
            self._note_change(known)

    # What the reflectors tell.

    def see(self, new: Observed) -> Change:
        """Take in an object that was listed or watched."""
        known, new = self.get(new.key), self._as_kept(new)
        if known and _version(known.resource_version) > _version(new.resource_version):
            return _NO_CHANGE
        if known:
            self._drop(known)
        if known != new:
            self._note_change(known, new)
        chain = new.labels.get(CHAIN_LABEL)
        if chain is None:
            return Change(known, None)
        self._chain_of[new.key] = (new.key.namespace, chain)
        self._put(new)
        return Change(known, new)

    def lose(self, old: Observed) -> Change:
        """Take in that an object was deleted, or lost our label, at its version."""
        known = self.get(old.key)
        if not known or _version(known.resource_version) > _version(old.resource_version):
            return _NO_CHANGE
        self._drop(known)
        self._note_change(known)
        return Change(known, None)

    def begin_list(self, kind: Kind, namespace: str | None, version: str) -> None:
        """Prepare for a list of `version`. A version below one that was seen means that etcd was
        restored from a backup: then all that is known counts as older than the list."""
        if _version(version) >= self._seen.get((kind, namespace), 0):
            return
        for known in list(self._scope(kind, namespace)):
            self._put(replace(known, resource_version="0"))

    def end_list(
        self, kind: Kind, namespace: str | None, listed: set[ObjectKey], version: str
    ) -> list[Change]:
        """Drop what a whole list of `version` no longer has; our newer writes stay."""
        lost = [
            known
            for known in self._scope(kind, namespace)
            if known.key not in listed and _version(known.resource_version) <= _version(version)
        ]
        for known in lost:
            self._drop(known)
        self._note_change(*lost)
        self._seen[kind, namespace] = _version(version)
        return [Change(known, None) for known in lost]

    def advance(self, kind: Kind, namespace: str | None, version: str) -> bool:
        """Note that all events up to `version` were seen. False, and nothing noted, where that
        would be a step back."""
        if _version(version) < self._seen.get((kind, namespace), 0):
            return False
        self._seen[kind, namespace] = _version(version)
        return True

    def _as_kept(self, one: Observed) -> Observed:
        if one.key.kind != CONFIG_MAP or self._has_chains(one.key.namespace):
            return one
        return replace(one, detail=None)

    def _in(self, namespace: str) -> Iterable[Observed]:
        for (place, _), objects in self._chains.items():
            if place == namespace:
                yield from objects.values()

    def _scope(self, kind: Kind, namespace: str | None) -> Iterable[Observed]:
        for (place, _), objects in self._chains.items():
            if namespace in (None, place):
                yield from (known for known in objects.values() if known.key.kind == kind)

    def _horizon(self, key: ObjectKey) -> int:
        scopes = (key.kind, key.namespace), (key.kind, None)
        return max(self._seen.get(scope, 0) for scope in scopes)

    def _note_change(self, *changed: Observed | None) -> None:
        for one in changed:
            if one is not None and CHAIN_LABEL in one.labels:
                self._revisions[one.key.namespace, one.labels[CHAIN_LABEL]] += 1

    def _put(self, known: Observed) -> None:
        place = self._chain_of[known.key]
        self._chains.setdefault(place, {})[known.key] = known
        self._note_bare(known)
        member = known.labels.get(MEMBER_LABEL)
        if member is not None:
            self._members.setdefault((*place, member, known.key.kind), {})[known.key] = known

    def _note_bare(self, known: Observed) -> None:
        bare = self._bare.setdefault(known.key.namespace, set())
        if known.key.kind == CONFIG_MAP and known.detail is None:
            bare.add(known.key)
        else:
            bare.discard(known.key)

    def _drop(self, known: Observed) -> None:
        place = self._chain_of.pop(known.key)
        _take(self._chains, place, known.key)
        self._bare.get(known.key.namespace, set()).discard(known.key)
        member = known.labels.get(MEMBER_LABEL)
        if member is not None:
            _take(self._members, (*place, member, known.key.kind), known.key)


def _take(index: dict[_P, dict[ObjectKey, Observed]], place: _P, key: ObjectKey) -> None:
    del index[place][key]
    if not index[place]:
        del index[place]


def _sorted(found: Iterable[Observed]) -> list[Observed]:
    return sorted(found, key=lambda one: (one.key.kind.kind, one.key.name))


def _version(text: str) -> int:
    """A resourceVersion as a number. The API promises since 1.35 that they compare as such, and
    etcd's revisions have always been numbers."""
    return int(text)
