"""Every key of config.genesis that a node reads, and the one more that build_chain.sh writes.

Source: NodeConfig.cpp (loadGenesisConfig and what it calls). Which of them block 0 holds is in
block0.py, where the values come from in genesis.py.
"""

from consortium_operator.engines.fisco_bcos.key_table import (
    INT32_MAX,
    INT64_MAX,
    UINT32_MAX,
    Boolean,
    Changed,
    Choice,
    Integer,
    Key,
    Section,
    Table,
    Text,
)
from consortium_operator.engines.fisco_bcos.version_number import EXECUTOR_VERSIONS, WEB3

_ALPHANUMERIC = Text(r"[A-Za-z0-9]+", "must be letters and digits only")
_BOOLEAN = Boolean()

GENESIS_KEYS = Table(
    (
        Section(
            "chain",
            (
                Key("sm_crypto", _BOOLEAN, code="false", build_chain="false"),
                # The node does not check group_id, but the names that SDKs make of it are.
                Key("group_id", _ALPHANUMERIC, code="group", build_chain="group0"),
                Key("chain_id", _ALPHANUMERIC, code="chain", build_chain="chain0"),
                # Not in build_chain.sh's file, and not in block 0.
                Key("block_limit", Integer(1, 5000), code="1000"),
            ),
        ),
        Section(
            "web3",
            (
                Key(
                    "chain_id",
                    Text(r"[0-9]+", "must be digits"),
                    code="0",
                    build_chain="20200",
                    since=WEB3,
                ),
            ),
        ),
        Section(
            "consensus",
            (
                Key("consensus_type", Choice(("pbft", "rpbft")), code="pbft", build_chain="pbft"),
                Key("block_tx_count_limit", Integer(1, INT64_MAX), code="1000", build_chain="1000"),
                # No version reads it: 3000 ms is a constant there.
                Key("consensus_timeout", Integer(3000), code="3000", build_chain="3000"),
                Key("leader_period", Integer(1, INT64_MAX), code="1", build_chain="1"),
                Key("epoch_sealer_num", Integer(0, UINT32_MAX), code="4", build_chain="4"),
                Key("epoch_block_num", Integer(0, UINT32_MAX), code="1000", build_chain="1000"),
                Key(
                    "node.*",
                    Text(
                        r"[0-9a-f]{128}: [1-9][0-9]*",
                        "must be 128 lower-case hexadecimal digits, a colon and a weight",
                    ),
                    code=None,
                    suffix=Integer(),
                ),
            ),
        ),
        Section(
            "version",
            (
                Key(
                    "compatibility_version",
                    Text(r"[0-9]+[.][0-9]+([.][0-9]+)?", "must be X.Y.Z"),
                    code="3.0.0-rc4",
                    # Not always the tag's own; ours is, unless the resource names one.
                    build_chain=Changed(
                        ("3.6.0", "3.6.0"),
                        ("3.7.0", "3.7.0"),
                        ("3.7.1", "3.7.1"),
                        ("3.7.2", "3.7.2"),
                        ("3.7.3", "3.7.3"),
                        ("3.8.0", "3.8.0"),
                        ("3.9.0", "3.9.0"),
                        ("3.10.0", "3.10.0"),
                        ("3.10.2", "3.10.2"),
                        ("3.11.0", "3.11.0"),
                        ("3.12.0", "3.12.0"),
                        ("3.12.1", "3.12.1"),
                        ("3.12.2", "3.12.2"),
                        ("3.15.0", "3.15.0"),
                        ("3.15.1", "3.15.1"),
                        ("3.15.3", "3.15.2"),
                        ("3.16.0", "3.16.0"),
                    ),
                ),
            ),
        ),
        Section(
            "tx",
            (
                Key(
                    "gas_limit",
                    Integer(100_001, INT64_MAX),
                    code="3000000000",
                    build_chain="3000000000",
                ),
            ),
        ),
        Section(
            "executor",
            (
                Key("is_wasm", _BOOLEAN, code="false", build_chain="false"),
                Key("is_auth_check", _BOOLEAN, code="false", build_chain="false"),
                # build_chain.sh generates one even with the check off: without an account a node
                # does not start.
                Key(
                    "auth_admin_account",
                    Text(r"0x[0-9a-fA-F]{40}", "must be 0x and 40 hexadecimal digits"),
                    code="",
                ),
                Key("is_serial_execute", _BOOLEAN, code="false", build_chain="true"),
                Key(
                    "version",
                    Integer(0, INT32_MAX),
                    code="0",
                    build_chain=Changed(("3.15.0", "0"), ("3.15.3", "1")),
                    since=EXECUTOR_VERSIONS,
                ),
            ),
        ),
        Section(
            "features",
            (Key("*", _BOOLEAN, code=None),),
        ),
    )
)
