"""Reads what `consortium diff` compares, with the caller's rights."""

from dataclasses import dataclass

from consortium_operator.chain.naming import CHAIN_LABEL
from consortium_operator.cli.live import LiveChain, live_values
from consortium_operator.cli.operator_metrics import read_metrics
from consortium_operator.cli.seeing import Hidden, catalogue, operators
from consortium_operator.kube.kinds import (
    CHILD_KINDS,
    CONSORTIUM_CHAIN,
    POD_DISRUPTION_BUDGET,
    JsonObject,
    ObjectKey,
)
from consortium_operator.kube.person import PersonClient


@dataclass(frozen=True, slots=True)
class Live:
    """`objects`: the chain's public ones; `catalogue`: version → image; `metrics`: what they
    say of the chain, or why they say nothing."""

    objects: tuple[JsonObject, ...]
    catalogue: dict[str, str] | Hidden
    metrics: LiveChain | str


async def read(client: PersonClient, namespace: str, name: str, operator_namespace: str) -> Live:
    """Raises Forbidden where the chain's objects must not be listed: half of them would look like
    a difference."""
    objects: list[JsonObject] = []
    for kind in CHILD_KINDS:
        if kind != POD_DISRUPTION_BUDGET:
            pages = client.list_pages(kind, namespace, f"{CHAIN_LABEL}={name}")
            objects += [one async for page, _ in pages for one in page]
    found = await catalogue(client, operator_namespace, await operators(client, operator_namespace))
    metrics = await read_metrics(client, operator_namespace)
    return Live(
        tuple(objects),
        found if isinstance(found, Hidden) else dict(found),
        live_values(metrics, ObjectKey(CONSORTIUM_CHAIN, namespace, name)),
    )
