"""Nodes as processes, and a client that talks to them by RPC."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.support.accounts import DEPLOY, Account, Argument, Transaction
from tests.conformance.support.binaries import Binary
from tests.conformance.support.files import CHAIN, GROUP, ChainOptions, NodeFiles, chain_files
from tests.signals import DEFAULT_SIGNALS

STRANGER_SCALAR = 0xB0B
# Above the ephemeral range (32768-60999): no outgoing connection of another node takes one.
_PORTS = range(61_000, 65_500)
_random = random.Random()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; every worker of a parallel run looks in a part of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    parts = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    size = len(_PORTS) // parts
    part = _PORTS[int(worker) * size : (int(worker) + 1) * size]
    found: list[int] = []
    while len(found) < count:
        port = _random.choice(part)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                if port not in found:
                    found.append(port)
    return found


class RpcFailed(Exception):
    """An error in the body of an answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NodeProcess:
    """One node. Its output goes to `output.log` in its directory."""

    def __init__(self, binary: Binary, files: NodeFiles, admin: Account) -> None:
        self.binary = binary
        self.files = files
        self.admin = admin
        self.tls = files.config["rpc"]["enable_ssl"] == "true"
        self.process: subprocess.Popen[bytes] | None = None
        self._client: tuple[Path, Path] | None = None

    @property
    def stranger(self) -> Account:
        """An account that nobody ever heard of."""
        return Account(STRANGER_SCALAR, self.admin.sm)

    # --- the process -----------------------------------------------------------------------------

    def start(self) -> NodeProcess:
        command = [*DEFAULT_SIGNALS, *self.binary.command]
        command += ["-c", "config.ini", "-g", "config.genesis"]
        with (self.files.directory / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=self.files.directory, stdout=output, stderr=subprocess.STDOUT
            )
        return self

    def send_signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, timeout: float = 30) -> int:
        self.send_signal(number)
        return self.wait(timeout)

    def wait(self, timeout: float = 30) -> int:
        assert self.process is not None
        return self.process.wait(timeout)

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def restart(self) -> None:
        self.stop()
        self.start()
        self.wait_answering()

    def wait_answering(self) -> None:
        wait_until(lambda: self.answers() or not self.runs(), "the node answers")
        assert self.runs(), self.output

    @property
    def output(self) -> str:
        """What it printed, and its log files where it has some."""
        texts = [(self.files.directory / "output.log").read_text(errors="replace")]
        logs = sorted((self.files.directory / "log").glob("*.log"))
        return "".join(texts + [log.read_text(errors="replace") for log in logs])

    # --- RPC -------------------------------------------------------------------------------------

    def rpc(self, method: str, *params: object, timeout: float = 20) -> Any:
        """The result; raises RpcFailed for an error in the body, OSError where nobody answers."""
        answer = self.post({"method": method, "params": params}, timeout=timeout)
        if "error" in answer:
            raise RpcFailed(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def post(self, request: dict[str, Any], timeout: float = 20) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1} | request)
        return json.loads(self.raw(body.encode(), timeout).decode(errors="replace"))

    def raw(self, body: bytes, timeout: float = 20) -> bytes:
        if self.tls and self._client is None:
            self._client = self.files.write_client()
        connection = self.connection(self._client, timeout)
        try:
            connection.request("POST", "/", body)
            response = connection.getresponse()
            assert response.status == 200
            return response.read()
        finally:
            connection.close()

    def connection(
        self, client: tuple[Path, Path] | None, timeout: float = 20
    ) -> http.client.HTTPConnection:
        port = self.files.rpc_port
        if client is None:
            return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(*client)
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=context)

    # --- shorthands ------------------------------------------------------------------------------

    @property
    def group_id(self) -> str:
        return self.files.genesis["chain"]["group_id"]

    def group(self, method: str, *params: object) -> Any:
        return self.rpc(method, self.group_id, "", *params)

    def height(self) -> int:
        return int(self.group("getBlockNumber"))

    def consensus(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.group("getConsensusStatus"))
        return status

    def connected(self) -> int:
        """How many nodes it reaches, itself included."""
        return int(self.consensus()["connectedNodeList"])

    def sync(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.group("getSyncStatus"))
        return status

    def answers(self) -> bool:
        try:
            self.height()
        except (OSError, http.client.HTTPException):
            return False
        return True

    def transaction(
        self, to: str = "", data: bytes = DEPLOY, account: Account | None = None
    ) -> bytes:
        limit = self.height() + 500
        return Transaction(CHAIN, GROUP, limit, to, data).signed_by(account or self.admin)

    def send(
        self,
        to: str = "",
        data: bytes = DEPLOY,
        account: Account | None = None,
        timeout: float = 30,
    ) -> Any:
        """Send a transaction and wait for its receipt."""
        return self.send_raw(self.transaction(to, data, account), timeout)

    def send_raw(self, raw: bytes, timeout: float = 30) -> Any:
        params = (GROUP, "", "0x" + raw.hex(), False)
        return self.rpc("sendTransaction", *params, timeout=timeout)

    def transact(
        self, to: int, signature: str, *arguments: Argument, account: Account | None = None
    ) -> Any:
        """Call a function of a contract in a transaction."""
        data = self.admin.call_data(signature, *arguments)
        return self.send(f"{to:040x}", data, account)


def output_code(receipt: Any) -> int:
    """The int256 in a receipt's output."""
    return int.from_bytes(bytes.fromhex(receipt["output"][2:]), "big", signed=True)


class Chain:
    """Files and processes of a chain."""

    def __init__(self, nodes: list[NodeProcess]) -> None:
        self.nodes = nodes

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait_answering()

    def wait_connected(self, nodes: Sequence[NodeProcess] = ()) -> None:
        nodes = nodes or self.nodes
        wait_until(
            lambda: all(node.connected() == len(nodes) for node in nodes),
            "the nodes are connected",
        )

    def wait_height(self, height: int, nodes: Sequence[NodeProcess] = ()) -> None:
        nodes = nodes or self.nodes
        wait_until(lambda: all(n.height() >= height for n in nodes), f"height {height} everywhere")

    def stop(self) -> None:
        for node in self.nodes:
            if node.runs():
                node.stop(signal.SIGKILL)


def prepare(binary: Binary, root: Path, options: ChainOptions) -> Chain:
    """The files only."""
    if options.sm:
        pytest.importorskip("tongsuopy")
    options = replace(options, version=options.version or binary.data_version)
    ports = free_ports(2 * (options.sealers + options.others))
    return Chain(
        [NodeProcess(binary, files, options.admin) for files in chain_files(root, options, ports)]
    )


@contextmanager
def running(made: Chain) -> Iterator[Chain]:
    """Started, and killed at the end."""
    try:
        made.start()
        yield made
    finally:
        made.stop()


def wait_until(condition: Callable[[], bool], what: str, timeout: float = 60) -> None:
    """Generous: a machine may be busy with other tests."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout} s: {what}")
