"""What config.ini means to a node, and which values in it stop the process.

Every check carries the text of the real node, because people search for it. Keys that nothing here
depends on are read only where a bad value of theirs would stop a real node.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from consortium_sandbox.node.failure import StartFailed, invalid_parameter, runtime_error
from consortium_sandbox.node.flow_control import check_flow_control
from consortium_sandbox.node.ini import Tree

_LOG_LEVELS = ("trace", "debug", "info", "warning", "error", "fatal")
_KMS_TYPES = ("legacy", "bcoskms", "cloudkms", "hsm")
_MAX_SEAL_TIME_MS = 600_000
_MIN_CONSENSUS_TIME_MS = 3_000
_MIN_PIPELINE = 50


@dataclass(frozen=True)
class LogSettings:
    """[log]; `path` is not used while the console is."""

    enabled: bool
    console: bool
    path: str
    level: str


@dataclass(frozen=True)
class CertificateFiles:
    """[cert]; paths as the node opens them. `trust_directory` serves P2P only."""

    ca: str
    certificate: str
    key: str
    trust_directory: str


@dataclass(frozen=True)
class SmCertificateFiles:
    """[cert], what an SM node reads between nodes: a pair of certificates, to sign and encrypt."""

    ca: str
    certificate: str
    key: str
    encryption_certificate: str
    encryption_key: str
    trust_directory: str


@dataclass(frozen=True)
class P2pSettings:
    """[p2p] and the two certificate lists."""

    listen_ip: str
    listen_port: int
    nodes_file: str
    sm_tls: bool
    verify: bool
    routing: bool
    deny: frozenset[str]
    allow: frozenset[str] | None


@dataclass(frozen=True)
class RpcSettings:
    """[rpc]"""

    listen_ip: str
    listen_port: int
    tls: bool
    sm_tls: bool
    return_input: bool


@dataclass(frozen=True)
class Web3Settings:
    """[web3_rpc]: always plain."""

    enabled: bool
    listen_ip: str
    listen_port: int
    batch_limit: int


@dataclass(frozen=True)
class StorageSettings:
    """[storage]; the state, the blocks and the votes each live in a directory of their own."""

    state_path: str
    block_path: str
    vote_path: str


@dataclass(frozen=True)
class PoolSettings:
    """[txpool] and what [sync] and [consensus] say about transactions. Times in seconds."""

    limit: int
    check_block_limit: bool
    from_free_node: bool
    min_seal_time: float


@dataclass(frozen=True)
class NodeSettings:
    """What NodeConfig::loadConfig takes from config.ini."""

    certificates: CertificateFiles
    sm_certificates: SmCertificateFiles
    rpc: RpcSettings
    web3: Web3Settings
    storage: StorageSettings
    pool: PoolSettings
    key_path: str
    key_center_url: str | None
    serve_free_nodes: bool


def log_settings(tree: Tree) -> LogSettings:
    """[log] (BoostLogInitializer.cpp), the first section a node looks at."""
    rotate = tree.text("log.rotate_time_point", "0:0:0")
    if len(rotate.split(":")) != 3:
        raise runtime_error(
            f"log.rotate_time_point must be in format of HH:MM:SS, current is {rotate}"
        )
    if tree.unsigned("log.max_log_file_size", 1024, bits=64) < 100:
        raise runtime_error("log.max_log_file_size must be greater than 100M")
    level = tree.text("log.level", "info").lower()
    return LogSettings(
        enabled=tree.boolean("log.enable", True),
        console=tree.boolean("log.enable_console_output", False),
        path=tree.text("log.log_path", "log"),
        level=level if level in _LOG_LEVELS else "info",
    )


def node_settings(tree: Tree, group_id: str) -> NodeSettings:
    """Everything but [log] and [p2p] (NodeConfig.cpp), checked in the node's order."""
    certificates, rpc = certificate_files(tree), _rpc(tree)
    min_seal_time = _min_seal_time(tree)
    pool = _pool(tree, min_seal_time)
    _check_security(tree)
    key_center_url = _key_center_url(tree)
    _check_failover(tree)
    storage = _storage(tree, group_id)
    _check_consensus(tree)
    _check_sync(tree)
    return NodeSettings(
        certificates=certificates,
        sm_certificates=sm_certificate_files(tree),
        rpc=rpc,
        web3=_web3(tree),
        storage=storage,
        pool=pool,
        key_path=tree.text("security.private_key_path", "node.pem"),
        key_center_url=key_center_url,
        serve_free_nodes=tree.boolean("sync.allow_free_node", False),
    )


def certificate_files(tree: Tree) -> CertificateFiles:
    """[cert]"""
    base = tree.text("cert.ca_path", "./")
    return CertificateFiles(
        ca=f"{base}/{tree.text('cert.ca_cert', 'ca.crt')}",
        certificate=f"{base}/{tree.text('cert.node_cert', 'ssl.crt')}",
        key=f"{base}/{tree.text('cert.node_key', 'ssl.key')}",
        trust_directory=f"{base}/{tree.text('cert.multi_ca_path', 'multiCaPath')}",
    )


def sm_certificate_files(tree: Tree) -> SmCertificateFiles:
    """[cert], the sm_ keys"""
    base = tree.text("cert.ca_path", "./")
    return SmCertificateFiles(
        ca=f"{base}/{tree.text('cert.sm_ca_cert', 'sm_ca.crt')}",
        certificate=f"{base}/{tree.text('cert.sm_node_cert', 'sm_ssl.crt')}",
        key=f"{base}/{tree.text('cert.sm_node_key', 'sm_ssl.key')}",
        encryption_certificate=f"{base}/{tree.text('cert.sm_ennode_cert', 'sm_enssl.crt')}",
        encryption_key=f"{base}/{tree.text('cert.sm_ennode_key', 'sm_enssl.key')}",
        trust_directory=f"{base}/{tree.text('cert.multi_ca_path', 'multiCaPath')}",
    )


def p2p_settings(tree: Tree) -> P2pSettings:
    """[p2p] (GatewayConfig.cpp); ports up to 1024 stop the node."""
    try:
        return _p2p(tree)
    except StartFailed as error:
        # The gateway wraps what it throws; the line with the reason is still a line of its own.
        raise invalid_parameter(
            f"initConfig: currentPath:{os.getcwd()} ,message:{error.diagnostic()}"
        ) from error


def _p2p(tree: Tree) -> P2pSettings:
    port = tree.integer("p2p.listen_port", 30300)
    if not 1024 < port <= 65535:
        raise invalid_parameter(f"initP2PConfig: invalid listen port, port={port}")
    largest = tree.unsigned("p2p.allow_max_msg_size", 32 * 1024 * 1024)
    if tree.unsigned("p2p.session_recv_buffer_size", 2 * largest) < 2 * largest:
        raise invalid_parameter(
            "initP2PConfig: invalid p2p.allow_max_msg_size and p2p.session_recv_buffer_size "
            "config items, p2p.session_recv_buffer_size must greater equal"
            "than 2 * p2p.allow_max_msg_size"
        )
    directory = tree.text("p2p.nodes_path", "./")
    deny, allow = certificate_lists(tree)
    check_flow_control(tree)
    return P2pSettings(
        listen_ip=tree.text("p2p.listen_ip", "0.0.0.0"),
        listen_port=port,
        nodes_file=f"{directory}/{tree.text('p2p.nodes_file', 'nodes.json')}",
        sm_tls=tree.boolean("p2p.sm_ssl", False),
        verify=tree.boolean("p2p.enable_ssl_verify", True),
        routing=tree.boolean("p2p.enable_rip_protocol", True),
        deny=deny,
        allow=allow,
    )


def certificate_lists(tree: Tree) -> tuple[frozenset[str], frozenset[str] | None]:
    """The black and the white list, as upper-case RSA moduli or SM2 points.

    An entry that is not 512 hex digits (SM: 128) is ignored (GatewayConfig.cpp:1005); a white list
    without a valid entry is off (None), not empty.
    """
    deny = _identities(tree, "certificate_blacklist", "crl")
    allow = _identities(tree, "certificate_whitelist", "cal")
    return deny, allow or None


def _identities(tree: Tree, section: str, old_name: str) -> frozenset[str]:
    name = section if tree.has_section(section) else old_name
    entries = (
        value.upper().removeprefix("0X")
        for key, value in tree.section(name).items()
        if key.startswith(f"{old_name}.")
    )
    size = 128 if tree.boolean("p2p.sm_ssl", False) else 512
    return frozenset(entry for entry in entries if re.fullmatch(f"[0-9A-F]{{{size}}}", entry))


def _rpc(tree: Tree) -> RpcSettings:
    plain = tree.boolean("rpc.disable_ssl", False)
    enable = tree.optional_boolean("rpc.enable_ssl")
    if enable is not None:
        plain = not enable
    return RpcSettings(
        listen_ip=tree.text("rpc.listen_ip", "0.0.0.0"),
        listen_port=tree.integer("rpc.listen_port", 20200),
        tls=not plain,
        sm_tls=tree.boolean("rpc.sm_ssl", False),
        return_input=tree.boolean("rpc.return_input_params", True),
    )


def _web3(tree: Tree) -> Web3Settings:
    return Web3Settings(
        enabled=tree.boolean("web3_rpc.enable", False),
        listen_ip=tree.text("web3_rpc.listen_ip", "127.0.0.1"),
        listen_port=tree.integer("web3_rpc.listen_port", 8545),
        batch_limit=tree.unsigned("web3_rpc.batch_request_size_limit", 8),
    )


def check_rpc_port(port: int) -> None:
    """WsInitializer.cpp: only when the RPC service is built, late in the start."""
    if not 1024 < port <= 65535:
        raise invalid_parameter(f"invalid listen port, value: {port}")


def _min_seal_time(tree: Tree) -> int:
    value = tree.checked_integer("consensus.min_seal_time", "500")
    if not 0 < value <= _MAX_SEAL_TIME_MS:
        raise StartFailed("Please set consensus.min_seal_time between 1 and 600000!")
    return value


def _pool(tree: Tree, min_seal_time: int) -> PoolSettings:
    values = {}
    for key, default in (
        ("limit", "15000"),
        ("notify_worker_num", "2"),
        ("verify_worker_num", "2"),
    ):
        values[key] = tree.checked_integer(f"txpool.{key}", default)
        if values[key] <= 0:
            raise StartFailed(f"Please set txpool.{key} to positive !")
    tree.checked_integer("txpool.txs_expiration_time", "600")
    return PoolSettings(
        limit=values["limit"],
        check_block_limit=tree.boolean("txpool.check_block_limit", True),
        from_free_node=tree.boolean("txpool.enable_txs_from_free_node", False),
        min_seal_time=min_seal_time / 1000,
    )


def _check_security(tree: Tree) -> None:
    kind = tree.text("security.kms_type", "LEGACY").lower()
    if kind == "hsm" or (kind == "legacy" and tree.boolean("security.enable_hsm", False)):
        tree.required_unsigned("security.key_index")
        raise StartFailed("stand-in: no hardware security module here")
    if kind not in _KMS_TYPES:
        raise StartFailed("Please set kms_type to LEGACY!")
    url = tree.text("storage_security.key_center_url", "")
    legacy_key = tree.text("storage_security.cipher_data_key", "")
    storage_security = tree.boolean("storage_security.enable", False)
    if kind == "legacy" and storage_security and not (url and legacy_key):
        raise StartFailed("Please provide key_center_url and cipher_data_key!")
    if kind == "cloudkms" and tree.text("security.cloud_kms_type", "").lower() != "aws":
        raise StartFailed("Please set cloud_kms_type with AWS!")
    if kind == "bcoskms" and not tree.text("security.cipher_data_key", ""):
        raise StartFailed("Please provide cipher_data_key!")


def _key_center_url(tree: Tree) -> str | None:
    """None where storage is not encrypted."""
    if not tree.boolean("storage_security.enable", False):
        return None
    kind = tree.text("storage_security.kms_type", "LEGACY").lower()
    if kind not in ("legacy", "bcoskms"):
        raise StartFailed("Please set kms_type to LEGACY or BCOSKMS!")
    if kind == "legacy" and not tree.text("storage_security.key_center_url", ""):
        raise StartFailed("Please provide key_manager_ip and key_manager_port!")
    if not tree.text("storage_security.cipher_data_key", ""):
        raise StartFailed("Please provide cipher_data_key!")
    return tree.text("storage_security.key_center_url", "")


def _check_failover(tree: Tree) -> None:
    if not tree.boolean("failover.enable", False):
        return
    if tree.checked_integer("failover.lease_ttl", "3") < 3:
        raise StartFailed("Please set failover.lease_ttl to no less than 3 seconds!")


def _storage(tree: Tree, group_id: str) -> StorageSettings:
    path = tree.text("storage.data_path", f"data/{group_id}")
    if tree.boolean("storage.enable_archive", False):
        tree.required_text("storage.archive_ip")
        tree.required_unsigned("storage.archive_port", bits=16)
    if tree.text("storage.type", "RocksDB").lower() != "rocksdb":
        raise runtime_error("storage type not support")
    separate = tree.boolean("storage.enable_separate_block_state", False)
    return StorageSettings(
        state_path=f"{path}/state" if separate else path,
        block_path=f"{path}/block" if separate else path,
        vote_path=f"{path}/consensus_log",
    )


def _check_consensus(tree: Tree) -> None:
    timeout = tree.checked_integer("consensus.checkpoint_timeout", str(_MIN_CONSENSUS_TIME_MS))
    pipeline = tree.checked_integer("consensus.pipeline_size", str(_MIN_PIPELINE))
    if timeout < _MIN_CONSENSUS_TIME_MS:
        raise StartFailed(
            f"Please set consensus.checkpoint_timeout to no less than {_MIN_CONSENSUS_TIME_MS}ms!"
        )
    if pipeline < _MIN_PIPELINE:
        raise StartFailed(f"Please set consensus.pipeline_size to no less than {_MIN_PIPELINE}")


def _check_sync(tree: Tree) -> None:
    if not 0 < tree.unsigned("sync.tree_width", 3) <= 65535:
        raise StartFailed("Please set sync.tree_width in 1~65535")
