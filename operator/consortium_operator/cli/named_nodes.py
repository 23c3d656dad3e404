"""Nodes as people name them to a command, MEMBER/NODE as `consortium status` shows them: pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consortium_operator.chain.naming import ChainKey


class NoSuchNode(Exception):
    """The chain's spec has no node of that name. The message says which it has."""


@dataclass(frozen=True, slots=True)
class NamedNode:
    """`name`: the full object name. `member`, `entry`: where it stands in spec.members and in the
    member's nodes. `siblings`: how many nodes that entry is for, with itself."""

    path: str
    name: str
    member: int
    entry: int
    siblings: int


def find_node(chain: Mapping[str, Any], path: str) -> NamedNode:
    """The node of the spec that `path` names. Raises NoSuchNode."""
    known = {one.path: one for one in all_nodes(chain)}
    if path not in known:
        raise NoSuchNode(f"the chain has no node {path}; it has: {', '.join(known)}")
    return known[path]


def all_nodes(chain: Mapping[str, Any]) -> Iterator[NamedNode]:
    """In the order of the spec."""
    metadata = chain["metadata"]
    key = ChainKey(metadata["namespace"], metadata["name"])
    for at, member in enumerate(chain["spec"]["members"]):
        for entry, group in enumerate(member["nodes"]):
            count = group.get("count", 1)
            for index in range(count):
                name = key.node(member["name"], group["name"], index).node
                path = f"{member['name']}/{group['name']}-{index}"
                yield NamedNode(path, name, at, entry, count)
