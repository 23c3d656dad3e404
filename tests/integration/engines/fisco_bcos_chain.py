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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import PlannedNode
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.register import AuthorityKind, NodeRegister
from consortium_operator.chain.standalone import Host, Place
from consortium_operator.chain.view import ChainView, NodeView
from consortium_operator.engines.fisco_bcos.engine import FiscoBcos
from consortium_operator.engines.fisco_bcos.node.client import connect
from consortium_operator.engines.fisco_bcos.node.governance import Governance, govern
from consortium_operator.engines.protocol import (
    ClientIdentity,
    Engine,
    NodeEndpoint,
    NodeMaterial,
    Subject,
    Validity,
)
from tests import chains

NODE_COMMAND = (sys.executable, "-m", "consortium_sandbox.node")
HOST = Host("127.0.0.1")
NODE, CLIENT = AuthorityKind.NODE, AuthorityKind.CLIENT


@dataclass(frozen=True)
class Keys:
    """What the operator would have made for one member with one node."""

    node_ca: PrivateFiles
    client_ca: PrivateFiles
    node_key: PrivateFiles
    tls_key: PrivateFiles
    client_key: PrivateFiles

    @property
    def authorities(self) -> dict[AuthorityKind, PrivateFiles]:
        return {NODE: self.node_ca, CLIENT: self.client_ca}


Brought = Mapping[str, PrivateFiles]
"""Fields of Keys."""


def _validity() -> Validity:
    now = datetime.now(UTC)
    return Validity(now - timedelta(hours=1), now + timedelta(days=1), secrets.randbits(150) + 1)


def _subject(member: str, name: str) -> Subject:
    return Subject(chain="trade", member=member, name=name, generation=1)


def _new_keys(engine: Engine, member: str) -> Keys:
    return Keys(
        node_ca=engine.new_authority(NODE, _subject(member, "node-ca"), _validity()),
        client_ca=engine.new_authority(CLIENT, _subject(member, "client-ca"), _validity()),
        node_key=engine.new_node_key(),
        tls_key=engine.new_tls_key(),
        client_key=engine.new_client_key(),
    )


class LocalChain:
    """A chain whose nodes run as processes. `nodes` are those of the plan; `brought`: a member's
    keys in place of those that the operator would have made; `fisco_bcos`: fields of
    spec.fiscoBcos."""

    def __init__(
        self, directory: Path, brought: Mapping[str, Brought] | None = None, **fisco_bcos: Any
    ) -> None:
        self._directory = directory
        self.plan = chains.plan(fiscoBcos=fisco_bcos)
        self.nodes = self.plan.nodes
        self._engine = FiscoBcos().for_chain(self.plan)
        self.account = self._engine.new_account()
        self._keys = {
            node.member: replace(
                _new_keys(self._engine, node.member), **(brought or {}).get(node.member, {})
            )
            for node in self.nodes
        }
        self._places = {
            node.path: Place(HOST, number, dict(zip(("p2p", "rpc"), _free_ports(2), strict=True)))
            for number, node in enumerate(self.nodes)
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.client = connect(self.plan)

    @cached_property
    def address(self) -> str:
        """Of the account that governs."""
        return self._engine.account_register(self.account).address

    @cached_property
    def seal(self) -> Seal:
        ids = {node.path: self.register(node).node_id for node in self.nodes}
        return self._engine.seal(self.plan, ids, self.address)

    @cached_property
    def weights(self) -> dict[str, int]:
        return {founder.node_id: founder.weight for founder in self.seal.founders}

    def register(self, node: PlannedNode) -> NodeRegister:
        keys = self._keys[node.member]
        return self._engine.node_register(keys.node_key, keys.tls_key)

    def new_account(self) -> tuple[str, PrivateFiles]:
        """Somebody whom the chain does not know, by address."""
        account = self._engine.new_account()
        return self._engine.account_register(account).address, account

    def endpoint(self, node: PlannedNode) -> NodeEndpoint:
        port = self._places[node.path].ports["rpc"]
        fingerprint = self.register(node).tls_fingerprint
        return NodeEndpoint(node.names.node, "127.0.0.1", port, fingerprint)

    def identity(self, member: str) -> ClientIdentity:
        keys = self._keys[member]
        certificate = self._engine.client_certificate(
            keys.client_ca, _subject(member, "operator"), keys.client_key, _validity()
        )
        return ClientIdentity(keys.client_key, certificate)

    def client_files(self, member: str) -> dict[str, bytes]:
        """What a person of this member's has to reach the RPC of its node."""
        keys, identity = self._keys[member], self.identity(member)
        authorities = "".join(
            self._engine.authority_register(kind, files).certificate
            for kind, files in keys.authorities.items()
            if kind is CLIENT or self.plan.spec.fisco_bcos.cryptography == "Standard"
        )
        return {
            "ca.crt": authorities.encode(),
            "sdk.crt": identity.certificate.encode(),
            "sdk.key": identity.key["sdk.key"],
        }

    def rpc_address(self, node: PlannedNode) -> str:
        return f"127.0.0.1:{self._places[node.path].ports['rpc']}"

    def governance(self, node: PlannedNode) -> Governance:
        return govern(self.plan, self.endpoint(node), self.identity(node.member))

    async def view(self) -> ChainView:
        views: list[NodeView] = await asyncio.gather(
            *(
                self.client.view(self.endpoint(node), self.identity(node.member))
                for node in self.nodes
            )
        )
        return ChainView(tuple(views), self._engine.block0_text(self.seal), self.weights)

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
                    [*NODE_COMMAND, "-c", "config.ini", "-g", "config.genesis"],
                    cwd=home,
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
        keys, home = self._keys[node.member], self._home(node)
        private = {**keys.node_key, **keys.tls_key}
        material = self._material(node)
        for file in self._engine.standalone_files(self.plan, self.seal, material, self._places):
            path = home / file.path
            if file.path.endswith("/"):
                path.mkdir(parents=True)
                for name, content in self._trust.items():
                    (path / name).write_text(content)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(private[file.key] if file.content is None else file.content.encode())

    def _material(self, node: PlannedNode) -> NodeMaterial:
        authorities = self._keys[node.member].authorities
        signers = {kind: authorities[kind] for kind in self._engine.node_signers}
        subject, register = _subject(node.member, node.name), self.register(node)
        return NodeMaterial(
            node=node,
            register=register,
            certificates=self._engine.node_certificates(signers, subject, register, _validity()),
            authorities={
                kind: self._engine.authority_register(kind, files)
                for kind, files in authorities.items()
            },
        )

    @cached_property
    def _trust(self) -> dict[str, str]:
        return self._engine.trust(
            [self._engine.authority_register(NODE, each.node_ca) for each in self._keys.values()]
        )


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
