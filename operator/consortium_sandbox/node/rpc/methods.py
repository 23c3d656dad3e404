"""The methods of the node's JSON-RPC (JsonRpcImpl_2_0.cpp). The node name in params is ignored."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, NoReturn

from consortium_sandbox.node.block import Block
from consortium_sandbox.node.consensus import Consensus
from consortium_sandbox.node.executor import accounts
from consortium_sandbox.node.executor.calls import Place
from consortium_sandbox.node.executor.run import call
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.gateway.service import Gateway
from consortium_sandbox.node.ledger import Ledger
from consortium_sandbox.node.releases import Release
from consortium_sandbox.node.rpc import shapes
from consortium_sandbox.node.rpc.server import NO_SUCH_NODE, Method, Params, RpcError
from consortium_sandbox.node.state import OBSERVER, SEALER, Member
from consortium_sandbox.node.submit import Submitter
from consortium_sandbox.node.suite import Suite
from consortium_sandbox.node.sync import BlockSync
from consortium_sandbox.node.transaction import BadTransaction, decode
from consortium_sandbox.node.txpool import Refused, TransactionPool

NOT_A_SEALER = (1 << 64) - 1
_STORAGE_ERROR = 3008
_OTHER_ERROR = -1


@dataclass(frozen=True)
class Services:
    """What the methods read."""

    ledger: Ledger
    pool: TransactionPool
    consensus: Consensus
    sync: BlockSync
    gateway: Gateway
    submitter: Submitter
    release: Release
    endpoint: str
    return_input: bool


class Methods:
    """`table()` maps names to methods. Once it hangs, some of them never answer."""

    def __init__(self, services: Services) -> None:
        self._s = services
        # What getConsensusStatus goes on answering once the gateway hangs.
        self._frozen_status: str | None = None

    def table(self) -> dict[str, Method]:
        of_group = {
            "call": self._call,
            "getABI": self._code("abi"),
            "getBlockByHash": self._block_by_hash,
            "getBlockByNumber": self._block_by_number,
            "getBlockHashByNumber": self._block_hash,
            "getBlockNumber": self._height,
            "getCode": self._code("code"),
            "getConsensusStatus": self._consensus_status,
            "getNodeListByType": self._nodes_by_type,
            "getObserverList": self._observers,
            "getPbftView": self._view,
            "getPendingTxSize": self._pending,
            "getSealerList": self._sealers,
            "getSyncStatus": self._sync_status,
            "getSystemConfigByKey": self._setting,
            "getTotalTransactionCount": self._counts,
            "getTransaction": self._transaction,
            "getTransactionReceipt": self._receipt,
            "sendTransaction": self._send_transaction,
        }
        methods = {name: self._in_group(name, method) for name, method in of_group.items()}
        return methods | {
            "getGroupInfo": self._group_info,
            "getGroupInfoList": self._group_infos,
            "getGroupList": self._groups,
            "getGroupNodeInfo": self._group_node_info,
            "getGroupPeers": self._group_peers,
            "getPeers": self._peers,
        }

    def _in_group(self, name: str, method: Method) -> Method:
        async def checked(params: Params) -> Any:
            group, node = params.text(0), params.text(1)
            chain = self._s.ledger.genesis.chain
            if group != chain.group_id:
                raise RpcError(
                    NO_SUCH_NODE,
                    "Invalid request for the specified node of doesn't exist or doesn't started!"
                    f",request={name},chain={chain.chain_id},group={group},node={node}",
                )
            return await method(params)

        return checked

    # --- blocks and transactions -------------------------------------------------------------

    async def _height(self, params: Params) -> int:
        return self._s.ledger.height

    async def _block_hash(self, params: Params) -> str:
        # Beyond the chain: no error, just zeros.
        return shapes.hex_text(self._s.ledger.block_hash(params.integer(2)) or bytes(32))

    async def _block_by_number(self, params: Params) -> Any:
        return self._block(params.integer(2), params)

    async def _block_by_hash(self, params: Params) -> Any:
        number = self._s.ledger.block_number(_hash(params.text(2)))
        if number is None:
            _not_found("block")
        return self._block(number, params)

    def _block(self, number: int, params: Params) -> Any:
        block = self._s.ledger.block(number)
        if block is None:
            _not_found("block")
        shape = shapes.header(block, block.hash(self._suite))
        if params.boolean(3):
            return shape
        return shape | {"transactions": self._transactions(block, only_hashes=params.boolean(4))}

    async def _transaction(self, params: Params) -> Any:
        found = self._s.ledger.transaction(_hash(params.text(2)))
        return shapes.transaction(found[0]) if found else _not_found("transaction")

    async def _receipt(self, params: Params) -> Any:
        found = self._s.ledger.transaction(_hash(params.text(2)))
        if found is None:
            _not_found("receipt")
        return shapes.receipt(found[1], found[0], self._suite) | {"transactionProof": None}

    async def _send_transaction(self, params: Params) -> Any:
        await self._maybe_hang()
        try:
            transaction = decode(_bytes(params.text(2)), self._suite)
        except (BadTransaction, ValueError) as error:
            raise _thrown("std::runtime_error", str(error)) from error
        if transaction.data.chain_id != self._s.ledger.genesis.chain.chain_id:
            raise _thrown("bcos::rpc::JsonRpcException", "Chain ID mismatch!")
        try:
            receipt, made_up = await self._s.submitter.submit(transaction)
        except Refused as error:
            raise RpcError(error.code, error.text) from error
        shape = shapes.receipt(receipt, transaction, self._suite, made_up=made_up)
        if not self._s.return_input:
            del shape["input"], shape["extraData"]
        return shape

    async def _call(self, params: Params) -> Any:
        ledger = self._s.ledger
        place = Place(ledger.rules, ledger.height)
        receipt = call(ledger.state(), place, "", params.text(2), _bytes(params.text(3)))
        return {
            "blockNumber": ledger.height,
            "output": shapes.hex_text(receipt.output),
            "status": receipt.status,
        }

    def _code(self, table: str) -> Method:
        async def read(params: Params) -> str:
            ledger, address = self._s.ledger, params.text(2).lower().removeprefix("0x")
            state, place = ledger.state(), Place(ledger.rules, ledger.height)
            found = state.get(f"{table}/{accounts.name(state, place, address)}") or ""
            return f"0x{found}" if table == "code" and found else found

        return read

    async def _counts(self, params: Params) -> Any:
        ledger = self._s.ledger
        return {
            "blockNumber": ledger.height,
            "failedTransactionCount": ledger.counts.failed,
            "transactionCount": ledger.counts.transactions,
        }

    # --- members, settings and consensus -----------------------------------------------------

    async def _sealers(self, params: Params) -> Any:
        return self._list(SEALER)

    async def _nodes_by_type(self, params: Params) -> Any:
        return self._list(params.text(2))

    def _list(self, kind: str) -> list[Any]:
        members = self._s.ledger.state().members()
        return [shapes.sealer(member, self._s.release) for member in members if member.kind == kind]

    async def _observers(self, params: Params) -> Any:
        members = self._s.ledger.state().members()
        return [member.node_id for member in members if member.kind == OBSERVER]

    async def _setting(self, params: Params) -> Any:
        key = params.text(2)
        found = self._s.ledger.state().setting(key)
        if found is None:
            raise RpcError(_STORAGE_ERROR, f"Entry: {key} does not exists!")
        return {"blockNumber": found.since, "value": found.value}

    async def _view(self, params: Params) -> int:
        return self._s.consensus.view

    async def _pending(self, params: Params) -> int:
        return len(self._s.pool)

    async def _consensus_status(self, params: Params) -> str:
        return self._frozen_status or self._status(timed_out=self._s.consensus.timed_out)

    @property
    def hangs(self) -> bool:
        return self._frozen_status is not None

    def hang(self) -> None:
        """As seen where the gateway deadlocked: old values, timeout false, everybody connected."""
        self._frozen_status = self._status(timed_out=False)

    def _status(self, *, timed_out: bool) -> str:
        ledger, consensus, gateway = self._s.ledger, self._s.consensus, self._s.gateway
        committee, node_id = ledger.committee, gateway.identity.node_id
        index = committee.index(node_id)
        status = {
            "blockNumber": ledger.height,
            "changeCycle": consensus.change_cycle,
            "connectedNodeList": len(gateway.table.reachable()) + 1,
            "consensusNodeList": [
                {"index": i} | shapes.sealer(member, self._s.release)
                for i, member in enumerate(self._voters())
            ],
            "consensusNodesNum": len(committee.sealers),
            "hash": ledger.head_hash.hex(),
            "index": NOT_A_SEALER if index is None else index,
            "isConsensusNode": index is not None,
            "leaderIndex": committee.leader_index(ledger.height + 1, consensus.view),
            "maxFaultyQuorum": committee.faulty,
            "minRequiredQuorum": committee.quorum,
            "nodeID": node_id,
            "timeout": timed_out,
            "view": consensus.view,
        }
        return shapes.fast_writer(status)

    async def _sync_status(self, params: Params) -> str:
        ledger, sync = self._s.ledger, self._s.sync
        status = {
            "archivedBlockNumber": 0,
            "blockNumber": ledger.height,
            "genesisHash": ledger.genesis_hash.hex(),
            "isSyncing": sync.is_syncing,
            "knownHighestNumber": sync.known_highest,
            "knownLatestHash": sync.known_hash,
            "latestHash": ledger.head_hash.hex(),
            "nodeID": self._s.gateway.identity.node_id,
            "peers": [
                {
                    "archivedBlockNumber": 0,
                    "blockNumber": peer.number,
                    "genesisHash": peer.genesis_hash,
                    "latestHash": peer.hash,
                    "nodeID": node_id,
                }
                for node_id, peer in sorted(sync.peers.items())
            ],
        }
        return shapes.fast_writer(status)

    # --- groups and peers --------------------------------------------------------------------

    async def _groups(self, params: Params) -> Any:
        return {"code": 0, "groupList": [self._group], "msg": "success"}

    async def _group_info(self, params: Params) -> Any:
        return self._info() if params.text(0) == self._group else None

    async def _group_infos(self, params: Params) -> Any:
        return [self._info()]

    async def _group_node_info(self, params: Params) -> Any:
        node_id = self._s.gateway.identity.node_id
        if (params.text(0), params.text(1)) != (self._group, node_id):
            return None
        return self._info()["nodeList"][0]

    def _info(self) -> Any:
        ledger = self._s.ledger
        node_id = self._s.gateway.identity.node_id
        return shapes.group_info(
            ledger.genesis, node_id, self._s.release, ledger.state().compatibility()
        )

    async def _group_peers(self, params: Params) -> Any:
        await self._maybe_hang()
        gateway = self._s.gateway
        if params.text(0) != self._group:
            return []
        return sorted(gateway.table.reachable() | {gateway.identity.node_id})

    async def _peers(self, params: Params) -> Any:
        await self._maybe_hang()
        gateway = self._s.gateway
        own = {self._group: [gateway.identity.node_id]}
        direct = [
            shapes.gateway_info(shapes.raw_p2p_id(s.p2p_id, self._suite), s.nodes, s.endpoint_text)
            for s in gateway.sessions()
        ]
        indirect = [
            shapes.gateway_info(p2p_id, neighbour.nodes, None)
            for p2p_id, neighbour in sorted(gateway.table.indirect().items())
        ]
        info = shapes.gateway_info(gateway.identity.p2p_id, own, self._s.endpoint)
        return info | {"peers": direct + indirect}

    def _voters(self) -> list[Member]:
        members = {member.node_id: member for member in self._s.ledger.members}
        return [members[sealer.node_id] for sealer in self._s.ledger.committee.sealers]

    def _transactions(self, block: Block, *, only_hashes: bool) -> list[Any]:
        transactions = [decode(raw, self._suite) for raw in block.transactions]
        if only_hashes:
            return [shapes.hex_text(transaction.hash) for transaction in transactions]
        return [shapes.transaction(transaction) for transaction in transactions]

    @property
    def _suite(self) -> Suite:
        return self._s.ledger.rules.suite

    @property
    def _group(self) -> str:
        return self._s.ledger.genesis.chain.group_id

    async def _maybe_hang(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()


def _bytes(text: str) -> bytes:
    """Raises ValueError; the node wants an even, non-empty hex string with or without 0x."""
    if not text or len(text) % 2:
        raise ValueError("Unexpect hex string")
    return bytes.fromhex(text.removeprefix("0x"))


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return b""


def _thrown(kind: str, text: str) -> RpcError:
    """What the node makes of an exception while it handles a transaction: code -1."""
    return RpcError(_OTHER_ERROR, StartFailed(text, kind=kind).diagnostic())


def _not_found(what: str) -> NoReturn:
    raise RpcError(_STORAGE_ERROR, f"Entry: {what} does not exists!")
