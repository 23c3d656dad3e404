"""Block synchronisation: members tell each other how far they are, and fetch what they lack.

A member sends its status to members only, so a node in no list hears nothing and stays where it is.
A status of another genesis hash is refused with a log line; the link to that node stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consortium_sandbox.node.block import Block, block_from_bytes, block_to_bytes
from consortium_sandbox.node.ledger import Ledger
from consortium_sandbox.node.log import Log

MODULE = "sync"
_STATUS_INTERVAL = 5.0
_REQUEST_TIMEOUT = 3.0
_BLOCKS_PER_REQUEST = 32

SendTo = Callable[[str, str, Any], None]
Adopt = Callable[[Block], bool]


@dataclass(frozen=True)
class Status:
    """How far a node is."""

    number: int
    hash: str
    genesis_hash: str


class BlockSync:
    """`send` and `adopt` are set before start."""

    def __init__(self, own_id: str, ledger: Ledger, serve_free_nodes: bool, log: Log) -> None:
        self._own_id = own_id
        self._ledger = ledger
        self._serve_free_nodes = serve_free_nodes
        self._log = log
        self._reachable: frozenset[str] = frozenset()
        self._requested_at: float | None = None
        self._tick: asyncio.TimerHandle | None = None
        self.peers: dict[str, Status] = {}
        self.known_highest = ledger.height
        # At height 0 the real node shows the header's own hash here, not the genesis hash.
        head = ledger.head_hash if ledger.height else ledger.genesis_header.hash(ledger.rules.suite)
        self.known_hash = head.hex()
        self.send: SendTo = lambda to, module, body: None
        self.adopt: Adopt = lambda block: False

    def start(self) -> None:
        self._keep_telling()

    def stop(self) -> None:
        if self._tick:
            self._tick.cancel()

    @property
    def is_syncing(self) -> bool:
        return self.known_highest > self._ledger.height

    def reachable_changed(self, reachable: frozenset[str]) -> None:
        new = reachable - self._reachable
        self._reachable = reachable
        for gone in set(self.peers) - reachable:
            del self.peers[gone]
        for node_id in sorted(new):
            self._tell(node_id)

    def block_committed(self) -> None:
        """The ledger has grown; members learn it at once."""
        ledger = self._ledger
        if ledger.height >= self.known_highest:
            self.known_highest, self.known_hash = ledger.height, ledger.head_hash.hex()
        for node_id in list(self.peers):
            if not self._serves(node_id):
                del self.peers[node_id]
        self._tell_all()

    def receive(self, sender: str, body: Any) -> None:
        """A status, a request or blocks; anything else is dropped."""
        try:
            if body["kind"] == "status":
                status = Status(int(body["number"]), str(body["hash"]), str(body["genesis"]))
                self._receive_status(sender, status)
            elif body["kind"] == "request":
                self._receive_request(sender, int(body["from"]))
            elif body["kind"] == "blocks":
                self._receive_blocks(body["blocks"])
        except (KeyError, TypeError, ValueError, AttributeError):
            self._log.warning("[BLOCK SYNC]receive an invalid packet", peer=sender[:8])

    def _receive_status(self, sender: str, status: Status) -> None:
        if not self._ledger.is_member(sender):
            return
        if status.number > self.known_highest:
            self.known_highest, self.known_hash = status.number, status.hash
        if status.genesis_hash != self._ledger.genesis_hash.hex():
            self._log.warning(
                "[BLOCK SYNC][updatePeerStatus]"
                "Receive invalid status packet with different genesis hash",
                peer=sender[:8],
                genesisHash=status.genesis_hash[:8],
                expectedGenesisHash=self._ledger.genesis_hash.hex()[:8],
            )
            return
        self.peers[sender] = status
        self._request()

    def _receive_request(self, sender: str, first: int) -> None:
        if not self._serves(sender):
            return
        last = min(self._ledger.height, first + _BLOCKS_PER_REQUEST - 1)
        blocks = [self._ledger.block(number) for number in range(max(first, 1), last + 1)]
        texts = [block_to_bytes(block).decode("latin-1") for block in blocks if block]
        if texts:
            self.send(sender, MODULE, {"kind": "blocks", "blocks": texts})

    def _receive_blocks(self, texts: list[str]) -> None:
        self._requested_at = None
        for text in texts:
            block = block_from_bytes(text.encode("latin-1"))
            if block.header.number > self._ledger.height and not self.adopt(block):
                return
        self._request()

    def _request(self) -> None:
        """Ask the node that is furthest, unless an answer is still awaited."""
        ahead = {n: s for n, s in self.peers.items() if s.number > self._ledger.height}
        now = asyncio.get_running_loop().time()
        awaited = self._requested_at is not None and now - self._requested_at < _REQUEST_TIMEOUT
        if not ahead or awaited:
            return
        self._requested_at = now
        best = max(sorted(ahead), key=lambda node_id: ahead[node_id].number)
        self.send(best, MODULE, {"kind": "request", "from": self._ledger.height + 1})

    def _keep_telling(self) -> None:
        self._tell_all()
        self._request()
        loop = asyncio.get_running_loop()
        self._tick = loop.call_later(_STATUS_INTERVAL, self._keep_telling)

    def _tell_all(self) -> None:
        for node_id in sorted(self._reachable):
            self._tell(node_id)

    def _tell(self, node_id: str) -> None:
        if self._serves(node_id):
            ledger = self._ledger
            status = {"number": ledger.height, "hash": ledger.head_hash.hex()}
            genesis = {"genesis": ledger.genesis_hash.hex()}
            self.send(node_id, MODULE, {"kind": "status"} | status | genesis)

    def _serves(self, node_id: str) -> bool:
        return self._serve_free_nodes or self._ledger.is_member(node_id)
