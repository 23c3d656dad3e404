"""Four members' nodes as bare processes on loopback, from the engine's own files and keys.

The command is the stand-in node's; a real fisco-bcos takes the same arguments and files.
"""

import asyncio
import random
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan, PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, NodeRegister
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.engines.fisco_bcos.config import config_ini
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.layout import (
    CA_CRT,
    CONFIG_GENESIS,
    CONFIG_INI,
    NODE_PEM,
    NODES_JSON,
    SSL_CRT,
    SSL_KEY,
    TRUST_DIRECTORY,
    Layout,
)
from consortium_operator.engines.fisco_bcos.node.client import connect
from consortium_operator.engines.protocol import (
    ClientIdentity,
    NodeEndpoint,
    Subject,
    Validity,
)
from tests import chains

NODE_COMMAND = (sys.executable, "-m", "consortium_sandbox.node")
ENGINE = FiscoBcos()
NODE, CLIENT = AuthorityKind.NODE, AuthorityKind.CLIENT


@dataclass(frozen=True)
class Keys:
    """What the operator would have made for one member with one node."""

    node_ca: PrivateFiles
    client_ca: PrivateFiles
    node_key: PrivateFiles
    tls_key: PrivateFiles
    client_key: PrivateFiles

    @cached_property
    def register(self) -> NodeRegister:
        return ENGINE.node_register(self.node_key, self.tls_key)


def _validity() -> Validity:
    now = datetime.now(UTC)
    return Validity(now - timedelta(hours=1), now + timedelta(days=1), secrets.randbits(150) + 1)


def _subject(member: str, name: str) -> Subject:
    return Subject(chain="trade", member=member, name=name, generation=1)


def _new_keys(member: str) -> Keys:
    return Keys(
        node_ca=ENGINE.new_authority(NODE, _subject(member, "node-ca"), _validity()),
        client_ca=ENGINE.new_authority(CLIENT, _subject(member, "client-ca"), _validity()),
        node_key=ENGINE.new_node_key(),
        tls_key=ENGINE.new_tls_key(),
        client_key=ENGINE.new_client_key(),
    )


@dataclass(frozen=True)
class Ports:
    p2p: int
    rpc: int


class LocalChain:
    """A chain whose nodes run as processes. `nodes` are those of the plan."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.plan = chains.plan()
        self.nodes = self.plan.nodes
        self.account = ENGINE.new_account()
        self._keys = {node.member: _new_keys(node.member) for node in self.nodes}
        self._ports = {node.path: Ports(*_free_ports(2)) for node in self.nodes}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.client = connect(self.plan)

    @cached_property
    def seal(self) -> Seal:
        ids = {node.path: self._keys[node.member].register.node_id for node in self.nodes}
        return ENGINE.seal(self.plan, ids, ENGINE.account_register(self.account).address)

    @cached_property
    def weights(self) -> dict[str, int]:
        return {founder.node_id: founder.weight for founder in self.seal.founders}

    def endpoint(self, node: PlannedNode) -> NodeEndpoint:
        fingerprint = self._keys[node.member].register.tls_fingerprint
        return NodeEndpoint(node.names.node, "127.0.0.1", self._ports[node.path].rpc, fingerprint)

    def identity(self, member: str) -> ClientIdentity:
        keys = self._keys[member]
        certificate = ENGINE.client_certificate(
            keys.client_ca, _subject(member, "operator"), keys.client_key, _validity()
        )
        return ClientIdentity(keys.client_key, certificate)

    async def view(self) -> ChainView:
        views: list[NodeView] = await asyncio.gather(
            *(
                self.client.view(self.endpoint(node), self.identity(node.member))
                for node in self.nodes
            )
        )
        return ChainView(tuple(views), ENGINE.block0_text(self.seal), self.weights)

    async def settled(self, height: int = 0, seconds: float = 60) -> ChainView:
        """The view once all nodes are live at `height` or above; else the last one."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            view = await self.view()
            reached = all(node.height >= height for node in view.nodes)
            if len(view.live) == len(self.nodes) and reached:
                return view
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"not settled: {view.nodes}\n{self.logs()}")
            await asyncio.sleep(0.3)

    def start(self) -> None:
        for node in self.nodes:
            self._write_files(node)
        for node in self.nodes:
            home = self._home(node)
            with (home / "stdout").open("wb") as output:
                self._processes[node.path] = subprocess.Popen(
                    [*NODE_COMMAND, "-c", home / CONFIG_INI, "-g", home / CONFIG_GENESIS],
                    cwd=home / "data",
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )

    def stop(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextmanager
    def hung(self, node: PlannedNode) -> Iterator[None]:
        """The process lives and does nothing."""
        self._processes[node.path].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes[node.path].send_signal(signal.SIGCONT)

    def logs(self) -> str:
        return "\n".join(
            f"--- {node.path}\n" + (self._home(node) / "stdout").read_text(errors="replace")[-1500:]
            for node in self.nodes
        )

    def _home(self, node: PlannedNode) -> Path:
        return self._directory / node.names.node

    def _write_files(self, node: PlannedNode) -> None:
        keys, home, ports = self._keys[node.member], self._home(node), self._ports[node.path]
        # Nodes of one machine cannot share the RPC port that a chain has in a cluster.
        plan: Plan = chains.plan(fiscoBcos={"rpc": {"port": ports.rpc}})
        layout = Layout(files_dir=str(home), data_dir=str(home / "data"), p2p_port=ports.p2p)
        certificates = ENGINE.node_certificates(
            {NODE: keys.node_ca}, _subject(node.member, node.name), keys.register, _validity()
        )
        trust = ENGINE.trust(
            [ENGINE.authority_register(NODE, each.node_ca) for each in self._keys.values()]
        )
        peers = ",".join(f'"127.0.0.1:{each.p2p}"' for each in self._ports.values())
        files = {
            CONFIG_INI: config_ini(plan, self.seal, layout),
            CONFIG_GENESIS: self.seal.text,
            NODES_JSON: f'{{"nodes":[{peers}]}}',
            CA_CRT: ENGINE.authority_register(CLIENT, keys.client_ca).certificate,
            SSL_CRT: certificates["ssl.crt"],
            SSL_KEY: keys.tls_key["ssl.key"].decode(),
            NODE_PEM: keys.node_key["node.pem"].decode(),
            **{TRUST_DIRECTORY + name: content for name, content in trust.items()},
        }
        (home / "data").mkdir(parents=True)
        for path, content in files.items():
            (home / path).parent.mkdir(exist_ok=True)
            (home / path).write_text(content)


def _free_ports(count: int) -> list[int]:
    """Below the ephemeral range: there, another node's outgoing connection may take one."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("0.0.0.0", port))
            except OSError:
                continue
        found.append(port)
    return found
