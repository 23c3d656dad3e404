"""Files of a chain for stand-in nodes: two CAs per member, build_chain's layout, loopback ports.

Made with `cryptography`, straight from what a node is documented to read; nothing of the operator
is used, so that a misreading of ours shows here.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from consortium_sandbox.node.keys import STANDARD

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ADMIN_SCALAR = 0xA11CE
GROUP, CHAIN = "group0", "chain0"


@dataclass(frozen=True)
class Authority:
    """A CA with an ECDSA key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, key.public_key(), issuer=name)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    def issue(
        self,
        name: str,
        key: PrivateKey,
        *,
        days: tuple[int, int] = (-1, 30),
        basic_constraints: bool = True,
    ) -> x509.Certificate:
        issuer = self.certificate.subject
        builder = _builder(name, key.public_key(), issuer=issuer, days=days)
        if basic_constraints:
            builder = builder.add_extension(x509.BasicConstraints(False, None), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _builder(
    name: str,
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    issuer: str | x509.Name,
    days: tuple[int, int] = (-1, 30),
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer) if isinstance(issuer, str) else issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(thing: x509.Certificate | PrivateKey) -> bytes:
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@cache
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    """RSA keys are slow to make: each is used again by every test of the run."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def modulus(key: rsa.RSAPrivateKey) -> str:
    """The TLS id that black and white lists hold: 512 hex digits."""
    return f"{key.public_key().public_numbers().n:0512x}"


def subject_hash(certificate: Path) -> str:
    """OpenSSL's own, the name of a file in a hash directory."""
    done = subprocess.run(
        ["openssl", "x509", "-in", certificate, "-noout", "-subject_hash"],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@dataclass
class NodeFiles:
    """One node's directory and what is in it."""

    directory: Path
    index: int
    p2p_port: int
    rpc_port: int
    node_key: ec.EllipticCurvePrivateKey
    tls_key: rsa.RSAPrivateKey
    client_authority: Authority
    node_authority: Authority

    @property
    def node_id(self) -> str:
        point = self.node_key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return point[1:].hex()

    @property
    def config(self) -> Path:
        return self.directory / "config.ini"

    @property
    def genesis(self) -> Path:
        return self.directory / "config.genesis"

    @property
    def conf(self) -> Path:
        return self.directory / "conf"

    def edit(self, file: Path, old: str, new: str) -> None:
        """Replace text that must be there."""
        content = file.read_text()
        assert old in content, f"{old!r} is not in {file.name}"
        file.write_text(content.replace(old, new))

    def write_client(self) -> tuple[Path, Path]:
        """A client certificate of this member: (certificate, key) in its directory sdk/."""
        sdk = self.directory / "sdk"
        sdk.mkdir(exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.client_authority.issue(f"client {self.index}", key)
        (sdk / "sdk.crt").write_bytes(pem(certificate))
        (sdk / "sdk.key").write_bytes(pem(key))
        return sdk / "sdk.crt", sdk / "sdk.key"


@dataclass
class ChainFiles:
    """Directories node0, node1, … that trust each other, with one genesis over the first ones."""

    root: Path
    nodes: list[NodeFiles] = field(default_factory=list)
    sealers: int = 0
    auth: bool = False
    chain_id: str = CHAIN
    weights: Sequence[int] = ()
    gas_limit: int = 3_000_000_000
    executor_version: int = 1
    tls: bool = True

    def add_node(self, ports: tuple[int, int]) -> NodeFiles:
        """A node of its own organisation, known to nobody until write()."""
        index = len(self.nodes)
        node = NodeFiles(
            directory=self.root / f"node{index}",
            index=index,
            p2p_port=ports[0],
            rpc_port=ports[1],
            node_key=ec.generate_private_key(ec.SECP256K1()),
            tls_key=rsa_key(index),
            client_authority=Authority.make(f"client CA of org{index}"),
            node_authority=Authority.make(f"node CA of org{index}"),
        )
        self.nodes.append(node)
        return node

    def write(self) -> None:
        for node in self.nodes:
            self._write_node(node)

    def _write_node(self, node: NodeFiles) -> None:
        node.conf.mkdir(parents=True, exist_ok=True)
        certificate = node.node_authority.issue(f"node {node.index}", node.tls_key)
        (node.conf / "ssl.crt").write_bytes(pem(certificate))
        (node.conf / "ssl.key").write_bytes(pem(node.tls_key))
        (node.conf / "ca.crt").write_bytes(pem(node.client_authority.certificate))
        (node.conf / "node.pem").write_bytes(pem(node.node_key))
        self.write_trust(node, [other.node_authority for other in self.nodes])
        node.genesis.write_text(self.genesis_text())
        node.config.write_text(self._config_text(node))
        self.write_peers(node, self.nodes)

    @staticmethod
    def write_trust(node: NodeFiles, authorities: Sequence[Authority]) -> None:
        trust = node.directory / "trust"
        trust.mkdir(exist_ok=True)
        for authority in authorities:
            draft = trust / "draft"
            draft.write_bytes(pem(authority.certificate))
            draft.rename(trust / f"{subject_hash(draft)}.0")

    @staticmethod
    def write_peers(node: NodeFiles, peers: Sequence[NodeFiles]) -> None:
        document = {"nodes": [f"127.0.0.1:{peer.p2p_port}" for peer in peers]}
        (node.directory / "nodes.json").write_text(json.dumps(document))

    def genesis_text(self) -> str:
        weights = list(self.weights) or [1] * self.sealers
        founders = zip(self.nodes[: self.sealers], weights, strict=True)
        lines = "".join(f"    node.{n.index}={n.node_id}: {w}\n" for n, w in founders)
        return GENESIS.format(
            nodes=lines,
            chain=self.chain_id,
            auth=str(self.auth).lower(),
            admin=admin_address(),
            gas=self.gas_limit,
            executor=self.executor_version,
        )

    def _config_text(self, node: NodeFiles) -> str:
        return CONFIG.format(
            p2p=node.p2p_port,
            rpc=node.rpc_port,
            tls=str(self.tls).lower(),
            plain=str(not self.tls).lower(),
        )


def admin_address() -> str:
    return (
        "0x" + STANDARD.address(STANDARD.key_pair(ADMIN_SCALAR.to_bytes(32, "big")).node_id).hex()
    )


GENESIS = """\
[chain]
    sm_crypto=false
    group_id=group0
    chain_id={chain}

[web3]
    chain_id=20200

[consensus]
    consensus_type=pbft
    block_tx_count_limit=1000
    leader_period=1
{nodes}
[version]
    compatibility_version=3.16.4
[tx]
    gas_limit={gas}
[executor]
    is_wasm=false
    is_auth_check={auth}
    auth_admin_account={admin}
    is_serial_execute=true
    version={executor}
"""

CONFIG = """\
[p2p]
    listen_ip=127.0.0.1
    listen_port={p2p}
    sm_ssl=false
    nodes_path=./
    nodes_file=nodes.json

[rpc]
    listen_ip=127.0.0.1
    listen_port={rpc}
    thread_count=4
    sm_ssl=false
    enable_ssl={tls}
    disable_ssl={plain}

[cert]
    ca_path=./conf
    ca_cert=ca.crt
    node_key=ssl.key
    node_cert=ssl.crt
    multi_ca_path=../trust

[security]
    private_key_path=conf/node.pem

[consensus]
    min_seal_time=500

[storage]
    data_path=data
    key_page_size=0

[txpool]
    limit=15000

[log]
    enable=true
    enable_console_output=true
    level=info
    max_log_file_size=1024
"""
