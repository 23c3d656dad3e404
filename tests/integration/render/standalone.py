"""A chain that `consortium render --standalone` laid out, run as bare processes.

The command is the stand-in node's; a real fisco-bcos takes the same arguments and files.
"""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from consortium_operator.api.parse import parse
from consortium_operator.chain.genesis import Seal
from consortium_operator.chain.plan import Plan, PlannedNode, make_plan
from consortium_operator.chain.private import PrivateFiles
from consortium_operator.chain.view import ChainView
from consortium_operator.cli.main import app
from consortium_operator.engines.protocol import ClientIdentity, NodeEndpoint
from consortium_operator.engines.registry import ENGINES, connect
from tests import chains
from tests.signals import DEFAULT_SIGNALS

SOURCE = Path(__file__).parents[3] / "operator"
NODE_COMMAND = (*DEFAULT_SIGNALS, sys.executable, "-m", "consortium_sandbox.node")
NODES = 4


def free_ports(count: int) -> int:
    """The first of `count` ports in a row that are free, below the ephemeral range."""
    while True:
        first = random.randrange(20000, 32000)
        if all(is_free(first + number) for number in range(count)):
            return first


def is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


@dataclass
class Standalone:
    """A rendered directory, the processes of its nodes, and an SDK's view of them."""

    directory: Path
    plan: Plan
    summary: dict[str, Any]

    def __post_init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._client = connect(self.plan)

    def start(self) -> None:
        version = {"FISCO_BCOS_STAND_IN_VERSION": self.plan.spec.version}
        environment = os.environ | {"PYTHONPATH": str(SOURCE)} | version
        for node in self.summary["nodes"]:
            home = self.directory / node["directory"]
            with (home / "output.log").open("wb") as output:
                self._processes.append(
                    subprocess.Popen(
                        [*NODE_COMMAND, "-c", "config.ini", "-g", "config.genesis"],
                        cwd=home,
                        env=environment,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                    )
                )

    def stop(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
        for process in self._processes:
            process.wait()

    async def view(self) -> ChainView:
        seal = Seal.from_data(self._object("configmap", f"{self.plan.key.name}-genesis"))
        asked = (self._client.view(self._endpoint(n), self._sdk(n)) for n in self.plan.nodes)
        weights = {founder.node_id: founder.weight for founder in seal.founders}
        engine = ENGINES[self.plan.engine].for_chain(self.plan)
        return ChainView(tuple(await asyncio.gather(*asked)), engine.block0_text(seal), weights)

    async def settled(self, height: int) -> ChainView:
        """The view once every node is live at this height."""
        for _ in range(200):
            view = await self.view()
            if len(view.live) == NODES and {node.height for node in view.nodes} == {height}:
                return view
            await asyncio.sleep(0.2)
        raise AssertionError(f"not settled: {view.nodes}\n{self._logs()}")

    async def send_transaction(self) -> None:
        (account,) = (self.directory / "accounts").iterdir()
        node = self.plan.nodes[0]
        key = PrivateFiles({"account.pem": account.read_bytes()})
        await self._client.probe(self._endpoint(node), self._sdk(node), key, self.plan)

    def _endpoint(self, node: PlannedNode) -> NodeEndpoint:
        told = next(one for one in self.summary["nodes"] if one["node"] == node.path)
        host, _, port = told["rpc"].rpartition(":")
        register = self._object("configmap", node.names.identity)
        plain = not self.plan.spec.fisco_bcos.rpc.tls
        pinned = register["tls_fingerprint"]
        return NodeEndpoint(node.names.node, host, int(port), pinned, plain=plain)

    def _sdk(self, node: PlannedNode) -> ClientIdentity:
        sdk = self.directory / "sdk" / node.member
        key = PrivateFiles({"sdk.key": (sdk / "sdk.key").read_bytes()})
        return ClientIdentity(key, (sdk / "sdk.crt").read_text())

    def _object(self, kind: str, name: str) -> dict[str, str]:
        text = (self.directory / "manifests" / f"{kind}-{name}.yaml").read_text()
        data: dict[str, str] = yaml.safe_load(text)["data"]
        return data

    def _logs(self) -> str:
        return "\n".join(
            f"--- {log}\n{log.read_text(errors='replace')[-1500:]}"
            for log in sorted(self.directory.rglob("output.log"))
        )


@contextmanager
def running(root: Path, body: dict[str, Any]) -> Iterator[Standalone]:
    """Renders `body` below `root` and starts its nodes, all on this machine."""
    ports = free_ports(3 * NODES)
    web3 = body["spec"].get("fiscoBcos", {}).get("web3Rpc")
    if web3 is not None:
        web3["port"] = ports + 2 * NODES
    (root / "chain.yaml").write_text(yaml.safe_dump(body))
    words = ["render", "-f", str(root / "chain.yaml"), "-o", str(root / "out"), "--format", "json"]
    words += [f"--standalone=127.0.0.1:{NODES}", f"--p2p-port={ports}"]
    done = CliRunner().invoke(app, [*words, f"--rpc-port={ports + NODES}"])
    assert done.exit_code == 0, done.output
    settings = replace(chains.SETTINGS, image_catalogue={body["spec"]["version"]: "any:image"})
    found = Standalone(root / "out", make_plan(parse(body), settings), json.loads(done.stdout))
    try:
        found.start()
        yield found
    finally:
        found.stop()
