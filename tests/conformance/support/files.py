"""Directories of nodes in build_chain's layout, on loopback ports: this suite's own inputs.

Config texts are dictionaries here, so that a case can name the key it changes. Certificates follow
section 12: per member a client CA in ca.crt (what RPC trusts) and a node CA, all members' node CAs
in the hash directory.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.conformance.support.accounts import Account
from tests.conformance.support.sm_authorities import SmAuthority, SmKey
from tests.conformance.support.x509_authorities import Authority, pem, rsa_key, write_trust

Sections = dict[str, dict[str, str]]
GROUP, CHAIN = "group0", "chain0"
ADMIN_SCALAR = 0xA11CE


@dataclass(frozen=True)
class ChainOptions:
    """How a chain is founded. The first `sealers` nodes are in the genesis, `others` in no list.

    `version` is that of the data: by default the newest that the program takes.
    """

    sealers: int = 1
    others: int = 0
    sm: bool = False
    auth: bool = False
    tls: bool = False
    weights: Sequence[int] = ()
    version: str | None = None
    executor_version: int = 1
    epoch: tuple[int, int] | None = None
    web3_port: int | None = None

    @property
    def admin(self) -> Account:
        return Account(ADMIN_SCALAR, self.sm)


@dataclass
class NodeFiles:
    """One node's directory and what is in it. Every node is of a member of its own."""

    directory: Path
    index: int
    p2p_port: int
    rpc_port: int
    sm: bool
    config: Sections = field(default_factory=dict)
    genesis: Sections = field(default_factory=dict)

    @cached_property
    def node_key(self) -> ec.EllipticCurvePrivateKey | SmKey:
        return SmKey() if self.sm else ec.generate_private_key(ec.SECP256K1())

    @cached_property
    def tls_key(self) -> rsa.RSAPrivateKey:
        return rsa_key(self.index)

    @cached_property
    def client_authority(self) -> Authority:
        return Authority.make(f"client CA of org{self.index}")

    @cached_property
    def node_authority(self) -> Authority:
        return Authority.make(f"node CA of org{self.index}")

    @cached_property
    def sm_authority(self) -> SmAuthority:
        return SmAuthority.make(f"node CA of org{self.index}")

    @property
    def trusted(self) -> bytes:
        """What the other members' hash directories hold for this one."""
        if self.sm:
            return self.sm_authority.certificate
        return pem(self.node_authority.certificate)

    @property
    def scalar(self) -> int:
        key = self.node_key
        return key.scalar if isinstance(key, SmKey) else key.private_numbers().private_value

    @property
    def node_id(self) -> str:
        if isinstance(self.node_key, SmKey):
            return self.node_key.node_id
        point = self.node_key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return point[1:].hex()

    @property
    def conf(self) -> Path:
        return self.directory / "conf"

    @property
    def trust(self) -> Path:
        return self.directory / "trust"

    def write(self, trusted: Sequence[NodeFiles], peers: Sequence[NodeFiles]) -> None:
        self.conf.mkdir(parents=True, exist_ok=True)
        self._write_certificates()
        (self.conf / "node.pem").write_bytes(
            self.node_key.pem() if isinstance(self.node_key, SmKey) else pem(self.node_key)
        )
        write_trust(self.trust, [node.trusted for node in trusted])
        self.write_config()
        self.write_peers(peers)

    def _write_certificates(self) -> None:
        """On an SM chain both kinds: RPC goes by the RSA ones."""
        issuer = self.client_authority if self.sm else self.node_authority
        certificate = issuer.issue(f"node {self.index}", self.tls_key)
        (self.conf / "ssl.crt").write_bytes(pem(certificate))
        (self.conf / "ssl.key").write_bytes(pem(self.tls_key))
        (self.conf / "ca.crt").write_bytes(pem(self.client_authority.certificate))
        if self.sm:
            self.write_sm_pair()
            (self.conf / "sm_ca.crt").write_bytes(self.sm_authority.certificate)

    def write_sm_pair(self, days: tuple[int, int] = (-1, 30)) -> None:
        for unit in ("ssl", "enssl"):
            key = SmKey()
            certificate = self.sm_authority.issue(unit, key, days=days)
            (self.conf / f"sm_{unit}.crt").write_bytes(certificate)
            (self.conf / f"sm_{unit}.key").write_bytes(key.pem())

    def write_config(self) -> None:
        (self.directory / "config.ini").write_text(to_text(self.config))
        (self.directory / "config.genesis").write_text(to_text(self.genesis))

    def write_peers(self, peers: Sequence[NodeFiles]) -> None:
        document = {"nodes": [f"127.0.0.1:{peer.p2p_port}" for peer in peers]}
        (self.directory / "nodes.json").write_text(json.dumps(document))

    def write_client(self) -> tuple[Path, Path]:
        """A client certificate of this member: (certificate, key) in its directory sdk/."""
        sdk = self.directory / "sdk"
        sdk.mkdir(exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.client_authority.issue(f"client {self.index}", key)
        (sdk / "sdk.crt").write_bytes(pem(certificate))
        (sdk / "sdk.key").write_bytes(pem(key))
        return sdk / "sdk.crt", sdk / "sdk.key"


def to_text(sections: Sections) -> str:
    """Blocks as build_chain.sh writes them."""
    lines = []
    for name, keys in sections.items():
        lines += [f"[{name}]", *(f"    {key}={value}" for key, value in keys.items()), ""]
    return "\n".join(lines)


def chain_files(root: Path, options: ChainOptions, ports: Sequence[int]) -> list[NodeFiles]:
    """The nodes of a chain with everything written; `ports` are two for each node."""
    count = options.sealers + options.others
    nodes = [
        NodeFiles(root / f"node{i}", i, ports[2 * i], ports[2 * i + 1], options.sm)
        for i in range(count)
    ]
    weights = list(options.weights) or [1] * options.sealers
    founders = [
        f"{node.node_id}: {weight}"
        for node, weight in zip(nodes[: options.sealers], weights, strict=True)
    ]
    for node in nodes:
        node.genesis = genesis_sections(options, founders)
        node.config = config_sections(options, node)
        node.write(nodes, nodes)
    return nodes


def genesis_sections(options: ChainOptions, founders: Sequence[str]) -> Sections:
    consensus = {"consensus_type": "pbft", "block_tx_count_limit": "1000", "leader_period": "1"}
    if options.epoch:
        sealers, blocks = options.epoch
        consensus["consensus_type"] = "rpbft"
        consensus |= {"epoch_sealer_num": str(sealers), "epoch_block_num": str(blocks)}
    return {
        "chain": {"sm_crypto": _bool(options.sm), "group_id": GROUP, "chain_id": CHAIN},
        "web3": {"chain_id": "20200"},
        "consensus": consensus | {f"node.{i}": line for i, line in enumerate(founders)},
        "version": {"compatibility_version": str(options.version)},
        "tx": {"gas_limit": "3000000000"},
        "executor": {
            "is_wasm": "false",
            "is_auth_check": _bool(options.auth),
            "auth_admin_account": f"0x{options.admin.address}",
            "is_serial_execute": "true",
            "version": str(options.executor_version),
        },
    }


def config_sections(options: ChainOptions, node: NodeFiles) -> Sections:
    sections: Sections = {
        "p2p": {
            "listen_ip": "127.0.0.1",
            "listen_port": str(node.p2p_port),
            "sm_ssl": _bool(options.sm),
            "nodes_path": "./",
            "nodes_file": "nodes.json",
        },
        "rpc": {
            "listen_ip": "127.0.0.1",
            "listen_port": str(node.rpc_port),
            "thread_count": "4",
            "sm_ssl": "false",
            "enable_ssl": _bool(options.tls),
            "disable_ssl": _bool(not options.tls),
        },
        "cert": {
            "ca_path": "./conf",
            "ca_cert": "ca.crt",
            "node_cert": "ssl.crt",
            "node_key": "ssl.key",
            "multi_ca_path": "../trust",
        },
        "security": {"private_key_path": "conf/node.pem"},
        "consensus": {"min_seal_time": "500"},
        "storage": {"data_path": "data", "key_page_size": "0"},
        "txpool": {"limit": "15000"},
        "log": {
            "enable": "true",
            "enable_console_output": "true",
            "level": "info",
            "max_log_file_size": "1024",
        },
    }
    if options.web3_port:
        port = str(options.web3_port)
        sections["web3_rpc"] = {"enable": "true", "listen_ip": "127.0.0.1", "listen_port": port}
    return sections


def _bool(value: bool) -> str:
    return str(value).lower()
