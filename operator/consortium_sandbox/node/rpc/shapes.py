"""The JSON shapes of answers, key by key as real nodes send them."""

from __future__ import annotations

import json
from typing import Any

from consortium_sandbox.node.block import Block, Receipt
from consortium_sandbox.node.genesis import Genesis
from consortium_sandbox.node.releases import Release
from consortium_sandbox.node.speech import STAND_IN
from consortium_sandbox.node.state import Member
from consortium_sandbox.node.suite import Suite
from consortium_sandbox.node.transaction import Transaction

_NO_ROOT = bytes(32)
_SERVICES = (
    ("LedgerServiceObj", 2),
    ("SchedulerServiceObj", 3),
    ("FrontServiceObj", 4),
    ("", 6),
    ("", 7),
    ("TxPoolServiceObj", 8),
)

Json = dict[str, Any]


def hex_text(data: bytes) -> str:
    return "0x" + data.hex()


def fast_writer(document: Any) -> str:
    """JSON inside a string, as jsoncpp's FastWriter ends it: with a newline."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"


def sealer(member: Member, release: Release) -> Json:
    shape: Json = {"nodeID": member.node_id, "weight": member.weight}
    return shape | ({"termWeight": member.term_weight} if release.has_term_weights else {})


def header(block: Block, block_hash: bytes) -> Json:
    head = block.header
    parents = [] if head.parent is None else [_parent(head.number - 1, head.parent)]
    index = {node_id: i for i, node_id in enumerate(head.sealer_list)}
    return {
        "consensusWeights": list(head.weights),
        "extraData": hex_text(head.extra_data),
        "gasUsed": head.gas_used or "0",
        "hash": hex_text(block_hash),
        "number": head.number,
        "parentInfo": parents,
        "receiptsRoot": hex_text(head.receipts_root or _NO_ROOT),
        "sealer": head.sealer,
        "sealerList": [f"0x{node_id}" for node_id in head.sealer_list],
        "signatureList": [
            {"sealerIndex": index[node_id], "signature": hex_text(signature)}
            for node_id, signature in block.seal.signatures
            if node_id in index
        ],
        "stateRoot": hex_text(head.state_root or _NO_ROOT),
        "timestamp": head.timestamp,
        "txsRoot": hex_text(head.txs_root or _NO_ROOT),
        "version": head.version,
    }


def _parent(number: int, block_hash: bytes) -> Json:
    return {"blockHash": hex_text(block_hash), "blockNumber": number}


def transaction(transaction: Transaction) -> Json:
    data = transaction.data
    shape: Json = {
        "abi": data.abi,
        "blockLimit": data.block_limit,
        "chainID": data.chain_id,
        "extraData": transaction.extra_data,
        "from": transaction.sender_text,
        "groupID": data.group_id,
        "hash": hex_text(transaction.hash),
        "importTime": 0,
        "input": hex_text(data.input),
        # The node writes the nonce's characters in hex.
        "nonce": data.nonce.encode().hex(),
        "signature": hex_text(transaction.signature),
        "to": data.to,
        "version": data.version,
    }
    if data.version >= 1:
        shape |= {
            "gasLimit": data.gas_limit,
            "gasPrice": data.gas_price,
            "maxFeePerGas": data.max_fee_per_gas,
            "maxPriorityFeePerGas": data.max_priority_fee_per_gas,
            "value": data.value,
        }
    return shape


def receipt(
    receipt: Receipt, transaction: Transaction, suite: Suite, *, made_up: bool = False
) -> Json:
    """`made_up` is what an observer answers before anything has happened."""
    address = receipt.contract_address
    return {
        "blockNumber": receipt.block_number,
        "checksumContractAddress": checksum_address(address, suite) if address else "",
        "contractAddress": f"0x{address}" if address else "",
        "extraData": transaction.extra_data,
        "from": transaction.sender_text,
        "gasUsed": receipt.gas_used,
        "hash": "0x" if made_up else hex_text(receipt.hash(suite)),
        "input": hex_text(transaction.data.input),
        "logEntries": [
            {
                "address": log.address,
                "data": hex_text(log.data),
                "topics": [hex_text(topic) for topic in log.topics],
            }
            for log in receipt.logs
        ],
        "message": receipt.message,
        "output": hex_text(receipt.output),
        "status": receipt.status,
        "to": transaction.data.to,
        "transactionHash": hex_text(transaction.hash),
        "version": receipt.version,
    }


def checksum_address(address: str, suite: Suite) -> str:
    """Mixed case by EIP-55, with 0x; on an SM chain by SM3."""
    digest = suite.hash(address.encode()).hex()
    letters = (
        letter.upper() if int(digit, 16) >= 8 else letter
        for letter, digit in zip(address, digest, strict=False)
    )
    return "0x" + "".join(letters)


def group_info(genesis: Genesis, node_id: str, release: Release, compatibility: int) -> Json:
    chain = genesis.chain
    config = {
        "blockTxCountLimit": genesis.tx_count_limit,
        "consensusLeaderPeriod": 1,
        "consensusType": genesis.consensus_type,
        "sealerList": [{"nodeID": s.node_id, "weight": s.weight} for s in genesis.sealers],
        "txGasLimit": genesis.gas_limit,
    }
    return {
        "chainID": chain.chain_id,
        "genesisConfig": fast_writer(config),
        "groupID": chain.group_id,
        "iniConfig": "",
        "nodeList": [node_info(genesis, node_id, release, compatibility)],
    }


def node_info(genesis: Genesis, node_id: str, release: Release, compatibility: int) -> Json:
    chain, executor = genesis.chain, genesis.executor
    config = {
        "binaryInfo": {
            "buildTime": STAND_IN,
            "gitCommitHash": STAND_IN,
            "platform": STAND_IN,
            "version": release.tag,
        },
        "chainID": chain.chain_id,
        "gatewayServiceName": "",
        "groupID": chain.group_id,
        "isAuthCheck": executor.auth_check,
        "isSerialExecute": executor.serial,
        "isWasm": executor.wasm,
        "nodeID": node_id,
        "nodeName": node_id,
        "rpcServiceName": "",
        "smCryptoType": chain.sm_crypto,
    }
    shape: Json = {
        "featureKeys": list(release.flags),
        "iniConfig": fast_writer(config),
        "microService": False,
        "name": node_id,
        "nodeID": node_id,
        "protocol": {
            "compatibilityVersion": compatibility,
            "maxSupportedVersion": 2,
            "minSupportedVersion": 0,
        },
        "serviceInfo": [{"serviceName": name, "type": kind} for name, kind in _SERVICES],
        "type": int(chain.sm_crypto),
    }
    return shape | ({"supportConfigs": list(release.configs)} if release.configs else {})


def gateway_info(p2p_id: str, nodes: dict[str, list[str]], endpoint: str | None) -> Json:
    """`endpoint` is None for a node that is reached only through another."""
    groups = [{"group": group, "nodeIDList": ids} for group, ids in sorted(nodes.items())]
    shape: Json = {"groupNodeIDInfo": groups, "p2pNodeID": p2p_id}
    return shape | ({"endPoint": endpoint} if endpoint else {})


def raw_p2p_id(p2p_id: str, suite: Suite) -> str:
    """What a node shows as p2pNodeID of a directly linked peer: 32 raw bytes of a digest."""
    return suite.hash(p2p_id.encode()).decode("utf-8", "surrogateescape")
