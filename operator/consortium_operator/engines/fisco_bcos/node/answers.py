"""The shapes of a node's answers, as far as the operator reads them.

Some methods return a string that holds JSON (JsonRpcImpl_2_0.cpp); `Json` takes it apart.

Everything is bounded, since whoever edits a chain chooses the image of its nodes: a number that no
other program can hold would take the metrics of all chains along, and long lists the operator's
memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    TypeAdapter,
)

from consortium_operator.chain.view import NodeView
from consortium_operator.engines.fisco_bcos.governance import outcomes

_T = TypeVar("_T")

# Of 64 bits, as the node and the API server count.
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
# The weight of a thousand sealers together stays below 2**63.
Weight = Annotated[int, Field(ge=0, lt=2**53)]
# A node id has 128 characters, a hash 66.
Word = Annotated[str, Field(max_length=256)]
# A chain has at most 256 nodes of ours; others may have added some.
Bounded = Annotated[list[_T], Field(max_length=1024)]
# The genesis of 256 nodes has 35,000 characters, and in hex twice as many.
_TEXT_LIMIT = 1 << 18


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Voter(_Answer):
    """One entry of the list that leaders are counted in."""

    index: Number
    node_id: Word = Field(alias="nodeID")


class ConsensusStatus(_Answer):
    """getConsensusStatus."""

    leader_index: Number = Field(alias="leaderIndex")
    view: Number
    voters: Bounded[Voter] = Field(alias="consensusNodeList")

    @property
    def leader(self) -> str:
        """Its node id; none where the list lacks it."""
        leaders = (one.node_id for one in self.voters if one.index == self.leader_index)
        return next(leaders, "")


class SyncPeer(_Answer):
    node_id: Word = Field(alias="nodeID")


class SyncStatus(_Answer):
    """getSyncStatus. Height and hash are of one moment, which two methods would not be."""

    node_id: Word = Field(alias="nodeID")
    height: Number = Field(alias="blockNumber")
    latest_hash: Word = Field(alias="latestHash")
    genesis_hash: Word = Field(alias="genesisHash")
    peers: Bounded[SyncPeer]

    @property
    def peer_ids(self) -> frozenset[str]:
        return frozenset(peer.node_id for peer in self.peers)


class Sealer(_Answer):
    """One entry of getSealerList, or of getNodeListByType for sealers."""

    node_id: Word = Field(alias="nodeID")
    weight: Weight


class Peers(_Answer):
    """getPeers. Only that it is answered counts."""

    peers: list[object]


def _text_of(data: str) -> str:
    return bytes.fromhex(data.removeprefix("0x")).decode(errors="replace")


class Block0(_Answer):
    """getBlockByNumber of 0. `text` is the genesis as the node has it."""

    hash: Word
    text: Annotated[str, Field(max_length=_TEXT_LIMIT), AfterValidator(_text_of)] = Field(
        alias="extraData"
    )


class Binary(_Answer):
    version: Annotated[str, Field(max_length=64)]


class NodeInfo(_Answer):
    binary: Binary = Field(alias="binaryInfo")


class GroupNode(_Answer):
    info: Json[NodeInfo] = Field(alias="iniConfig")


class GroupInfo(_Answer):
    """getGroupInfo. An Air node knows one node of its group: itself."""

    nodes: Annotated[list[GroupNode], Field(min_length=1, alias="nodeList")]

    @property
    def version(self) -> str:
        return self.nodes[0].info.binary.version


class ChainNode(_Answer):
    """What a node says of the chain that it runs. `sm`: on SM2 and SM3."""

    chain_id: str = Field(alias="chainID")
    group_id: str = Field(alias="groupID")
    sm: bool = Field(alias="smCryptoType")


class GroupNodeOfChain(_Answer):
    info: Json[ChainNode] = Field(alias="iniConfig")


class GroupOfChain(_Answer):
    """getGroupInfo, for somebody who does not know the chain yet."""

    nodes: Annotated[list[GroupNodeOfChain], Field(min_length=1, alias="nodeList")]


class Groups(_Answer):
    """getGroupList."""

    names: Annotated[list[str], Field(min_length=1, alias="groupList")]


def _bytes_of(data: object) -> bytes:
    if not isinstance(data, str):
        raise ValueError("no hex text")
    return bytes.fromhex(data.removeprefix("0x"))


Hex = Annotated[bytes, BeforeValidator(_bytes_of)]


class LogEntry(_Answer):
    topics: list[Hex]
    data: Hex


class BlockTransaction(_Answer):
    to: str
    content: Hex = Field(alias="input")
    hash: str


class Block(_Answer):
    """getBlockByNumber, with whole transactions."""

    transactions: list[BlockTransaction]


class Receipt(_Answer):
    """sendTransaction. An observer makes one up, with block 0."""

    block_number: Number = Field(alias="blockNumber")
    status: Number
    output: Hex
    message: str
    logs: list[LogEntry] = Field(alias="logEntries")

    def read(self) -> outcomes.Receipt:
        return outcomes.Receipt(
            block_number=self.block_number,
            status=self.status,
            output=self.output,
            message=self.message,
            logs=tuple(outcomes.Log(tuple(log.topics), log.data) for log in self.logs),
        )


class Called(_Answer):
    """call, where a contract is asked without a transaction; the same of getTransactionReceipt."""

    status: int
    output: Hex


class Setting(_Answer):
    """getSystemConfigByKey."""

    value: Word


HEIGHT: TypeAdapter[int] = TypeAdapter(Number)
PENDING: TypeAdapter[int] = TypeAdapter(Number)
"""getPendingTxSize."""
CONSENSUS_STATUS: TypeAdapter[ConsensusStatus] = TypeAdapter(Json[ConsensusStatus])
SYNC_STATUS: TypeAdapter[SyncStatus] = TypeAdapter(Json[SyncStatus])
SEALERS: TypeAdapter[list[Sealer]] = TypeAdapter(Bounded[Sealer])
PEERS: TypeAdapter[Peers] = TypeAdapter(Peers)
BLOCK_0: TypeAdapter[Block0] = TypeAdapter(Block0)
BLOCK: TypeAdapter[Block] = TypeAdapter(Block)
GROUP_INFO: TypeAdapter[GroupInfo] = TypeAdapter(GroupInfo)
GROUP_OF_CHAIN: TypeAdapter[GroupOfChain] = TypeAdapter(GroupOfChain)
GROUPS: TypeAdapter[Groups] = TypeAdapter(Groups)
RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)
HASH: TypeAdapter[str] = TypeAdapter(
    Annotated[Word, AfterValidator(lambda found: found.removeprefix("0x"))]
)
"""Zeros where the node has no such block."""
OBSERVERS: TypeAdapter[list[str]] = TypeAdapter(Bounded[Word])
CALLED: TypeAdapter[Called] = TypeAdapter(Called)
SETTING: TypeAdapter[Setting] = TypeAdapter(Setting)


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that a node was asked in one round."""

    consensus: ConsensusStatus
    sync: SyncStatus
    marks: Mapping[int, str]
    sealers: list[Sealer]
    candidates: list[Sealer]
    observers: list[str]
    block_0: Block0
    group: GroupInfo
    pending: int

    def view(self, node: str) -> NodeView:
        return NodeView(
            node=node,
            node_id=self.sync.node_id,
            height=self.sync.height,
            latest_hash=self.sync.latest_hash,
            marks=self.marks,
            genesis_hash=self.sync.genesis_hash,
            block0_text=self.block_0.text,
            block0_hash=self.block_0.hash,
            version=self.group.version,
            leader=self.consensus.leader,
            view=self.consensus.view,
            pending=self.pending,
            peers=self.sync.peer_ids,
            sealers={sealer.node_id: sealer.weight for sealer in self.sealers},
            candidates={sealer.node_id: sealer.weight for sealer in self.candidates},
            observers=frozenset(self.observers),
        )
