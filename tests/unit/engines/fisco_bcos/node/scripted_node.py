"""A TLS server on loopback that says what a test tells it to, in the words of a real node."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from consortium_operator.chain.private import PrivateFiles
from consortium_operator.engines.fisco_bcos.node.client import FiscoBcosClient
from consortium_operator.engines.fisco_bcos.node.rpc import Limits
from consortium_operator.engines.protocol import ClientIdentity, NodeEndpoint
from tests import observed
from tests.unit.engines.fisco_bcos.material import (
    authority,
    certify,
    client_certificate,
    client_key,
    node_register,
    subject,
    tls_key,
    validity,
)

PATIENT = Limits(connect=10, call=10, view=20, receipt=10)
"""For tests in which every answer comes, on a machine that may be busy."""

NODE = "trade-webank-shenzhen-0"
NODE_ID = (
    "593fa63fd0ecf050061e0bf182ee8bed53e5a446c69556223ed4ca48e9037a13"
    "460c3477fdd3baf94de924f2390736887516ad9e27b5aab8b90d06be2b115846"
)


def result(value: object) -> bytes:
    return json.dumps({"id": 1, "jsonrpc": "2.0", "result": value}).encode()


class Deed(Enum):
    """What a node may do instead of answering."""

    HANG = "hang"
    CLOSE = "close"
    NOT_HTTP = "not HTTP"
    ENDLESS = "endless"


Script = Mapping[str, bytes | Deed | tuple[bytes, ...]]
"""By method: the answer, or the answers to the first, the second, … request."""

HEALTHY: Script = {
    "getConsensusStatus": observed.raw("getConsensusStatus"),
    "getSyncStatus": observed.raw("getSyncStatus"),
    "getSealerList": observed.raw("getSealerList"),
    "getObserverList": result([]),
    "getBlockByNumber": observed.raw("getBlockByNumber_0"),
    "getGroupInfo": observed.raw("getGroupInfo"),
    "getPendingTxSize": result(0),
    "getPeers": observed.raw("getPeers"),
    "getBlockNumber": result(1),
    "sendTransaction": observed.raw("sendTransaction_deploy"),
}


def client(member: str = "webank") -> ClientIdentity:
    """The operator's own, for a member."""
    certificate = client_certificate(member, "operator")
    return ClientIdentity(client_key(), certificate)


def server_certificate(days: float = 30) -> str:
    return certify(authority(), subject("shenzhen-0"), validity(days=days, since_days=50))


def pinned() -> str:
    return node_register().tls_fingerprint


@dataclass
class ScriptedNode:
    """`asked`: method and parameters of every request; `connections`: how many were opened."""

    script: Script
    port: int = 0
    plain: bool = False
    asked: list[tuple[str, list[Any]]] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def endpoint(self) -> NodeEndpoint:
        return NodeEndpoint(NODE, "127.0.0.1", self.port, pinned(), plain=self.plain)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        self.most_at_once = max(self.most_at_once, len(self._open))
        try:
            while await self._serve_request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _serve_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        request = json.loads(await reader.readexactly(length))
        assert request["jsonrpc"] == "2.0"
        assert isinstance(request["id"], int)
        method = request["method"]
        self.asked.append((method, request["params"]))
        answer = self.script[method]
        if isinstance(answer, tuple):
            answer = answer[sum(one == method for one, _ in self.asked) - 1]
        match answer:
            case Deed.HANG:
                await asyncio.sleep(60)
            case Deed.CLOSE:
                return False
            case Deed.NOT_HTTP:
                writer.write(b"\x16\x03\x01 hello\r\n\r\n")
            case Deed.ENDLESS:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n")
                while not writer.is_closing():
                    writer.write(bytes(1 << 16))
                    await writer.drain()
            case bytes(body):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        return True


def server_context(certificate: str, key: PrivateFiles, scratch: Path) -> ssl.SSLContext:
    """As a node's RPC end: it asks for a certificate of the member's client CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority(kind="client-ca")["tls.crt"].decode())
    pem = scratch / "server.pem"
    pem.write_bytes(certificate.encode() + key["ssl.key"])
    context.load_cert_chain(pem)
    return context


@asynccontextmanager
async def running(
    scratch: Path,
    script: Script = HEALTHY,
    *,
    certificate: str | None = None,
    key: PrivateFiles | None = None,
    plain: bool = False,
) -> AsyncIterator[ScriptedNode]:
    """`plain`: without TLS."""
    node = ScriptedNode(script, plain=plain)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(node.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    context = (
        None
        if plain
        else server_context(certificate or server_certificate(), key or tls_key(), scratch)
    )
    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    node.port = server.sockets[0].getsockname()[1]
    try:
        yield node
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def asking(limits: Limits = PATIENT) -> FiscoBcosClient:
    """The operator's client, of the chain that the observed nodes have."""
    return FiscoBcosClient("chain0", "group0", limits)
