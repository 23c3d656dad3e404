"""`status`: what the operator reports. Output only: nothing here decides what the operator does."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from consortium_operator.api.base import Integer, ObservedPart, Text, list_map_of, unique
from consortium_operator.api.conditions import Condition

Weight = Annotated[Integer, Field(ge=0)]


class GenesisStatus(ObservedPart):
    """The genesis that the chain runs."""

    config_map: Text | None = Field(
        default=None, description="The ConfigMap that holds the genesis."
    )
    sha256: Text | None = Field(default=None, description="SHA-256 of the genesis file.")
    block_hash: Text | None = Field(
        default=None, description="Hash of block 0's header as the nodes give it."
    )


class QuorumStatus(ObservedPart):
    """The vote weights. Blocks are made while live is at least required."""

    total_weight: Weight = Field(description="Weight of all sealers.")
    required: Weight = Field(description="Least weight that must agree on a block.")
    live: Weight = Field(description="Weight of the sealers that take part.")
    margin: Integer = Field(description="live - required: the weight that may still be lost.")


class NodeStatus(ObservedPart):
    """One node."""

    name: Text = Field(description="Name of the node within its member.")
    node_id: Annotated[str, Field(max_length=512)] | None = Field(
        default=None, description="The node's id on the chain."
    )
    role: Text | None = Field(default=None, description="The node's role on the chain.")
    weight: Weight | None = Field(default=None, description="The weight of the node's vote.")
    state: Text | None = Field(default=None, description="How the node is doing.")
    certificate_expires: AwareDatetime | None = Field(
        default=None, description="When the node's TLS certificate ends."
    )


class MemberStatus(ObservedPart):
    """One member and its nodes."""

    name: Text = Field(description="Name of the member.")
    nodes: Annotated[
        tuple[NodeStatus, ...],
        Field(max_length=256, json_schema_extra=list_map_of("name")),
        unique(lambda node: node.name),
    ] = Field(default=(), description="The member's nodes.")


class ConsortiumChainStatus(ObservedPart):
    """What the chain is, written by the operator alone."""

    observed_generation: Annotated[Integer, Field(ge=0)] | None = Field(
        default=None, description="The generation of the spec that this status is about."
    )
    conditions: Annotated[
        tuple[Condition, ...],
        Field(max_length=32, json_schema_extra=list_map_of("type")),
        unique(lambda condition: condition.type),
    ] = Field(default=(), description="What is judged about the chain. Ready sums it up.")
    genesis: GenesisStatus | None = Field(
        default=None, description="The genesis that the chain runs."
    )
    quorum: QuorumStatus | None = Field(default=None, description="The vote weights.")
    sealers: Text | None = Field(
        default=None, description="Live sealers and all sealers, such as 3/4."
    )
    member_count: Annotated[Integer, Field(ge=0)] | None = Field(
        default=None, description="How many organisations the chain has."
    )
    height: Annotated[Integer, Field(ge=0)] | None = Field(
        default=None,
        description="The newest block seen, written with another change or every ten minutes.",
    )
    members: Annotated[
        tuple[MemberStatus, ...],
        Field(max_length=128, json_schema_extra=list_map_of("name")),
        unique(lambda member: member.name),
    ] = Field(default=(), description="The members and their nodes.")
