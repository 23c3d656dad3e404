"""What is left of a chain when its resource is gone, in the order in which it is destroyed: pure.

Keys go first and the genesis last. A destruction that is cut short then leaves a register without
its keys, and a chain of that name, made again, is refused instead of founded anew with half of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consortium_operator.api.chain import GROUP, PLURAL
from consortium_operator.chain.naming import (
    CHAIN_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    PART_LABEL,
    ChildPart,
)
from consortium_operator.cli.printing import shown
from consortium_operator.kube.kinds import (
    CONFIG_MAP,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    SECRET,
    Kind,
    ObjectKey,
    key_of,
)
from consortium_operator.kube.person import Right

RETAINED_KINDS = (SECRET, PERSISTENT_VOLUME_CLAIM, CONFIG_MAP)

_WORDS: Mapping[Kind, str] = {
    SECRET: "private keys, of nodes, CAs, clients and the first governor",
    PERSISTENT_VOLUME_CLAIM: "volumes, with the ledgers",
    CONFIG_MAP: "genesis, register of the keys and journal",
}


def needed_rights(namespace: str) -> tuple[Right, ...]:
    """What a person needs who destroys a chain, to the last object."""
    return (
        Right(namespace, "list", "", POD.plural),
        Right(namespace, "delete", GROUP, PLURAL),
        *(Right(namespace, "delete", "", kind.plural) for kind in RETAINED_KINDS),
    )


def selector(chain: str) -> str:
    return f"{CHAIN_LABEL}={chain},{MANAGED_BY_LABEL}={MANAGED_BY}"


@dataclass(frozen=True, slots=True)
class Doomed:
    """One object that dies. Of a Secret nothing but its name and uid is kept."""

    key: ObjectKey
    uid: str
    is_genesis: bool


def doomed(chain: str, objects: Iterable[Mapping[str, Any]]) -> list[Doomed]:
    """Those of `objects` that outlive the chain's resource. What it owns goes with it, and a Secret
    that a member brought has no label of ours."""
    found = [_doomed(one) for one in objects if _is_retained(one, chain)]
    return sorted(found, key=_order)


def _is_retained(obj: Mapping[str, Any], chain: str) -> bool:
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    return (
        labels.get(CHAIN_LABEL) == chain
        and labels.get(MANAGED_BY_LABEL) == MANAGED_BY
        and not metadata.get("ownerReferences")
        and not metadata.get("deletionTimestamp")
    )


def _doomed(obj: Mapping[str, Any]) -> Doomed:
    metadata = obj["metadata"]
    is_genesis = metadata["labels"].get(PART_LABEL) == ChildPart.GENESIS
    return Doomed(key_of(obj), metadata["uid"], is_genesis)


def _order(one: Doomed) -> tuple[int, bool, int, str]:
    # Of the two copies of the genesis the longer name, which is the copy's, goes first.
    kind = RETAINED_KINDS.index(one.key.kind)
    return kind, one.is_genesis, -len(one.key.name) if one.is_genesis else 0, one.key.name


def uid_to_type(resource: Mapping[str, Any] | None, left: list[Doomed]) -> str | None:
    """The resource's uid; where it is gone, that of the genesis, or of a chain that was never
    founded, of the last object left. None: there is nothing to destroy."""
    if resource is not None:
        return str(resource["metadata"]["uid"])
    return left[-1].uid if left else None


def lines(resource: Mapping[str, Any] | None, left: list[Doomed]) -> Iterator[str]:
    """For people: what dies, by name."""
    if resource is not None:
        yield "the chain's resource, with all of its pods"
    counts = Counter(one.key.kind for one in left)
    for kind in RETAINED_KINDS:
        if counts[kind]:
            yield f"{counts[kind]} {kind}{'s' if counts[kind] > 1 else ''}: {_WORDS[kind]}"
            yield from (shown(f"  {one.key.name}") for one in left if one.key.kind == kind)
