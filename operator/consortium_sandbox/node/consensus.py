"""Runs the PBFT state machine: its actions become messages, timers, votes on disk, and blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from consortium_sandbox.node.block import Block, Seal, block_from_bytes, block_to_bytes
from consortium_sandbox.node.executed import Executed
from consortium_sandbox.node.failure import DiskFailed
from consortium_sandbox.node.ledger import Ledger
from consortium_sandbox.node.log import Log
from consortium_sandbox.node.pbft.actions import (
    Action,
    Decided,
    Send,
    SetTimer,
    Start,
    WriteDown,
)
from consortium_sandbox.node.pbft.core import Pbft
from consortium_sandbox.node.pbft.messages import decode, encode
from consortium_sandbox.node.pbft.proofs import Verifier
from consortium_sandbox.node.pbft.votelog import VoteLog
from consortium_sandbox.node.suite import KeyPair
from consortium_sandbox.node.txpool import TransactionPool

MODULE = "pbft"
SendTo = Callable[[str, str, Any], None]
OnBlock = Callable[[Executed], None]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Parts:
    """What consensus works on."""

    key: KeyPair
    ledger: Ledger
    pool: TransactionPool
    votes: VoteLog
    log: Log


class Consensus:
    """`send(node id, module, body)` and `on_block` are set before start; `now` is Unix time."""

    def __init__(self, parts: Parts, min_seal_time: float, now: Clock) -> None:
        self._key, self._ledger, self._pool = parts.key, parts.ledger, parts.pool
        self._votes, self._log = parts.votes, parts.log
        self._suite = parts.ledger.rules.suite
        self._min_seal_time = min_seal_time
        self._now = now
        self._core = Pbft(parts.key, parts.ledger.domain, parts.ledger.check)
        self._timer: asyncio.TimerHandle | None = None
        self._sealing: asyncio.TimerHandle | None = None
        self._last_block_at = -min_seal_time
        self._removed = False
        alone = len(parts.ledger.committee.sealers) == 1
        self._has_restarted = parts.ledger.height > 0 and not alone
        self.send: SendTo = lambda to, module, body: None
        self.on_block: OnBlock = lambda executed: None

    def start(self) -> None:
        self._start_height()

    def stop(self) -> None:
        for handle in (self._timer, self._sealing):
            if handle:
                handle.cancel()

    # --- what RPC shows --------------------------------------------------------------------------

    @property
    def view(self) -> int:
        return self._core.instance.view

    @property
    def timed_out(self) -> bool:
        """On an idle chain it proves nothing: a restarted sealer keeps it until the next block."""
        waits = self._core.instance.changing or self._has_restarted
        return self._core.votes and waits

    @property
    def change_cycle(self) -> int:
        return self._core.change_cycle

    # --- what happens ----------------------------------------------------------------------------

    def reachable_changed(self, reachable: frozenset[str]) -> None:
        self._do(self._core.set_connected(reachable))

    def pool_changed(self) -> None:
        self._do(self._core.set_pending(len(self._pool) > 0))
        self._plan_seal()

    def receive(self, body: Any) -> None:
        """A message of another sealer; what cannot be read is dropped."""
        try:
            message = decode(body)
        except ValueError:
            self._log.warning("[CONSENSUS][PBFT]receive an invalid message")
            return
        self._do(self._core.receive(message))
        self._plan_seal()

    def adopt(self, block: Block) -> bool:
        """Take a block that others committed; False where it does not follow or is not proved."""
        ledger, number = self._ledger, block.header.number
        if number != ledger.height + 1:
            return False
        verifier = Verifier(ledger.domain, ledger.committee, number)
        if not verifier.seal(block.hash(self._suite), block.seal):
            self._log.warning("[BLOCK SYNC]block with invalid signatures", number=number)
            return False
        if ledger.is_too_new(block):
            self._log.warning(
                f"[SCHEDULER][blk-{number}]The block version is larger than maxSupportedVersion",
                version=block.header.version,
            )
            return False
        executed = ledger.execute(block)
        if executed is None:
            self._log.warning("[BLOCK SYNC]block with another execution result", number=number)
            return False
        self._commit(executed)
        return True

    # --- inside ----------------------------------------------------------------------------------

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, WriteDown):
                with self._disk():
                    self._votes.append(action.height, action.entry)
            elif isinstance(action, Send):
                self._send(action)
            elif isinstance(action, SetTimer):
                self._set_timer(action.seconds)
            else:
                self._decided(action)

    def _send(self, action: Send) -> None:
        body = encode(action.message)
        committee = self._core.instance.committee
        everyone = [s.node_id for s in committee.sealers if s.node_id != self._key.node_id]
        for node_id in [action.to] if action.to else everyone:
            self.send(node_id, MODULE, body)

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self._timed_out)

    def _timed_out(self) -> None:
        self._do(self._core.timeout())
        self._log.warning(
            "[CONSENSUS][PBFT]After timeout",
            number=self._ledger.height,
            toView=self.view,
            changeCycle=self.change_cycle,
        )
        self._plan_seal()

    def _decided(self, decided: Decided) -> None:
        seal = Seal(decided.view, tuple((vote.author, vote.signature) for vote in decided.votes))
        executed = self._ledger.execute(block_from_bytes(decided.payload).sealed(seal))
        if executed is None:
            raise RuntimeError("a decided block that does not execute")
        self._commit(executed)

    def _commit(self, executed: Executed) -> None:
        if self._ledger.removes(executed, self._key.node_id):
            # A removed node never sees the block that removes it, and goes on claiming to be a
            # consensus node: so was it seen.
            self._removed = True
            return
        with self._disk():
            self._ledger.commit(executed)
        self._has_restarted = False
        self._last_block_at = asyncio.get_running_loop().time()
        number = executed.block.header.number
        self._log.info(
            "[CONSENSUS][PBFT][METRIC]^^^^^^^^Report",
            committedIndex=number,
            hash=executed.block.hash(self._suite).hex()[:8],
            view=executed.block.seal.view,
            txs=len(executed.transactions),
        )
        self.on_block(executed)
        self._start_height()

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """A disk that fails ends the node as if it were told to stop (RocksDBStorage.cpp)."""
        try:
            yield
        except OSError as error:
            self._log.error("[STORAGE]write failed, raise SIGTERM", message=error.strerror)
            raise DiskFailed(0) from error

    def _start_height(self) -> None:
        ledger = self._ledger
        height = ledger.height + 1
        # Set before the height starts: a leader that died meanwhile is then passed over at once.
        self._do(self._core.set_pending(len(self._pool) > 0))
        self._do(
            self._core.start_height(
                Start(
                    height,
                    ledger.head_hash,
                    ledger.committee,
                    ledger.head_view,
                    self._votes.entries(height),
                )
            )
        )
        self._plan_seal()

    def _plan_seal(self) -> None:
        """Propose now, or when min_seal_time has passed since the last block."""
        if self._sealing or not len(self._pool) or not self._core.may_propose():
            return
        loop = asyncio.get_running_loop()
        wait = max(0.0, self._last_block_at + self._min_seal_time - loop.time())
        # Not within this call: what brought the transaction may bring more of them.
        self._sealing = loop.call_later(wait, self._seal)

    def _seal(self) -> None:
        self._sealing = None
        transactions = self._pool.first(self._ledger.most_transactions)
        if self._removed or not transactions or not self._core.may_propose():
            return
        executed = self._ledger.propose(transactions, int(self._now() * 1000), self._key)
        self._log.info(
            "[CONSENSUS][SEALER]++++++++++++++++ Generate proposal",
            index=executed.block.header.number,
            txsSize=len(transactions),
        )
        block = executed.block
        self._do(self._core.propose(block.hash(self._suite), block_to_bytes(block)))
