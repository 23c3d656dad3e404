"""A chain's status as a table for people: pure, from the resource as the API server returns it."""

from collections.abc import Mapping
from typing import Any

from rich.table import Column, Table

Resource = Mapping[str, Any]


def condition(chain: Resource, name: str) -> Mapping[str, Any]:
    """One condition of the chain, empty where it is not there."""
    found = (chain.get("status") or {}).get("conditions") or ()
    return next((one for one in found if one.get("type") == name), {})


def is_ready(chain: Resource) -> bool:
    """Whether Ready is true for the spec as it is now."""
    ready = condition(chain, "Ready")
    current = ready.get("observedGeneration") == chain["metadata"].get("generation")
    return current and ready.get("status") == "True"


def headline(chain: Resource) -> str:
    """One line: where the chain stands."""
    status = chain.get("status") or {}
    sealers = status.get("sealers") or "no"
    message = condition(chain, "Ready").get("message") or "waiting for the operator"
    return f"{sealers} sealers live · {message}"


def nodes_table(chain: Resource) -> Table:
    """A row for each node."""
    node = Column("Node", no_wrap=True)
    table = Table(node, "Role", "Weight", "State", "Node id", "Certificate until", box=None)
    for member in (chain.get("status") or {}).get("members") or ():
        for found in member.get("nodes") or ():
            table.add_row(
                f"{member['name']}/{found['name']}",
                str(found.get("role") or "-"),
                str(found.get("weight") or "-"),
                str(found.get("state") or "-"),
                f"{str(found.get('nodeId') or '-')[:12]}…",
                str(found.get("certificateExpires") or "-")[:10],
            )
    return table


def conditions_table(chain: Resource) -> Table:
    """A row for each condition."""
    table = Table("Condition", "Status", "Reason", "Message", box=None)
    for one in (chain.get("status") or {}).get("conditions") or ():
        table.add_row(one["type"], one["status"], one["reason"], one.get("message") or "")
    return table
