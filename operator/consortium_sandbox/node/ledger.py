"""The chain as one node holds it: blocks on disk, the state they make, the check of new ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from consortium_sandbox.node import genesis as genesis_module
from consortium_sandbox.node import versions
from consortium_sandbox.node.block import (
    Block,
    Header,
    Receipt,
    block_from_bytes,
    root,
)
from consortium_sandbox.node.blockfile import BlockFile
from consortium_sandbox.node.executed import Executed, block_in, receipt_in, to_record
from consortium_sandbox.node.executor import working_sealers
from consortium_sandbox.node.executor.calls import CONSENSUS_ADDRESS, Place, Rules
from consortium_sandbox.node.executor.run import execute
from consortium_sandbox.node.failure import StartFailed
from consortium_sandbox.node.genesis import Genesis
from consortium_sandbox.node.pbft.committee import Committee
from consortium_sandbox.node.pbft.messages import Domain
from consortium_sandbox.node.releases import Release
from consortium_sandbox.node.state import Changes, Member, State, genesis_changes
from consortium_sandbox.node.suite import KeyPair
from consortium_sandbox.node.transaction import (
    BadTransaction,
    Transaction,
    TransactionData,
    decode,
    sign,
)

Echo = Callable[[str], None]


@dataclass(frozen=True)
class Counts:
    """getTotalTransactionCount."""

    transactions: int = 0
    failed: int = 0


class Ledger:
    """Blocks 0 to `height`. One writer: the node's event loop."""

    def __init__(
        self, genesis: Genesis, release: Release, blocks: BlockFile, genesis_hash: bytes
    ) -> None:
        self.genesis = genesis
        self.rules = Rules(genesis.suite, release, genesis.executor.serial)
        self.genesis_hash = genesis_hash
        self.genesis_header = genesis_header(genesis)
        self._blocks = blocks
        self._world: Changes = genesis_changes(genesis, release)
        self._hashes: list[bytes] = [genesis_hash]
        self._numbers: dict[bytes, int] = {genesis_hash: 0}
        self._where: dict[bytes, tuple[int, int]] = {}
        self._nonces: dict[str, int] = {}
        self._executed: dict[bytes, Executed] = {}
        # The view in which the newest block was committed: the next height begins in it.
        self.head_view = 0
        self.counts = Counts()
        for record in blocks:
            self._apply(json.loads(record))
        # Initializer.cpp: where the chain holds none, that of the file.
        self.rules = replace(self.rules, executor=self._executor(genesis.executor.version))
        # Votes go by the lists as loaded at the start and after every system transaction.
        self.members: list[Member] = self.state().members()
        self.committee: Committee = self.state().committee()

    # --- reading -----------------------------------------------------------------------------

    @property
    def height(self) -> int:
        return len(self._blocks)

    @property
    def head_hash(self) -> bytes:
        """At height 0 the genesis hash, which need not be the hash of block 0's header."""
        return self._hashes[-1]

    @property
    def domain(self) -> Domain:
        """Nodes with another genesis hash cannot read each other's votes."""
        chain = self.genesis.chain
        name = f"{chain.chain_id}/{chain.group_id}/".encode() + self.genesis_hash
        return Domain(name, self.rules.suite)

    def state(self) -> State:
        """A view whose changes go nowhere."""
        return State(self._world)

    def block(self, number: int) -> Block | None:
        if number == 0:
            return Block(self.genesis_header)
        record = self._record(number)
        return block_in(record) if record else None

    def block_hash(self, number: int) -> bytes | None:
        return self._hashes[number] if 0 <= number <= self.height else None

    def block_number(self, block_hash: bytes) -> int | None:
        return self._numbers.get(block_hash)

    def transaction(self, transaction_hash: bytes) -> tuple[Transaction, Receipt] | None:
        """A transaction of the chain with its receipt."""
        where = self._where.get(transaction_hash)
        record = self._record(where[0]) if where else None
        if where is None or record is None:
            return None
        raw = block_in(record).transactions[where[1]]
        return decode(raw, self.rules.suite), receipt_in(record, where[1])

    def has_nonce(self, nonce: str) -> bool:
        return nonce in self._nonces

    def is_member(self, node_id: str) -> bool:
        return any(member.node_id == node_id for member in self.members)

    # --- making and checking blocks -----------------------------------------------------------

    def propose(
        self, transactions: Sequence[Transaction], timestamp: int, key: KeyPair
    ) -> Executed:
        """The next block, as its leader makes it. Time in milliseconds.

        The data version of its header is the chain's, or the newest that this binary knows.
        """
        number, version = self.height + 1, self.state().compatibility()
        if working_sealers.is_due(self.state(), number):
            # It takes a place: with a limit of 1 there is none for any other.
            transactions = [self._rotation(key), *transactions[: self.most_transactions - 1]]
        version = min(version, self.rules.release.max_version)
        sealer = self.committee.index(key.node_id) or 0
        return self._build(transactions, timestamp, sealer, version)

    def _rotation(self, key: KeyPair) -> Transaction:
        chain, suite, number = self.genesis.chain, self.rules.suite, self.height + 1
        data = TransactionData(
            chain_id=chain.chain_id,
            group_id=chain.group_id,
            block_limit=self.height + working_sealers.VALID_FOR_BLOCKS,
            nonce=str(int.from_bytes(suite.hash(f"{key.node_id}{number}".encode())[:16], "big")),
            to=CONSENSUS_ADDRESS,
            input=working_sealers.rotation(key, suite, number),
        )
        return decode(sign(data, key, suite), suite)

    def _build(
        self, transactions: Sequence[Transaction], timestamp: int, sealer: int, version: int
    ) -> Executed:
        number, suite = self.height + 1, self.rules.suite
        state = self.state()
        receipts = tuple(
            execute(state, transaction, Place(self.rules, number, index))
            for index, transaction in enumerate(transactions)
        )
        header = Header(
            number=number,
            version=version,
            parent=self.head_hash,
            txs_root=root([transaction.hash for transaction in transactions], suite),
            receipts_root=root([receipt.hash(suite) for receipt in receipts], suite),
            state_root=root(self._written(state), suite),
            gas_used=f"{sum(int(receipt.gas_used, 16) for receipt in receipts):x}",
            timestamp=timestamp,
            sealer=sealer,
            sealer_list=tuple(s.node_id for s in self.committee.sealers),
            weights=tuple(s.weight for s in self.committee.sealers),
        )
        block = Block(header, tuple(transaction.raw for transaction in transactions))
        executed = Executed(block, tuple(transactions), receipts, state.changes)
        self._executed[block.hash(suite)] = executed
        return executed

    def _written(self, state: State) -> list[bytes]:
        """Two executors do not write the same."""
        changes = [f"{key}={value}".encode() for key, value in sorted(state.changes.items())]
        return [f"executor {self.rules.executor}".encode(), *changes]

    def check(self, height: int, digest: bytes, payload: bytes) -> bool:
        """May the block in `payload`, with this hash, be the next one?"""
        if height != self.height + 1:
            return False
        if digest in self._executed:
            return True
        try:
            block = block_from_bytes(payload)
        except ValueError:
            return False
        return block.hash(self.rules.suite) == digest and self.execute(block) is not None

    def execute(self, block: Block) -> Executed | None:
        """Execute a block that claims to be the next; None where it is not what it claims."""
        digest = block.hash(self.rules.suite)
        if digest not in self._executed:
            try:
                transactions = [decode(raw, self.rules.suite) for raw in block.transactions]
            except BadTransaction:
                return None
            if not self._may_hold(transactions) or not self._begins_right(block, transactions):
                return None
            # Building it anew must give the same header, so the same roots, members and parent.
            header = block.header
            self._build(transactions, header.timestamp, header.sealer, header.version)
        executed = self._executed.get(digest)
        return replace(executed, block=block) if executed else None

    def is_too_new(self, block: Block) -> bool:
        """SchedulerImpl.cpp: "The block version is larger than maxSupportedVersion"."""
        return block.header.version > self.rules.release.max_version

    def _begins_right(self, block: Block, transactions: Sequence[Transaction]) -> bool:
        """The version is not above this binary's; a rotation that is due comes first."""
        header, sealers = block.header, self.committee.sealers
        if self.is_too_new(block) or header.sealer >= len(sealers):
            return False
        if not working_sealers.is_due(self.state(), header.number):
            return True
        leader = self.rules.suite.address(sealers[header.sealer].node_id)
        first = transactions[0] if transactions else None
        return (
            first is not None
            and working_sealers.is_rotation(first.data, self.rules.suite)
            and first.sender == leader
        )

    @property
    def most_transactions(self) -> int:
        limit = self.state().setting("tx_count_limit")
        return int(limit.value) if limit else 1000

    def _may_hold(self, transactions: list[Transaction]) -> bool:
        nonces = {transaction.data.nonce for transaction in transactions}
        return (
            len(transactions) <= self.most_transactions
            and len(nonces) == len(transactions)
            and not any(self.has_nonce(nonce) for nonce in nonces)
            and all(self._belongs_here(transaction) for transaction in transactions)
        )

    def _belongs_here(self, transaction: Transaction) -> bool:
        chain, data = self.genesis.chain, transaction.data
        return (
            transaction.sender is not None
            and (data.chain_id, data.group_id) == (chain.chain_id, chain.group_id)
            and self.height < data.block_limit <= self.height + chain.block_limit
        )

    def commit(self, executed: Executed) -> None:
        """Write the block, which must be the next one, and take over what it does."""
        record = to_record(executed, self.rules.suite)
        self._blocks.append(json.dumps(record, sort_keys=True).encode())
        self._apply(record)
        self._executed.clear()
        if executed.has_system_transaction:
            self.members, self.committee = self.state().members(), self.state().committee()
            # LedgerStorage.cpp: a node that runs does not go back to 0.
            executor = self._executor(0) or self.rules.executor
            self.rules = replace(self.rules, executor=executor)

    def _executor(self, default: int) -> int:
        found = self.state().setting("executor_version")
        return int(found.value) if found else default

    def removes(self, executed: Executed, node_id: str) -> bool:
        """Whether a block takes a node out of all lists."""
        after = self.state()
        after.changes |= executed.changes
        return self.is_member(node_id) and all(m.node_id != node_id for m in after.members())

    def close(self) -> None:
        self._blocks.close()

    # --- records -----------------------------------------------------------------------------

    def _record(self, number: int) -> dict[str, Any] | None:
        if not 0 < number <= self.height:
            return None
        record: dict[str, Any] = json.loads(self._blocks.read(number - 1))
        return record

    def _apply(self, record: dict[str, Any]) -> None:
        number, block_hash = len(self._hashes), bytes.fromhex(record["hash"])
        self._hashes.append(block_hash)
        self._numbers[block_hash] = number
        self._world.update(record["changes"])
        self.head_view = record["view"]
        for index, transaction_hash in enumerate(record["transactions"]):
            self._where[bytes.fromhex(transaction_hash)] = (number, index)
        self._nonces.update(dict.fromkeys(record["nonces"], number))
        self._forget_nonces(number - self.genesis.chain.block_limit)
        failed = sum(receipt["status"] != 0 for receipt in record["receipts"])
        self.counts = Counts(
            self.counts.transactions + len(record["receipts"]), self.counts.failed + failed
        )

    def _forget_nonces(self, before: int) -> None:
        """A transaction of that age has passed its block limit. Oldest first: dicts keep order."""
        while self._nonces:
            nonce = next(iter(self._nonces))
            if self._nonces[nonce] >= before:
                return
            del self._nonces[nonce]


def genesis_header(genesis: Genesis) -> Header:
    """Block 0: no time, no parent, the genesis text as extra data."""
    version = genesis.compatibility if genesis.compatibility >= versions.V3_1 else 0
    return Header(number=0, version=version, extra_data=genesis.block_zero_text().encode())


def open_ledger(
    genesis: Genesis, directory: str, state_directory: str, release: Release, echo: Echo
) -> Ledger:
    """Open or found the chain in a data directory.

    Raises StartFailed where the data is of another genesis, or the genesis newer than the binary.
    `echo` prints to stdout what the node prints there.
    """
    blocks = BlockFile(f"{directory}/blocks.dat")
    path = Path(state_directory) / "genesis.json"
    found = json.loads(path.read_text()) if path.exists() else None
    text = genesis.block_zero_text()
    if found is not None and found["text"] != text:
        echo("The Genesis Data is inconsistent with the initial Genesis Data. \n")
        echo(f",existsGenesisData={found['text']}\n,genesisData={text}\n\n")
        raise StartFailed("The Genesis Data is inconsistent with the initial Genesis Data")
    genesis_module.check_supported(genesis, release, founded=found is not None)
    if found is None or not len(blocks):
        digest = genesis.genesis_hash(
            genesis_header(genesis).hash(genesis.suite), executed_again=found is not None
        )
        found = {"text": text, "hash": digest.hex()}
        _write_synced(path, json.dumps(found))
    return Ledger(genesis, release, blocks, bytes.fromhex(found["hash"]))


def _write_synced(path: Path, content: str) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
