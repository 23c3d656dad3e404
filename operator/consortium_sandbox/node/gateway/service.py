"""The gateway that the rest of the node uses: sessions, who can be reached, messages to node ids.

Dialling follows the real node: every endpoint of nodes.json that has no session is tried at the
start, shortly after, and then every ten seconds. Names were resolved when the file was read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consortium_sandbox.node.certificates import PeerCertificate
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.gateway.handshake import Handshake
from consortium_sandbox.node.gateway.host import Host
from consortium_sandbox.node.gateway.session import Session, SessionClosed
from consortium_sandbox.node.gateway.table import Neighbour, Table
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.peers import Endpoint, load_peers
from consortium_sandbox.node.settings import P2pSettings

_FIRST_DIALS = (0.0, 1.0, 2.0)
_DIAL_INTERVAL = 10.0
_IDLE_SECONDS = 60.0
_HELLO_SECONDS = 10.0
_GATHER_SECONDS = 0.1

OnMessage = Callable[[str, str, Any], None]
OnChange = Callable[[frozenset[str]], None]


@dataclass(frozen=True)
class Identity:
    """Who this node says it is."""

    p2p_id: str
    node_id: str
    group: str


class Gateway:
    """`on_message(from, module, body)`, `on_change(reachable node ids)`; both set before start."""

    def __init__(
        self,
        identity: Identity,
        settings: P2pSettings,
        handshake: Handshake,
        peers: frozenset[Endpoint],
        log: Log,
    ) -> None:
        self.identity = identity
        self._settings = settings
        self._log = log
        self._host = Host(settings, handshake, log, self._serve)
        self._sessions: dict[str, Session] = {}
        self._endpoints = peers
        self._known: dict[Endpoint, str] = {}
        self._dialling: set[Endpoint] = set()
        self._deny, self._allow = settings.deny, settings.allow
        self._announced = False
        self.table = Table(identity.group, identity.p2p_id, settings.routing)
        self.on_message: OnMessage = lambda sender, module, body: None
        self.on_change: OnChange = lambda reachable: None
        self.deaf = False

    def start(self) -> None:
        """Raises StartFailed where the port cannot be taken."""
        self._host.start()
        self._host.spawn(self._keep_dialling())

    def stop(self) -> None:
        self._host.stop()
        for session in self._sessions.values():
            session.close()

    def sessions(self) -> list[Session]:
        return [self._sessions[p2p_id] for p2p_id in sorted(self._sessions)]

    def send(self, to: str, module: str, body: Any) -> None:
        """To one node of the group, directly or through another; lost where neither works."""
        hop = self.table.next_hop(to)
        if hop in self._sessions and not self.deaf:
            frame = {"type": "message", "from": self.identity.node_id, "to": to}
            self._sessions[hop].send(frame | {"module": module, "body": body})

    def reload(self, deny: frozenset[str], allow: frozenset[str] | None) -> None:
        """SIGUSR1: the dial list and the certificate lists. A bad file leaves the old list."""
        try:
            self._endpoints = load_peers(self._settings.nodes_file)
        except StartFailed as error:
            self._log.warning("[Gateway]reload p2p connected nodes failed", error=error.what)
        self._deny, self._allow = deny, allow
        for session in self.sessions():
            certificate = session.certificate
            if certificate and not self._is_admitted(certificate):
                session.close()
        self._dial_missing()

    # --- dialling ------------------------------------------------------------------------------

    async def _keep_dialling(self) -> None:
        for wait in _FIRST_DIALS:
            await asyncio.sleep(wait)
            self._dial_missing()
        while True:
            await asyncio.sleep(_DIAL_INTERVAL)
            self._drop_idle()
            for session in self._sessions.values():
                session.send({"type": "ping"})
            self._dial_missing()
            self._log.info("[P2PService][Service]heartBeat", **self._counts())

    def _counts(self) -> dict[str, object]:
        return {"connected count": len(self._sessions)}

    def _dial_missing(self) -> None:
        linked = {session.endpoint for session in self._sessions.values() if session.dialled}
        for endpoint in sorted(self._endpoints - linked - self._dialling):
            known = self._known.get(endpoint)
            if known != self.identity.p2p_id and known not in self._sessions:
                self._dialling.add(endpoint)
                self._host.spawn(self._dial(endpoint))

    async def _dial(self, endpoint: Endpoint) -> None:
        try:
            session = await self._host.dial(endpoint)
        finally:
            self._dialling.discard(endpoint)
        if session is not None:
            await self._serve(session)

    def _drop_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        for session in self.sessions():
            if now - session.heard_at > _IDLE_SECONDS:
                session.close()

    # --- a session's life ------------------------------------------------------------------------

    async def _serve(self, session: Session) -> None:
        try:
            if await self._greet(session):
                await self._read(session)
        except SessionClosed as error:
            self._log.debug("[P2PService][Service]session closed", reason=error)
        finally:
            session.close()
            self._forget(session)

    async def _greet(self, session: Session) -> bool:
        """Exchange hellos; False where the session must not live on."""
        certificate = session.certificate
        if certificate is not None and not self._is_admitted(certificate):
            return False
        own = {self.identity.group: [self.identity.node_id]}
        session.send({"type": "hello", "p2pID": self.identity.p2p_id, "nodes": own})
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                hello = await session.receive()
        except TimeoutError:
            raise SessionClosed("no hello") from None
        session.p2p_id = certificate.p2p_id if certificate else str(hello.get("p2pID", ""))
        session.nodes = _nodes(hello.get("nodes"))
        session.heard_at = asyncio.get_running_loop().time()
        if session.dialled:
            self._known[session.endpoint] = session.p2p_id
        if session.p2p_id == self.identity.p2p_id:
            self._log.debug("[P2PService][Service]disconnect: connected to itself")
            return False
        return self._register(session)

    def _is_admitted(self, certificate: PeerCertificate) -> bool:
        """The two lists; a leaf without basicConstraints escapes them, as in the node."""
        if not certificate.has_basic_constraints:
            return True
        short = certificate.tls_id[:8]
        if certificate.tls_id in self._deny:
            self._log.info("[NETWORK][Host]NodeID in certificate blacklist", nodeID=short)
            return False
        if self._allow is not None and certificate.tls_id not in self._allow:
            self._log.info("[NETWORK][Host]NodeID is not in certificate whitelist", nodeID=short)
            return False
        return True

    def _register(self, session: Session) -> bool:
        """One session per P2P id. Where both sides dialled, the smaller id's dial is kept."""
        old = self._sessions.get(session.p2p_id)
        if old is not None:
            preferred = self.identity.p2p_id < session.p2p_id
            if session.dialled != preferred or old.dialled == preferred:
                self._log.info("[P2PService][Service]onConnect: duplicate peer, disconnect")
                return False
            old.close()
        self._sessions[session.p2p_id] = session
        self.table.direct[session.p2p_id] = session.nodes
        self._log.info(
            "[P2PService][Service]onConnect",
            endpoint=session.endpoint_text,
            p2pID=session.p2p_id[-8:],
        )
        self._changed()
        return True

    def _forget(self, session: Session) -> None:
        if self._sessions.get(session.p2p_id) is session:
            del self._sessions[session.p2p_id]
            self.table.direct.pop(session.p2p_id, None)
            self.table.behind.pop(session.p2p_id, None)
            self._log.info("[P2PService][Service]onDisconnect", endpoint=session.endpoint_text)
            self._changed()

    async def _read(self, session: Session) -> None:
        loop = asyncio.get_running_loop()
        while True:
            frame = await session.receive()
            session.heard_at = loop.time()
            if self.deaf:
                continue
            if frame.get("type") == "message":
                self._route(frame)
            elif frame.get("type") == "routes":
                self.table.behind[session.p2p_id] = _neighbours(frame.get("routes"))
                self.on_change(self.table.reachable())

    def _route(self, frame: dict[str, Any]) -> None:
        if frame.get("to") == self.identity.node_id:
            self.on_message(str(frame.get("from")), str(frame.get("module")), frame.get("body"))
            return
        hop = self.table.direct_hop(str(frame.get("to")))
        if hop in self._sessions:
            self._sessions[hop].send(frame)

    # --- telling others ------------------------------------------------------------------------

    def _changed(self) -> None:
        self.on_change(self.table.reachable())
        if self._settings.routing and not self._announced:
            # A start brings many changes at once: gather them.
            self._announced = True
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._announce)

    def _announce(self) -> None:
        self._announced = False
        for p2p_id, session in self._sessions.items():
            routes = [
                {"p2pID": other, "nodes": nodes}
                for other, nodes in sorted(self.table.direct.items())
                if other != p2p_id
            ]
            session.send({"type": "routes", "routes": routes})


def _nodes(value: Any) -> dict[str, list[str]]:
    """Node ids by group; whatever else a peer sends is nothing."""
    if not isinstance(value, dict):
        return {}
    return {
        str(group): [str(node_id) for node_id in nodes]
        for group, nodes in value.items()
        if isinstance(nodes, list)
    }


def _neighbours(value: Any) -> list[Neighbour]:
    routes = value if isinstance(value, list) else []
    return [
        Neighbour(str(route.get("p2pID")), _nodes(route.get("nodes")))
        for route in routes
        if isinstance(route, dict)
    ]
