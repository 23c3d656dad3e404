"""`spec.fiscoBcos`: what only this engine knows.

What is "as founded" goes into the genesis or is sealed beside it. The names of the node's own keys
(config.genesis, config.ini) stand in engines/fisco_bcos, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from consortium_operator.api.base import (
    LIST_SET,
    Boolean,
    Integer,
    Part,
    Port,
    ShortText,
    Text,
    list_map_of,
    unique,
)

# Where every node listens for its peers. Not a field: nobody outside the chain dials it.
P2P_PORT = 30300

Version = Annotated[str, Field(min_length=5, max_length=16)]
Address = Annotated[str, Field(min_length=42, max_length=42)]
Percentage = Annotated[Integer, Field(ge=0, le=100)]
FeatureNames = Annotated[
    tuple[ShortText, ...],
    Field(max_length=64, json_schema_extra=LIST_SET),
    unique(str),
]
TlsIds = Annotated[
    tuple[Annotated[str, Field(min_length=128, max_length=514)], ...],
    Field(max_length=256, json_schema_extra=LIST_SET),
    unique(str),
]


class Cryptography(StrEnum):
    """Which algorithms a chain signs, hashes and encrypts with."""

    STANDARD = "Standard"
    SM = "SM"


class ConsensusType(StrEnum):
    """How sealers take turns."""

    PBFT = "PBFT"
    RPBFT = "RPBFT"


class PeersMode(StrEnum):
    """Whom a node accepts as a peer."""

    OPEN = "Open"
    LISTED = "Listed"


class Consensus(Part):
    """The consensus as founded."""

    type: ConsensusType = Field(
        default=ConsensusType.PBFT,
        description="PBFT: every sealer proposes and votes. RPBFT: a rotating part of them does.",
    )
    block_tx_count_limit: Annotated[Integer, Field(ge=1, le=1_000_000)] = Field(
        default=1000, description="Most transactions in one block."
    )
    leader_period: Annotated[Integer, Field(ge=1, le=1_000_000)] = Field(
        default=1,
        description="Blocks that a leader makes before the next one takes over. No node takes "
        "another value than 1 from its genesis.",
    )
    epoch_sealer_num: Annotated[Integer, Field(ge=1, le=256)] = Field(
        default=4, description="RPBFT only: how many sealers are at work in an epoch."
    )
    epoch_block_num: Annotated[Integer, Field(ge=1, le=1_000_000_000)] = Field(
        default=1000, description="RPBFT only: length of an epoch in blocks."
    )


class Genesis(Part):
    """The remaining settings of block 0."""

    compatibility_version: Version | None = Field(
        default=None,
        description=(
            "Data format and behaviour of the chain as founded, X.Y.Z. Default: the newest one "
            "that spec.version knows. Raised later by spec.fiscoBcos.onChain, never here."
        ),
    )
    gas_limit: Annotated[Integer, Field(ge=100_001, le=9_007_199_254_740_991)] = Field(
        default=3_000_000_000,
        description=(
            "Most gas that one transaction may use. The committee needs 700000: that is the least "
            "with executor.authCheck, as it is by default."
        ),
    )
    block_limit: Annotated[Integer, Field(ge=1, le=5000)] = Field(
        default=1000,
        description="For how many blocks a transaction stays valid after it was made.",
    )
    web3_chain_id: Annotated[str, Field(min_length=1, max_length=18)] | None = Field(
        default=None,
        description="The chain id that Ethereum tools see, in digits. Default: 20200.",
    )
    features: FeatureNames = Field(
        default=(), description="Feature flags switched on in block 0. Their order does not matter."
    )


class Executor(Part):
    """How transactions are executed, as founded."""

    wasm: Boolean = Field(
        default=False,
        description="Run WebAssembly contracts. Needs serial: true and authCheck: false.",
    )
    serial: Boolean = Field(
        default=True, description="Execute the transactions of a block one after the other."
    )
    auth_check: Boolean = Field(
        default=True,
        description=(
            "Only governors may change sealers, weights and system settings. With false, whoever "
            "reaches a node's RPC may."
        ),
    )
    auth_admin_account: Address | None = Field(
        default=None,
        description=(
            "The first governor: 0x and 40 hexadecimal digits. Default: an account is generated "
            "and its key kept in the Secret <chain>-admin."
        ),
    )
    version: Annotated[Integer, Field(ge=0, le=1)] | None = Field(
        default=None,
        description=(
            "Version of the executor; 1 needs spec.version 3.15.0. Default: what build_chain.sh of "
            "spec.version writes, or 0 with wasm."
        ),
    )


class Ledger(Part):
    """How a node stores the ledger. A change would corrupt it, so it is sealed at founding."""

    key_page_size: Annotated[Integer, Field(ge=0, le=33_554_432)] | None = Field(
        default=None,
        description=(
            "Bytes of a page of keys in the state; 0 stores each key alone. Default: what "
            "build_chain.sh of spec.version writes."
        ),
    )
    separate_block_state: Boolean = Field(
        default=False,
        description="Keep blocks and state in two databases. Needs spec.version 3.11.0.",
    )


class Governor(Part):
    """A member of the on-chain committee."""

    member: Annotated[str, Field(min_length=1, max_length=30)] | None = Field(
        default=None, description="The organisation that the governor speaks for."
    )
    address: Address = Field(
        description="The governor's account: 0x and 40 hexadecimal digits. Its key in this list."
    )
    weight: Annotated[Integer, Field(ge=1, le=1_000_000)] = Field(
        default=1, description="The weight of the governor's vote."
    )
    secret_name: Text | None = Field(
        default=None,
        description=(
            "Secret with the governor's private key, only where this cluster holds it. The "
            "operator then votes with it for what the spec says."
        ),
    )


class GovernanceRates(Part):
    """When a proposal of the committee passes."""

    participation: Percentage = Field(
        default=0, description="Least share of the committee's weight that must vote, in per cent."
    )
    win: Percentage = Field(
        default=0, description="Least share of the cast weight that must agree, in per cent."
    )


class OnChain(Part):
    """Settings of the running chain. What is absent is left alone."""

    compatibility_version: Version | None = Field(
        default=None,
        description="Raise the chain to this version, X.Y.Z. There is no way back.",
    )
    features: FeatureNames = Field(
        default=(), description="Feature flags to switch on. There is no way back."
    )
    system_config: Annotated[
        Mapping[str, Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=64)
    ] = Field(default={}, description="System settings of the chain: key and wanted value.")


class Rpc(Part):
    """The JSON-RPC endpoint of every node."""

    tls: Boolean = Field(
        default=True,
        description=(
            "Mutual TLS 1.2: a node accepts only client certificates of its own member. With "
            "false, plain HTTP: whoever reaches the port is served, anyone on the way can read "
            "and change what is said, and the operator cannot tell the node from an impostor, "
            "since no key is shown that it could compare with the one on record. For trusted "
            "networks only, and not with executor.authCheck: false. A change restarts the nodes "
            "one by one; each speaks its own kind until its turn."
        ),
    )
    port: Port = Field(default=20200, description="Port of the JSON-RPC endpoint, 1025 to 65535.")


class Web3Rpc(Part):
    """The Ethereum-style endpoint of every node: plain HTTP, no TLS."""

    enabled: Boolean = Field(
        default=False,
        description=(
            "Open the endpoint, on the Services of nodes and members too. It is always plain HTTP "
            "and WebSocket: no node has TLS or client certificates here, so whoever reaches the "
            "port is served. For trusted networks only: networkPolicy.clients says who reaches "
            "it, by default nobody. Needs spec.version 3.9.0, and executor.authCheck: true."
        ),
    )
    port: Port = Field(default=8545, description="Port of the endpoint, 1025 to 65535.")


class Peers(Part):
    """Which nodes may connect as peers."""

    mode: PeersMode = Field(
        default=PeersMode.OPEN,
        description=(
            "Open: any node whose certificate a member's node CA issued. Listed: only the nodes of "
            "this chain and those in allow; then every join costs a restart of all nodes."
        ),
    )
    allow: TlsIds = Field(
        default=(), description="TLS ids of further nodes to accept. Only with mode: Listed."
    )
    deny: TlsIds = Field(default=(), description="TLS ids of nodes to refuse.")


class FiscoBcos(Part):
    """Settings of a FISCO BCOS chain."""

    group_id: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        default="group0",
        description="The chain's group: 1 to 32 letters and digits. Immutable.",
    )
    cryptography: Cryptography = Field(
        default=Cryptography.STANDARD,
        description=(
            "Standard: secp256k1, Keccak-256 and RSA TLS. SM: SM2 and SM3 in the ledger, TLCP "
            "between nodes; clients still speak RSA TLS with its JSON-RPC. Immutable."
        ),
    )
    consensus: Consensus = Field(
        default=Consensus(), description="The consensus as founded. Immutable."
    )
    genesis: Genesis = Field(
        default=Genesis(), description="The remaining settings of block 0, as founded. Immutable."
    )
    executor: Executor = Field(
        default=Executor(), description="How transactions are executed, as founded. Immutable."
    )
    genesis_sha256: Annotated[str, Field(min_length=64, max_length=64)] | None = Field(
        default=None,
        description=(
            "SHA-256 of the only genesis that this resource may run, in hexadecimal. May be added "
            "once and not changed. While it is set no key of a founding node is generated."
        ),
    )
    ledger: Ledger = Field(
        default=Ledger(), description="How nodes store the ledger, as founded. Immutable."
    )
    governors: Annotated[
        tuple[Governor, ...],
        Field(max_length=64, json_schema_extra=list_map_of("address")),
        unique(lambda governor: governor.address),
    ] = Field(
        default=(),
        description=(
            "The on-chain committee. Absent: the account of executor.authAdminAccount stays the "
            "only governor."
        ),
    )
    governance_rates: GovernanceRates = Field(
        default=GovernanceRates(), description="When a proposal of the committee passes."
    )
    on_chain: OnChain = Field(
        default=OnChain(),
        description="Settings of the running chain. Each change is a transaction, read back.",
    )
    rpc: Rpc = Field(default=Rpc(), description="The JSON-RPC endpoint of every node.")
    web3_rpc: Web3Rpc = Field(
        default=Web3Rpc(), description="The Ethereum-style endpoint of every node."
    )
    peers: Peers = Field(default=Peers(), description="Which nodes may connect as peers.")
    config: Annotated[
        Mapping[
            str,
            Annotated[
                Mapping[str, Annotated[str, Field(min_length=1, max_length=512)]],
                Field(max_length=32),
            ],
        ],
        Field(max_length=16),
    ] = Field(
        default={},
        description=(
            "Further keys of the nodes' config.ini: section, key and value (quote numbers). What "
            "the operator itself sets or must not be changed is refused."
        ),
    )
