"""Stand-in nodes as real processes, and a client that talks to them."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from consortium_sandbox.node import abi
from consortium_sandbox.node.keys import STANDARD
from consortium_sandbox.node.suite import KeyPair
from consortium_sandbox.node.transaction import TransactionData, sign
from tests.integration.sandbox_node.chain_files import (
    ADMIN_SCALAR,
    CHAIN,
    GROUP,
    ChainFiles,
    NodeFiles,
)
from tests.signals import DEFAULT_SIGNALS

SOURCE = Path(__file__).parents[3] / "operator"
ADMIN = STANDARD.key_pair(ADMIN_SCALAR.to_bytes(32, "big"))
STRANGER = STANDARD.key_pair((0xB0B).to_bytes(32, "big"))
DEPLOY = bytes.fromhex("6001600c60003960016000f300")
_PORTS = random.Random()


def free_ports(count: int) -> list[int]:
    """Ports below the ephemeral range: no outgoing connection of another node can take them."""
    found: list[int] = []
    while len(found) < count:
        port = _PORTS.randrange(20000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port not in found and probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return found


class NodeProcess:
    """One node. Its output goes to `output.log` in its directory."""

    def __init__(self, files: NodeFiles) -> None:
        self.files = files
        self.process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}
        self._client = files.write_client()

    def start(self) -> NodeProcess:
        command = [*DEFAULT_SIGNALS, sys.executable, "-m", "consortium_sandbox.node"]
        command += ["-c", "config.ini", "-g", "config.genesis"]
        environment = os.environ | {"PYTHONPATH": str(SOURCE)} | self.environment
        with (self.files.directory / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=self.files.directory, stdout=output, env=environment
            )
        return self

    def send_signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, timeout: float = 5) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def output(self) -> str:
        return (self.files.directory / "output.log").read_text(errors="replace")

    def rpc(self, method: str, *params: object, timeout: float = 10) -> Any:
        """The result; raises RpcFailed for an error in the body, OSError where nobody answers."""
        answer = self.post({"method": method, "params": params}, timeout=timeout)
        if "error" in answer:
            raise RpcFailed(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def post(self, request: dict[str, Any], timeout: float = 10) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1} | request)
        return json.loads(self.raw(body.encode(), timeout).decode(errors="replace"))

    def raw(self, body: bytes, timeout: float = 10) -> bytes:
        connection = self.connection(self._client, timeout)
        try:
            connection.request("POST", "/", body)
            response = connection.getresponse()
            assert response.status == 200
            return response.read()
        finally:
            connection.close()

    def connection(
        self, client: tuple[Path, Path], timeout: float = 10
    ) -> http.client.HTTPConnection:
        if "enable_ssl=true" not in self.files.config.read_text():
            return http.client.HTTPConnection("127.0.0.1", self.files.rpc_port, timeout=timeout)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(*client)
        return http.client.HTTPSConnection(
            "127.0.0.1", self.files.rpc_port, timeout=timeout, context=context
        )

    # --- shorthands --------------------------------------------------------------------------

    def group(self, method: str, *params: object) -> Any:
        return self.rpc(method, GROUP, "", *params)

    def height(self) -> int:
        return int(self.group("getBlockNumber"))

    def consensus(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.group("getConsensusStatus"))
        return status

    def sync(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.group("getSyncStatus"))
        return status

    def answers(self) -> bool:
        try:
            self.height()
        except OSError:
            return False
        return True

    def send(
        self, to: str = "", data: bytes = DEPLOY, key: KeyPair = ADMIN, timeout: float = 20
    ) -> Any:
        """Send a transaction and wait for its receipt."""
        return self.rpc(
            "sendTransaction", GROUP, "", self.transaction(to, data, key), False, timeout=timeout
        )

    def transaction(self, to: str = "", data: bytes = DEPLOY, key: KeyPair = ADMIN) -> str:
        content = TransactionData(
            chain_id=CHAIN,
            group_id=GROUP,
            block_limit=self.height() + 500,
            nonce=str(random.getrandbits(100)),
            to=to,
            input=data,
        )
        return "0x" + sign(content, key, STANDARD).hex()

    def call_contract(
        self, to: int, signature: str, *values: abi.Value, key: KeyPair = ADMIN
    ) -> Any:
        data = abi.selector(signature, STANDARD) + abi.encode(abi.parameters(signature), values)
        return self.send(f"{to:040x}", data, key)


class RpcFailed(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def output_code(receipt: Any) -> int:
    """The int256 in a receipt's output."""
    return int.from_bytes(bytes.fromhex(receipt["output"][2:]), "big", signed=True)


class Chain:
    """Files and processes of a chain."""

    def __init__(self, files: ChainFiles) -> None:
        self.files = files
        self.nodes = [NodeProcess(node) for node in files.nodes]

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        wait_until(lambda: all(n.answers() for n in self.nodes), "every node answers")

    def wait_connected(self, nodes: list[NodeProcess] | None = None) -> None:
        nodes = nodes or self.nodes
        wait_until(
            lambda: all(n.consensus()["connectedNodeList"] == len(nodes) for n in nodes),
            "the nodes are connected",
        )

    def wait_height(self, height: int, nodes: list[NodeProcess] | None = None) -> None:
        nodes = nodes or self.nodes
        wait_until(lambda: all(n.height() >= height for n in nodes), f"height {height} everywhere")

    def stop(self) -> None:
        for node in self.nodes:
            if node.runs():
                node.stop(signal.SIGKILL)


@contextmanager
def chain(root: Path, sealers: int, others: int = 0, **options: Any) -> Iterator[Chain]:
    """A chain of running nodes; `others` are in no list."""
    made = prepare(root, sealers, others, **options)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def prepare(root: Path, sealers: int, others: int = 0, **options: Any) -> Chain:
    """The files only."""
    files = ChainFiles(root, sealers=sealers, **options)
    ports = free_ports(2 * (sealers + others))
    for i in range(sealers + others):
        files.add_node((ports[2 * i], ports[2 * i + 1]))
    files.write()
    return Chain(files)


def wait_until(condition: Callable[[], bool], what: str, timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout} s: {what}")
